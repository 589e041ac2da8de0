"""The findings of reading a desired state: what each code means and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding; `fix` is the hint it gets where there is no better one."""

    title: str
    explanation: str
    fix: str


CODES: dict[str, Code] = {
    "R100": Code(
        "The state cannot be read",
        "A path that was given does not exist, cannot be opened, or holds no YAML file.",
        "give a YAML file, a directory that holds *.yaml or *.yml files, or - for standard input",
    ),
    "R101": Code(
        "Not YAML",
        "The text breaks YAML's grammar; the place is where the parser gave up, and the mistake "
        "is there or shortly before.",
        "mend the syntax at this place",
    ),
    "R102": Code(
        "Encoding",
        "State files are UTF-8 (a byte order mark is allowed) without control characters.",
        "save the file as UTF-8, without control characters",
    ),
    "R103": Code(
        "Not a mapping",
        "Each document is a mapping from section names, such as `services`, to what they hold. A "
        "state without any, such as a file cut to nothing, would remove everything; who means "
        "that writes `services: {}`, or calls `destroy`.",
        "begin with a section, such as services:",
    ),
    "R104": Code(
        "Too large",
        "Files are bounded in size (32 MiB), depth (64) and number of values with aliases "
        "written out (1 million), so that no file can exhaust the machine that reads it.",
        "split the file, or take the nested aliases out",
    ),
    "R105": Code(
        "Key written twice",
        "YAML allows a key once in a mapping; most loaders silently keep the last.",
        "keep one of the two",
    ),
    "R106": Code(
        "Key is not text",
        "Every key of a desired state is a name. Numbers, booleans, null and collections are "
        "refused, because it is not clear how they would be spelled.",
        "quote the key",
    ),
    "R107": Code(
        "Tag",
        "The core schema's tags (!!str, !!int, !!float, !!bool, !!null, !!map, !!seq) and "
        "`!override` are known; a tag must fit its value.",
        "take the tag out",
    ),
    "R108": Code(
        "Anchor, alias or merge key",
        "An alias stands for an anchor before it that does not hold the alias itself; `<<` "
        "takes mappings.",
        "define the anchor before it is used",
    ),
    "R109": Code(
        "Declared twice",
        "Documents and files are put together by key; what two of them declare alike would "
        "depend on their order, so it is refused.",
        "keep one of the two, or make one an environment's overlay",
    ),
    "R110": Code(
        "Stack name",
        "The stack's name begins the name of everything it makes, so it is a DNS label: at most "
        "63 lower-case letters, digits and hyphens. Where none is written it is the stem of the "
        "first file or directory.",
        "write name: at the top of the state, in lower-case letters, digits and hyphens",
    ),
    "R111": Code(
        "Unknown key",
        "Keys that nothing reads are refused, in environments that are not chosen as well: a "
        "misspelled key would otherwise silently do nothing.",
        "take the key out, or spell it as the reference does",
    ),
    "R112": Code("Missing key", "Something cannot be without this key.", "add the key"),
    "R113": Code(
        "Wrong type",
        'A value of another type is wanted. Nothing is converted: "3" is text and no number, '
        "and `no` is text and not false.",
        "write a value of the type that is wanted",
    ),
    "R114": Code("Not one of the choices", "The value is one of a few words.", "write one of them"),
    "R115": Code(
        "Malformed value",
        "The text does not follow the form of its kind: a duration, a size, a port, an image.",
        "write it in its form",
    ),
    "R116": Code("Out of range", "The number is outside of what is possible.", "mend the number"),
    "R117": Code(
        "Keys that go together",
        "Of some keys exactly one is given, or at least one: a config has `content` or `file`, a "
        "secret `env` or `file`, a probe one way of asking.",
        "give what is asked for, and nothing besides",
    ),
    "R118": Code(
        "Name",
        "Names of resources are parts of host names and of objects on every target.",
        "use lower-case letters, digits, hyphens and dots",
    ),
    "R119": Code(
        "Listed twice",
        "Two items of a list claim the same port or the same path of the container.",
        "keep one of the two",
    ),
    "R120": Code(
        "Unknown environment",
        "The environment that was asked for is not in the state.",
        "ask for an environment of the state, or for none",
    ),
    "R121": Code(
        "Nothing to leave out",
        "`without` names services and jobs of the stack.",
        "name a service or a job, or take the entry out",
    ),
    "R122": Code(
        "Nothing to remove",
        "A null in an overlay removes a key, and the stack does not have this one.",
        "take the null out of the overlay",
    ),
    "R130": Code(
        "Variable without a value",
        "A placeholder names a variable that is not given, not set by the environment or the "
        "process, and has no default. Nothing is filled with an empty text silently.",
        "set the variable, or write a default",
    ),
    "R131": Code(
        "Value of a variable",
        "The variable declares the values that it may have.",
        "use one of its values",
    ),
    "R132": Code(
        "Placeholder",
        "Placeholders are ${NAME}, ${NAME:-default} and ${NAME:?message}; $$ is a dollar sign.",
        "write one of these, or $${ for ${ itself",
    ),
    "R133": Code(
        "Unknown variable",
        "A variable was given that the state neither declares nor uses: a misspelling would "
        "otherwise go unnoticed.",
        "give a variable that the state names",
    ),
    "R140": Code(
        "Template",
        "An app or a service names a template that there is not, or none at all.",
        "name one of the templates",
    ),
    "R141": Code(
        "Parameter of a template",
        "A parameter is missing, not known to the template, or not one of its values.",
        "give each parameter that the template declares",
    ),
    "R142": Code(
        "Service made twice",
        "Two apps, or an app and a declared service, come to one name.",
        "rename one, or put ${app} into the template's name",
    ),
    "R150": Code(
        "Missing reference",
        "A name leads to nothing that the state declares in the chosen environment.",
        "declare it, or mend the name",
    ),
    "R151": Code(
        "Ambiguous dependency",
        "A bare name in `depends_on` means a service, a job or an external, whichever has it; "
        "here several have, or one is named twice.",
        "write service/NAME, job/NAME or external/NAME",
    ),
    "R152": Code(
        "Condition that cannot be met",
        "Jobs are waited for as `completed`; services and externals as `started` or `healthy`.",
        "write the condition that fits",
    ),
    "R160": Code(
        "Secret not found",
        "The environment variable or file that a secret refers to is not there. Messages name "
        "the reference and never the content.",
        "set the variable or put the file in place; to check a state without its secrets, "
        "validate without resolving them",
    ),
    "R161": Code(
        "Config not found",
        "The file of a config cannot be read. It counts from the directory of the state file "
        "that names it.",
        "mend the path, or put the file in place",
    ),
    "R162": Code(
        "Secrets not looked up",
        "The state was read without resolving secrets, so whether they are there is not known, "
        "and what uses them has no final revision.",
        "apply resolves them; there is nothing to do for a check",
    ),
    "R163": Code(
        "Content changed",
        "The content of a config or secret is no longer what the plan was made from; its object "
        "would carry the name of other content.",
        "plan and apply again",
    ),
    "R170": Code(
        "Required variable not set",
        "`require` lists what the finished environment must hold, host variables included.",
        "set it in environment, or pass it on with host_environment",
    ),
    "R171": Code(
        "Required variable differs",
        "`require` gives the value that the variable must have.",
        "set the variable to the required value",
    ),
    "R172": Code(
        "Required variable cannot be compared",
        "The variable comes from a secret or a config, which are not opened for comparing.",
        "require it without a value (`NAME:`), or set it in environment",
    ),
    "R173": Code(
        "Two variables of one name",
        "Renaming makes two host variables into one.",
        "rename one of them otherwise, or deny it",
    ),
    "R174": Code(
        "Renamed and not passed on",
        "`rename` names a variable that `allow` does not pass on, or `deny` holds back.",
        "add it to allow, or take the new name out",
    ),
}

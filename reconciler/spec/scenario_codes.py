"""The findings of reading a scenario and its logs: what each code means and what to do."""

from reconciler.spec.codes import Code

SCENARIO_CODES: dict[str, Code] = {
    "R605": Code(
        "The scenario cannot be read",
        "The file does not exist, cannot be opened, or does not hold exactly one document that "
        "is a mapping.",
        "give a YAML file that holds one scenario",
    ),
    "R606": Code(
        "Not exactly one way of saying it",
        "A rate and a time can each be said in several ways, such as `constant` or `poisson`; "
        "two of them, half of one or none would leave open what is meant. Traffic likewise comes "
        "either at a rate or from clients that wait for an answer before they ask again.",
        "keep one way, whole",
    ),
    "R607": Code(
        "Nothing by this name",
        "Traffic, work, behaviour, faults and checks name services, metrics, externals, nodes "
        "and budgets; each name must lead somewhere in the state, as it is at the beginning or "
        "after one of the changes.",
        "write the name as the state has it",
    ),
    "R608": Code(
        "Not a check",
        "A check compares a number of the run with a bound of the same unit, or says whether and "
        "when the change converges.",
        "write it like dropped <= 0, p99(web) <= 400ms or converged within 5m",
    ),
    "R609": Code(
        "A check that measures nothing",
        "The check asks for a number that this scenario cannot have, such as a latency without "
        "traffic or cut sessions without sessions. Such a check never holds.",
        "add the traffic that it is about, or take the check out",
    ),
    "R610": Code(
        "A change that says nothing, or too much",
        "A change gives another environment, another state or fields to set, or it destroys; "
        "destroying goes with nothing else.",
        "say what changes: set, environment, state or destroy",
    ),
    "R611": Code(
        "Changes out of order",
        "Each change builds on those before it, so they are written in the order of their times, "
        "one for each time.",
        "order the changes by `at`, and put what happens at one time into one change",
    ),
    "R612": Code(
        "Not a field that can be set",
        "`set` names a field of the stack by its path, after environments, templates and "
        "defaults have been put together. What a path passes through must be there or be a "
        "section of its own kind; new services, networks and the like are set whole.",
        "write the path of a field of the stack, like services.web.image",
    ),
    "R613": Code(
        "Nothing happens",
        "A null removes what is not there, or a change leaves the state as it was.",
        "take it out, or mend the path",
    ),
    "R614": Code(
        "The scenario ends too soon",
        "`lasts` is the virtual time that is simulated. What would come after it never does, and "
        "a bound that reaches beyond it cannot be told from one that was kept.",
        "let `lasts` be longer",
    ),
    "R615": Code(
        "A fault that cannot strike",
        "What breaks in the world does at a time (`at`) or with a call (`call`, `nth`), and needs "
        "to know whom it strikes (`on`); outages and delays last for a while (`lasting`). A key "
        "that its kind does not take would do nothing, and a call that is never sent to the "
        "target would strike nothing.",
        "say when, whom and for how long it strikes",
    ),
    "R616": Code(
        "The access log cannot be read",
        "A log that a rate or a time is taken from does not exist, cannot be opened or unpacked, "
        "or holds no line in a format that is known: nginx and Apache combined, HAProxy's HTTP "
        "log.",
        "give a log in one of these formats, plain or gzipped",
    ),
    "R617": Code(
        "Broken lines in an access log",
        "Some lines are not in the format of the others, and were left out. Up to one in a "
        "hundred is a warning; with more, what is left no longer stands for the traffic.",
        "look at the lines, and take out what is no access log",
    ),
    "R618": Code(
        "The access log lacks what is asked of it",
        "Request times are asked of a log whose lines end without them, or arrivals of one "
        "without any.",
        "log $request_time at the end of nginx' combined format, or give the time another way",
    ),
    "R619": Code(
        "Traffic to a service without a route",
        "The service has no `routing`, so nothing says how requests are spread, what ties "
        "sessions to instances and when an instance leaves the edge: a plain route is taken for "
        "it.",
        "set services.NAME.routing in the state, or in the scenario's `set`",
    ),
    "R620": Code(
        "Too large to be simulated",
        "20,000 instances, 10,000 nodes, 10,000,000 clients, 1,000,000,000 requests of one kind "
        "and 30,000 instance hours are the most of one run. More is a unit that slipped, or would "
        "take hours and more memory than there is.",
        "lower what is named, or let `lasts` be shorter",
    ),
    "R648": Code(
        "A version of Kubernetes whose rules are not known",
        "What a cluster does depends on its version, and nothing is known of what came before 1.20 "
        "or will come much later than today's.",
        "give a version from 1.20 to 1.36",
    ),
    "R649": Code(
        "A key that this kind of edge does not have",
        "kube-proxy asks after nobody, tries nothing again and keeps no queue; a load balancer "
        "like ALB does not try again and keeps no queue; nginx without `active: true` asks after "
        "nobody. The key would do nothing, or make of the edge what it is not.",
        "take the key out, or name the kind that has it",
    ),
}

"""The parts of the reference that are made from the model and from tables of codes.

They stand in hand-written pages between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``.
To bring a page up to date, from the root of the repository::

    python -c "from reconciler.spec.pages import update; update('docs/reference')"
"""

import dataclasses
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from reconciler.model.faults import FAULT_KINDS
from reconciler.model.measures import METRICS
from reconciler.model.scenario import Scenario
from reconciler.model.units import Amount, CpuM, DurationNs, SizeBytes, Text, Words
from reconciler.spec.codes import CODES, Code
from reconciler.spec.explain import bare_type, example_text, hints
from reconciler.spec.scenario_codes import SCENARIO_CODES
from reconciler.spec.schema import nouns
from reconciler.spec.vocabulary import Vocabulary
from reconciler.spec.written import parsers, written

_WORDS = {
    DurationNs: "duration", SizeBytes: "size", CpuM: "CPU", Amount: "count or share",
    Text: "text", Words: "list or command line", str: "text", int: "whole number",
    float: "number", bool: "true or false", Any: "anything",
}  # fmt: skip


def update(folder: str) -> None:
    """Write the made parts of the pages in `folder` anew."""
    for name, parts in PARTS.items():
        path = Path(folder, name)
        text = path.read_text()
        for part, made in parts.items():
            text = replaced(text, part, made())
        path.write_text(text)


def replaced(page: str, part: str, body: str) -> str:
    """`page` with `body` between the marks of `part`."""
    begin, end = f"<!-- begin: {part} -->", f"<!-- end: {part} -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    assert found and closed, part
    return f"{before}{begin}\n\n{body}\n{end}{after}"


def code_entries(codes: Mapping[str, Code]) -> str:
    """A table of codes, and an entry for each."""
    rows = [f"| [{code}](#{code.lower()}) | {entry.title} |" for code, entry in codes.items()]
    parts = ["\n".join(["| code | finding |", "| --- | --- |", *rows, ""])]
    for code, entry in codes.items():
        parts.append(f"### {code}\n\n**{entry.title}.** {entry.explanation}\n\nFix: {entry.fix}.\n")
    return "\n".join(parts)


def field_tables() -> str:
    """Every key that a state file can hold, noun by noun."""
    return "\n".join(_table(kind) for kind in [*_first(nouns())])


def scenario_tables() -> str:
    """Every key that a scenario can hold, noun by noun."""
    return "\n".join(_table(kind) for kind in nouns((Scenario,)))


def check_table() -> str:
    """Every number that a check can name."""
    head = ["| number | counted in | without a service | what it is |", "| --- | --- | --- | --- |"]
    rows = [
        f"| `{name}` | {_UNITS[metric.unit]} | {_OVER[metric.over]} | {metric.meaning} |"
        for name, metric in METRICS.items()
    ]
    budget = "| `budget(NAME)` | percent | | most use of a budget of the state, of its limit |"
    return "\n".join([*head, *rows, budget, ""])


def fault_table() -> str:
    """Every kind of fault: what it strikes, and which keys it takes."""
    head = ["| kind | strikes | what happens | keys |", "| --- | --- | --- | --- |"]
    rows = [
        f"| `{name}` | {_STRUCK[kind.strikes]} | {kind.meaning}{_LASTING[kind.lasting]} | "
        f"{', '.join(f'`{key}`' for key in kind.keys)} |"
        for name, kind in FAULT_KINDS.items()
    ]
    return "\n".join([*head, *rows, ""])


_STRUCK = {
    "instance": "an instance of `on`", "node": "the node `on`", "external": "the external `on`",
    "image": "images that `on` fits", "all": "everything", "call": "a call on `on`",
    "look": "a look", "resource": "a look at `on`", "event": "an event about `on`",
    "reconciler": "the reconciler",
}  # fmt: skip
_LASTING = {
    "": "", "must": ", `lasting` so long", "for good": ", `lasting` so long or for good",
    "delay": ": by `lasting`", "pause": " after `lasting`",
}  # fmt: skip
_UNITS = {"count": "whole numbers", "duration": "durations", "percent": "percent"}
_OVER = {
    "sum": "the sum", "largest": "the largest", "smallest": "the smallest",
    "share": "of all requests",
}  # fmt: skip


def _first(kinds: list[type]) -> list[type]:
    """The stack's own sections and the document's come first, under one name each."""
    return [kinds[0], Vocabulary, *(k for k in kinds[1:] if k is not Vocabulary)]


_TITLES = {"Declared": "Stack", "Vocabulary": "Document"}


def _table(kind: type) -> str:
    name = _TITLES.get(kind.__name__, kind.__name__)
    rows = [_row(kind, field) for field in dataclasses.fields(kind)]
    head = ["| key | what it takes | default | meaning | for example |",
            "| --- | --- | --- | --- | --- |"]  # fmt: skip
    about = (kind.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    return "\n".join([f"### {name}", "", " ".join(about.split()), "", *head, *rows, ""])


def _row(kind: type, field: "dataclasses.Field[Any]") -> str:
    annotation = hints(kind)[field.name]
    example = example_text(field.metadata["examples"][0]).replace("\n", "\\n")
    cells = [
        f"`{field.name}`",
        type_text(annotation),
        _default(field, annotation),
        field.metadata["description"],
        f"`{example}`" if example else "",
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: "dataclasses.Field[Any]", annotation: Any) -> str:
    value = field.default
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    if value is dataclasses.MISSING:
        return "required"
    text = written(value, annotation)
    if text in (None, "", [], {}) or dataclasses.is_dataclass(value):
        return ""
    return f"`{example_text(text)}`"


def type_text(annotation: Any) -> str:
    """What a field takes, in words."""
    for known, words in _WORDS.items():
        if annotation == known:
            return words
    if get_origin(annotation) in (Union, types.UnionType):
        options = [a for a in get_args(annotation) if a is not type(None)]
        if len(options) == 1:
            return type_text(options[0])
    bare = bare_type(annotation)
    shorthand = "shorthand or " if any(parsed.also for parsed in parsers(annotation)) else ""
    if dataclasses.is_dataclass(bare) and isinstance(bare, type):
        return f"{shorthand}[{bare.__name__}](#{bare.__name__.lower()})"
    arguments = get_args(bare)
    if get_origin(bare) is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if len(arguments) == 2 and arguments[1] is not Ellipsis:
        return f"{shorthand}names → {type_text(arguments[1])}"
    return f"list of {type_text(arguments[0])}" if arguments else _WORDS.get(bare, "anything")


PARTS = {
    "state-file.md": {"fields": field_tables},
    "diagnostics.md": {"R1xx": lambda: code_entries(CODES)},
    "scenarios.md": {
        "fields": scenario_tables,
        "checks": check_table,
        "faults": fault_table,
        "R6xx": lambda: code_entries(SCENARIO_CODES),
    },
}

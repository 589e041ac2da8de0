"""A validator's complaint, told in plain words, at its place, with an example."""

import dataclasses
import json
import re
import types
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from reconciler.model.noun import listed
from reconciler.model.service import Service
from reconciler.model.stack import Declared
from reconciler.spec.report import Report, nearest
from reconciler.spec.scalars import resolve
from reconciler.spec.tree import Map, Path, kind_text, locate, path_text
from reconciler.spec.vocabulary import SERVICE_EXTRA, VOCABULARY

Mistake = dict[str, Any]

_EXPECTED = {
    "int_type": "a whole number", "int_from_float": "a whole number", "float_type": "a number",
    "bool_type": "true or false", "string_type": "text", "dict_type": "a mapping",
    "mapping_type": "a mapping", "dataclass_type": "a mapping", "tuple_type": "a list",
}  # fmt: skip


# What needs no quotes in YAML's flow style.
_FLOW_PLAIN = re.compile(r"[A-Za-z0-9/$.][^\n\t,\[\]{}#\"'\\:]*(:[^\s,\[\]{}#\"'\\:]+)*")


def explain(
    kind: type, mistake: Mistake, root: Map, path: Path, report: Report, written: Mapping[int, str]
) -> None:
    """Add to `report` what `mistake` says of the value at ``path + mistake["loc"]``."""
    steps = tuple(mistake["loc"])
    where = (*path, *steps)
    what = mistake["type"]
    if what == "unexpected_keyword_argument":
        _unknown_key(kind, steps, where, root, report)
        return
    found = field_at(kind, steps)
    if what.startswith("missing"):
        name = str(steps[-1])
        hint = f"add {name}: {example_text(found.example)}" if found.has_example else ""
        holder = path_text(where[:-1]) or report.what
        at = locate(root, where[:-1], key=True)
        report.add("R112", f"{holder}: {name!r} is missing", at, hint=hint)
        return
    at = locate(root, where)
    shown, value = path_text(where) or report.what, mistake["input"]
    secretly = written.get(at)
    if what == "literal_error":
        choices = [str(choice) for choice in get_args(bare_type(found.type))]
        text = f"the text {secretly!r}" if secretly else kind_text(value)
        hint = nearest(str(value), choices) if not secretly else ""
        summary = f"{shown}: {text} is none of {listed(choices)}"
        report.add("R114", summary, at, hint=hint or f"write one of {listed(choices)}")
    elif what == "value_error":
        message = str(mistake["ctx"]["error"])
        if secretly is not None:
            message = message.replace(repr(value), repr(secretly)).replace(str(value), secretly)
        report.add("R115", f"{shown}: {message}", at, hint=_like(steps, found))
    else:
        expected = _EXPECTED.get(what, "something else")
        text = f"what {secretly!r} gives" if secretly else kind_text(value)
        hint = _type_hint(what, value) or _like(steps, found)
        report.add("R113", f"{shown}: expected {expected}, not {text}", at, hint=hint)


def _unknown_key(kind: type, steps: Path, where: Path, root: Map, report: Report) -> None:
    name = str(steps[-1])
    holder = field_at(kind, steps[:-1]).type if steps[:-1] else kind
    known = known_keys(holder)
    if holder is Declared and not where[:-1]:
        known += sorted(VOCABULARY)
    place_text = f"{path_text(where[:-1])}: " if where[:-1] else ""
    hint = nearest(name, known) or f"known here: {listed(known)}"
    at = locate(root, where, key=True)
    report.add("R111", f"{place_text}unknown key {name!r}", at, hint=hint)


def _type_hint(what: str, value: Any) -> str:
    if isinstance(value, str) and what in ("int_type", "float_type"):
        if re.fullmatch(r"-?\d+(\.\d+)?", value):
            return "leave the quotes out"
    elif what == "bool_type":
        return "write true or false"
    elif what == "string_type" and isinstance(value, bool | int | float):
        return f'quote it: "{value}"' if not isinstance(value, bool) else "quote it"
    return ""


def _like(steps: Path, found: "Found") -> str:
    if not found.has_example:
        return ""
    name = next((str(step) for step in reversed(steps) if isinstance(step, str)), "")
    listy = bool(steps) and isinstance(steps[-1], int)
    text = example_text(found.example)
    return f"write it like {name}: [{text}]" if listy else f"write it like {name}: {text}"


@dataclasses.dataclass(frozen=True)
class Found:
    """What the model says of a path: the type there, and an example if there is one."""

    type: Any
    example: Any = None
    has_example: bool = False


def field_at(kind: Any, steps: Path) -> Found:
    """Follow `steps` through fields, mappings and lists."""
    found = Found(kind)
    for step in steps:
        bare = bare_type(found.type)
        if dataclasses.is_dataclass(bare) and isinstance(bare, type):
            if not isinstance(step, str) or step not in bare.__dataclass_fields__:
                return Found(Any)
            examples = bare.__dataclass_fields__[step].metadata.get("examples", [])
            found = Found(hints(bare)[step], *((examples[0], True) if examples else ()))
        else:
            found = _inside(bare, found, step)
    return dataclasses.replace(found, type=bare_type(found.type))


def _inside(bare: Any, found: Found, step: str | int) -> Found:
    """One step into a mapping or a list."""
    arguments = get_args(bare)
    if get_origin(bare) is None or not arguments:
        return Found(Any)
    inner = arguments[1] if len(arguments) == 2 and isinstance(step, str) else arguments[0]
    example = found.example
    if isinstance(example, dict) and example:
        return Found(inner, next(iter(example.values())), True)
    if isinstance(example, list) and example and isinstance(step, int):
        return Found(inner, example[0], True)
    return Found(inner)


@cache
def hints(kind: type) -> dict[str, Any]:
    """The annotations of a noun's fields."""
    return get_type_hints(kind, include_extras=True)


def bare_type(annotation: Any) -> Any:
    """The type inside of ``Annotated`` and ``| None``."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            inner = [a for a in get_args(annotation) if a is not type(None)]
            if len(inner) != 1:
                return annotation
            annotation = inner[0]
        else:
            return annotation


def known_keys(kind: Any) -> list[str]:
    """The keys that a mapping of this kind may have, in the order of their declaration."""
    if not dataclasses.is_dataclass(kind):
        return []
    names = [field.name for field in dataclasses.fields(kind)]
    return [*names, *SERVICE_EXTRA] if kind is Service else names


def example_text(example: Any) -> str:
    """An example as YAML's flow style."""
    if isinstance(example, dict):
        inner = ", ".join(f"{key}: {example_text(value)}" for key, value in example.items())
        return "{" + inner + "}"
    if isinstance(example, list | tuple):
        return "[" + ", ".join(example_text(item) for item in example) + "]"
    if isinstance(example, bool):
        return "true" if example else "false"
    text = str(example)
    plain = not isinstance(example, str) or (
        isinstance(resolve(text), str) and _FLOW_PLAIN.fullmatch(text)
    )
    return text if plain else json.dumps(text, ensure_ascii=False)

"""Placeholders: ``${NAME}``, ``${NAME:-default}``, ``${NAME:?message}``, and ``$$`` for ``$``.

They are filled in values and never in keys. A lone ``$`` is text, so that shell scripts and
proxy configurations in a `content:` need no escapes for ``$host``. Unquoted, the filled
value is read as YAML reads it: ``replicas: ${N:-2}`` is a number. A default may hold
placeholders itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.noun import listed
from reconciler.spec.report import Report, nearest
from reconciler.spec.scalars import Plain, resolve
from reconciler.spec.tree import NOWHERE, Map, Seq, locate
from reconciler.spec.vocabulary import Environment, Variable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_NESTED = 8


class Malformed(ValueError):
    """A placeholder that is not written as one; the text says how."""


class Missing(ValueError):
    """A variable without a value. `message` is the file's own, where it gives one."""

    def __init__(self, name: str, message: str = "") -> None:
        super().__init__(name)
        self.name, self.message = name, message


Lookup = Callable[[str], str | None]


def fill(text: str, lookup: Lookup, depth: int = 0) -> str:
    """`text` with its placeholders filled; raises Missing or Malformed."""
    if depth > _MOST_NESTED:
        raise Malformed(f"placeholders nested deeper than {_MOST_NESTED}")
    made, at = [], 0
    while (found := text.find("$", at)) >= 0:
        made.append(text[at:found])
        following = text[found + 1 : found + 2]
        if following == "$":
            made.append("$")
            at = found + 2
        elif following == "{":
            end = _end_of(text, found + 2)
            made.append(_value(text[found + 2 : end], lookup, depth))
            at = end + 1
        else:
            made.append("$")
            at = found + 1
    return "".join([*made, text[at:]])


def _end_of(text: str, at: int) -> int:
    """Where the placeholder whose inside begins at `at` ends."""
    depth, index = 1, at
    while index < len(text):
        if text.startswith("${", index):
            depth, index = depth + 1, index + 2
            continue
        if text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
        index += 1
    raise Malformed("`${` has no `}`")


def _value(inside: str, lookup: Lookup, depth: int) -> str:
    match = _NAME.match(inside)
    rest = inside[match.end() :] if match else ""
    if match is None or (rest and not rest.startswith((":-", ":?"))):
        raise Malformed(f"`${{{inside}}}` is no placeholder")
    value = lookup(match[0])
    if not rest:
        if value is None:
            raise Missing(match[0])
        return value
    if value:
        return value
    if rest.startswith(":-"):
        return fill(rest[2:], lookup, depth + 1)
    raise Missing(match[0], fill(rest[2:], lookup, depth + 1) or "no value")


@dataclass
class Variables:
    """Where values come from, first to last: given, environment, process, declared default."""

    declared: Mapping[str, Variable]
    given: Mapping[str, str]
    overlay: Mapping[str, str]
    process: Mapping[str, str]
    used: set[str] = field(default_factory=set)

    def value(self, name: str) -> str | None:
        """The value of a variable; None where nothing gives one."""
        self.used.add(name)
        for source in (self.given, self.overlay, self.process):
            if name in source:
                return source[name]
        variable = self.declared.get(name)
        return variable.default if variable else None

    def source(self, name: str) -> str:
        """Where the value comes from, for messages."""
        if name in self.given:
            return "as given"
        if name in self.overlay:
            return "set by the environment"
        return "in the process environment" if name in self.process else "its default"


def check_variables(
    variables: Variables, environments: Mapping[str, Environment], root: Map, report: Report
) -> None:
    """Report values that a declared variable may not have."""
    for name, variable in variables.declared.items():
        at = locate(root, ("variables", name))
        value = variables.value(name)
        for_all = [
            (value, variables.source(name), at),
            (variable.default, "its default", locate(root, ("variables", name, "default"))),
            *(
                (overlay.variables.get(name), f"set by environment {other}",
                 locate(root, ("environments", other, "variables", name)))
                for other, overlay in environments.items()
            ),
        ]  # fmt: skip
        told: set[str] = set()
        for text, source, where in for_all if variable.values else ():
            if text is not None and text not in variable.values and text not in told:
                told.add(text)
                report.add(
                    "R131", f"the variable {name} cannot be {text!r}, {source}", where,
                    hint=f"it is one of {listed(variable.values)}",
                )  # fmt: skip


def check_given(variables: Variables, report: Report) -> None:
    """Report variables that were given and that nothing names. Call it once all is filled."""
    for name in variables.given:
        if name not in variables.declared and name not in variables.used:
            known = {*variables.declared, *variables.used}
            report.add(
                "R133", f"no variable {name!r} is declared or used", hint=nearest(name, known)
            )


@dataclass
class Filler:
    """Fills a tree; collects what is missing. `written` keeps the text behind each filled place."""

    lookup: Lookup
    report: Report
    known: frozenset[str] = frozenset()
    written: dict[int, str] = field(default_factory=dict)
    _told: set[tuple[str, int]] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        """Whether every placeholder so far could be filled."""
        return not self._told

    def tree(self, node: Any, at: int = NOWHERE) -> Any:
        """`node` with its placeholders filled; the very same object where there are none.

        An alias is the node of its anchor, so what is filled is a copy.
        """
        if isinstance(node, Map):
            return self._map(node)
        if isinstance(node, Seq):
            return self._seq(node)
        return self.text(node, at) if isinstance(node, str) and "$" in node else node

    def _map(self, node: Map) -> Map:
        made = node
        for key, value in node.items():
            kind = type(value)
            if kind is Map or kind is Seq:
                filled = self._map(value) if kind is Map else self._seq(value)
            elif isinstance(value, str) and "$" in value:
                filled = self.text(value, node.value_at(key))
            else:
                continue
            if filled is not value:
                made = node.copy() if made is node else made
                made[key] = filled
        return made

    def _seq(self, node: Seq) -> Seq:
        items = [self.tree(item, node.item_at(index)) for index, item in enumerate(node)]
        if all(new is old for new, old in zip(items, node, strict=True)):
            return node
        made = Seq(node.at)
        made.extend(items)
        made.marks = node.marks
        return made

    def text(self, text: str, at: int) -> Any:
        """A scalar with its placeholders filled."""
        try:
            filled = fill(text, self.lookup)
        except Missing as missing:
            self._missing(missing, at)
            return text
        except Malformed as malformed:
            if (str(malformed), at) not in self._told:
                self._told.add((str(malformed), at))
                self.report.add("R132", f"{malformed}", at)
            return text
        if filled != text and "${" in text:
            self.written[at] = str(text)
        return resolve(filled) if isinstance(text, Plain) else filled

    def _missing(self, missing: Missing, at: int) -> None:
        name = missing.name
        if (name, at) in self._told:
            return
        self._told.add((name, at))
        if missing.message:
            self.report.add("R130", f"the variable {name} must be set: {missing.message}", at)
            return
        close = nearest(name, self.known)
        hint = f"set {name} or write ${{{name}:-default}}" + (f"; {close}" if close else "")
        self.report.add("R130", f"the variable {name} has no value", at, hint=hint)

"""Fields of a state set from outside, by path: ``services.web.image``. null removes one.

A patch is laid over the tree of a state, where everything keeps its place: what a scenario
sets is blamed on the scenario's line, all else on the state's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.noun import listed
from reconciler.model.stack import Declared
from reconciler.spec.explain import field_at, known_keys
from reconciler.spec.merge import listed_environment, listed_names
from reconciler.spec.report import Report, nearest
from reconciler.spec.tree import NOWHERE, Map, Path, Seq, kind_text, path_text
from reconciler.spec.vocabulary import VOCABULARY

_STEP = re.compile(r'\.(?:"([^"]+)"|([^.\[\]"]+))|\[(\d{1,9})\]')
_FIXED = ("name",)


class PathError(ValueError):
    """The text is no path."""


def parse_path(text: str) -> Path:
    """``services.web.ports[0]`` → its steps. A name that holds a dot is quoted."""
    made: list[str | int] = []
    end = 0
    dotted = f".{text}"
    for match in _STEP.finditer(dotted):
        if match.start() != end:
            break
        made.append(int(match[3]) if match[3] else match[1] or match[2])
        end = match.end()
    if end != len(dotted) or isinstance(made[0], int):
        raise PathError(text)
    return tuple(made)


@dataclass(frozen=True, slots=True)
class Patch:
    """One field set: its path as written and read, the value, and the mark of both places."""

    text: str
    path: Path
    value: Any
    marked: int
    key_at: int
    value_at: int


@dataclass(frozen=True)
class Patches:
    """Patches in the order in which they are laid, all from one file.

    Their places name that file by the index 0. `has_placeholders`: some value may hold one.
    """

    file: str = ""
    items: tuple[Patch, ...] = ()
    has_placeholders: bool = False

    def files(self) -> list[str]:
        """The files that a load's report begins with, so that places lead to the right ones."""
        return [self.file] if self.file else []

    def and_these(self, other: Iterable[Patch]) -> "Patches":
        """These, and others after them."""
        return replace(self, items=(*self.items, *other))

    def removed(self) -> Mapping[Path, int]:
        """The paths that are gone because of a null, and where that stands."""
        made: dict[Path, int] = {}
        for patch in self.items:
            for path in [path for path in made if _is_within(path, patch.path)]:
                del made[path]
            if patch.value is None:
                made[patch.path] = patch.key_at
        return made

    def lay(self, tree: Map, report: Report) -> Map:
        """`tree` with every patch laid over it; nothing is changed in place."""
        report.has_placeholders |= self.has_placeholders
        made = tree
        for patch in self.items:
            if _may_set(patch, made, report):
                laid = _laid(made, patch.path, patch, (), report)
                made = laid if isinstance(laid, Map) else made
        return made


NO_PATCHES = Patches()


def patches_of(root: Map, holder: Any, report: Report) -> list[Patch]:
    """The patches in a mapping `set`; what is no path goes to `report`."""
    made: list[Patch] = []
    if not isinstance(holder, Map):
        return made
    for text, value in holder.items():
        try:
            path = parse_path(text)
        except PathError:
            hint = 'write it like services.web.image; quote a name with a dot: services."a.b".image'
            report.add("R612", f"not a path: {text!r}", holder.key_at(text), hint=hint)
            continue
        key_at, value_at = holder.key_at(text), holder.value_at(text)
        marked = holder.marks.get(text, NOWHERE)
        made.append(Patch(text, path, value, marked, key_at, value_at))
    return made


def _is_within(path: Path, other: Path) -> bool:
    return path[: len(other)] == other or other[: len(path)] == path


def _may_set(patch: Patch, tree: Map, report: Report) -> bool:
    """Refuse what is no part of the stack itself, and names that are not there."""
    section = str(patch.path[0])
    if section in _FIXED:
        hint = "leave it out; another name is another stack"
        report.add("R612", f"{section} cannot be set", patch.key_at, hint=hint)
        return False
    if section in VOCABULARY:
        hint = "set the field of the service itself"
        if section == "variables":
            hint = "write it under `variables` of the scenario"
        said = f"{patch.text}: {section} are used up before anything is set"
        report.add("R612", said, patch.key_at, hint=hint)
        return False
    there = tree.get(section)
    if len(patch.path) > 2 and isinstance(patch.path[1], str) and _is_named(section):
        names = list(there) if isinstance(there, Map) else []
        if patch.path[1] not in names:
            close = nearest(patch.path[1], names)
            hint = close or (f"there are {listed(sorted(names))}" if names else "")
            said = f"{patch.text}: the state has no {section}.{patch.path[1]}"
            report.add("R612", said, patch.key_at, hint=hint)
            return False
    return True


def _is_named(section: str) -> bool:
    """Whether the section holds nouns by name, such as services."""
    return section in known_keys(Declared) and bool(
        known_keys(field_at(Declared, (section, "name")).type)
    )


def _laid(node: Any, steps: Path, patch: Patch, done: Path, report: Report) -> Any:
    """`node` with the value of `patch` at `steps` below it."""
    step = steps[0]
    if isinstance(node, Seq):
        node = _named_items(node, done, step)
    if isinstance(node, Seq):
        return _laid_in_list(node, steps, patch, done, report)
    if isinstance(node, Map) and isinstance(step, str):
        return _laid_in_map(node, steps, patch, done, report)
    said = f"{patch.text}: {path_text(done)} is {kind_text(node)}, with nothing inside"
    report.add("R612", said, patch.key_at, hint=f"set {path_text(done)} as a whole")
    return node


def _laid_in_map(node: Map, steps: Path, patch: Patch, done: Path, report: Report) -> Map:
    step, rest = str(steps[0]), steps[1:]
    made = node.copy()
    if not rest and patch.value is not None:
        made.put(step, patch.value, patch.marked)
    elif step in node and rest:
        below = _laid(node[step], rest, patch, (*done, step), report)
        made.put(step, below, node.marks.get(step, NOWHERE))
    elif step in node:
        del made[step], made.marks[step]
    elif patch.value is None:
        _nothing(patch, report)
    else:
        below = _laid(Map(patch.key_at), rest, patch, (*done, step), report)
        made.put(step, below, patch.marked)
    return made


def _laid_in_list(node: Seq, steps: Path, patch: Patch, done: Path, report: Report) -> Seq:
    step, rest = steps[0], steps[1:]
    index = int(step) if isinstance(step, int) or step.isdecimal() else -1
    if not 0 <= index < len(node) + (not rest and patch.value is not None):
        if patch.value is None and index >= 0:
            _nothing(patch, report)
            return node
        count = f"{len(node)} items, counted from 0" if node else "no items"
        said = f"{patch.text}: {path_text(done)} is a list of {count}"
        report.add("R612", said, patch.key_at, hint=f"set {path_text(done)} as a whole")
        return node
    made = Seq(node.at)
    for number, item in enumerate(node):
        if number != index:
            made.put(item, node.item_at(number))
        elif rest:
            below = _laid(item, rest, patch, (*done, index), report)
            made.put(below, node.item_at(number))
        elif patch.value is not None:
            made.put(patch.value, patch.value_at)
    if index == len(node):
        made.put(patch.value, patch.value_at)
    return made


def _named_items(node: Seq, done: Path, step: str | int) -> Any:
    """The list form of `environment` and `depends_on`, so that its items can be named."""
    key = done[-1] if done else ""
    if not isinstance(step, str) or key not in ("environment", "depends_on"):
        return node
    return listed_environment(node) if key == "environment" else listed_names(node)


def _nothing(patch: Patch, report: Report) -> None:
    said = f"{patch.text}: there is nothing to remove"
    report.add("R613", said, patch.key_at, severity="warning")

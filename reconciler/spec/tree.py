"""What YAML becomes: dictionaries and lists that know where each of their entries stands.

:class:`Map` is a ``dict`` and :class:`Seq` a ``list``, so that validation takes them as they
are. A place is one integer, file · line · column, which costs no object for the collector.
Nodes may be shared (an alias is the node of its anchor): nothing changes a node in place.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reconciler.model.diagnostic import Position
from reconciler.model.noun import listed

Path = tuple[str | int, ...]

_COLUMN_BITS, _LINE_BITS, _FILE_BITS = 16, 24, 16
_PLACE_BITS = _COLUMN_BITS + _LINE_BITS + _FILE_BITS
_COLUMN_MASK = (1 << _COLUMN_BITS) - 1
_LINE_MASK = (1 << _LINE_BITS) - 1
_PLACE_MASK = (1 << _PLACE_BITS) - 1

NOWHERE = -1


def place(file: int, line: int, column: int) -> int:
    """One integer for a place; `line` and `column` count from 0."""
    column = min(column, _COLUMN_MASK)
    return (file << _LINE_BITS | line) << _COLUMN_BITS | column


def file_of(at: int) -> int:
    """The index of the file that `at` is in."""
    return at >> (_LINE_BITS + _COLUMN_BITS)


def position(at: int, files: Sequence[str]) -> Position | None:
    """`at` as people read it; None for :data:`NOWHERE`."""
    if at < 0:
        return None
    line = (at >> _COLUMN_BITS) & _LINE_MASK
    return Position(files[file_of(at)], line + 1, (at & _COLUMN_MASK) + 1)


def mark(key_at: int, value_at: int) -> int:
    """The places of a key and of its value, as one integer."""
    return key_at << _PLACE_BITS | value_at if key_at >= 0 and value_at >= 0 else NOWHERE


class Map(dict[str, Any]):
    """A mapping; `at` is its own place, `marks` holds :func:`mark` for each key.

    `whole` is set by the tag ``!override``: merged over another, it takes its place.
    """

    __slots__ = ("at", "marks", "whole")
    whole: bool  # only set where it is true

    def __init__(self, at: int = NOWHERE) -> None:
        self.at = at
        self.marks: dict[str, int] = {}

    def put(self, key: str, value: Any, marked: int = NOWHERE) -> None:
        """Set an entry and say where it stands."""
        self[key] = value
        self.marks[key] = marked

    def copy(self) -> "Map":
        """A new map with the same entries and places."""
        made = Map(self.at)
        made.update(self)
        made.marks = dict(self.marks)
        return made

    def without(self, key: str) -> "Map":
        """A copy that lacks `key`."""
        made = self.copy()
        made.pop(key, None)
        return made

    def key_at(self, key: str) -> int:
        """The place of a key; the map's own where that is not known."""
        marked = self.marks.get(key, NOWHERE)
        return marked >> _PLACE_BITS if marked >= 0 else self.at

    def value_at(self, key: str) -> int:
        """The place of a key's value; the map's own where that is not known."""
        marked = self.marks.get(key, NOWHERE)
        return marked & _PLACE_MASK if marked >= 0 else self.at


class Seq(list[Any]):
    """A list; `at` is its own place, `marks` the place of each item."""

    __slots__ = ("at", "marks", "whole")
    whole: bool  # only set where it is true

    def __init__(self, at: int = NOWHERE) -> None:
        self.at = at
        self.marks: list[int] = []

    def put(self, value: Any, at: int = NOWHERE) -> None:
        """Append an item and say where it stands."""
        self.append(value)
        self.marks.append(at)

    def item_at(self, index: int) -> int:
        """The place of an item; the list's own where that is not known."""
        at = self.marks[index] if index < len(self.marks) else NOWHERE
        return at if at >= 0 else self.at


def is_whole(node: Any) -> bool:
    """Whether the node was written with ``!override``."""
    return bool(getattr(node, "whole", False))


def locate(root: Any, path: Iterable[str | int], *, key: bool = False) -> int:
    """The place of `path`, or of the nearest thing that holds it.

    It is a scalar's own place and the key of a mapping or list; with `key` always the key.
    A name looked up in a list finds the item that is it or begins with ``NAME=``, as
    shorthand lists do.
    """
    at, node = getattr(root, "at", NOWHERE), root
    for step in path:
        if isinstance(node, Map) and step in node:
            name = str(step)
            by_key = key or isinstance(node[name], Map | Seq)
            at = node.key_at(name) if by_key else node.value_at(name)
            node = node[name]
        elif isinstance(node, Seq):
            number = step if isinstance(step, int) else _item(node, step)
            if not 0 <= number < len(node):
                break
            at, node = node.item_at(number), node[number]
        else:
            break
    return at


def _item(node: Seq, name: str) -> int:
    for index, item in enumerate(node):
        if isinstance(item, str) and (item == name or item.startswith(f"{name}=")):
            return index
    return -1


def lookup(root: Any, path: Iterable[str | int]) -> Any:
    """The value at `path`, None where there is none."""
    node = root
    for step in path:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return None
    return node


def entries(node: Any, section: str) -> Iterator[tuple[str, Any]]:
    """The entries of a section that is a mapping; nothing where it is anything else."""
    found = node.get(section) if isinstance(node, Map) else None
    if isinstance(found, Map):
        yield from found.items()


def path_text(path: Iterable[str | int]) -> str:
    """``services.web.ports[0]``."""
    made = ""
    for step in path:
        made += f"[{step}]" if isinstance(step, int) else f".{step}" if made else step
    return made


def kind_text(value: Any) -> str:
    """What a value is, in plain words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        short = value if len(value) <= 40 else value[:37] + "…"
        return f"the text {short!r}"
    if isinstance(value, dict):
        return "a mapping" + (f" with {listed(list(value)[:3])}" if value else "")
    return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"

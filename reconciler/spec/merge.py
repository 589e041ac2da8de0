"""Laying one part of a stack over another. One rule, for defaults, templates and overlays.

Mappings merge by key. null removes the key. Lists whose items have a name of their own
merge by it: ports by container port and transport, volumes, configs and secrets by target,
environment by variable, depends_on by name, monitors by metric; an item written as a mapping
merges into the one it meets, shorthand takes its place. All other lists are replaced, and so
is whatever is tagged ``!override``. Nothing is changed in place; places stay those of the
file that each part came from.
"""

from collections.abc import Callable
from typing import Any

from reconciler.model.container import parse_environment, parse_file_mount, parse_mount, parse_port
from reconciler.spec.tree import NOWHERE, Map, Path, Seq, is_whole, mark

Dropped = Callable[[Path, int], None]


def merge(base: Any, over: Any, path: Path = (), *, dropped: Dropped | None = None) -> Any:
    """`over` laid over `base`.

    A null that meets nothing stays, or, with `dropped`, is left out and told to it.
    """
    key = str(path[-1]) if path else ""
    base, over = _as_mapping(base, over, key), _as_mapping(over, base, key)
    if is_whole(over):
        return over
    if isinstance(base, Map) and isinstance(over, Map):
        return _merged_maps(base, over, path, dropped)
    if isinstance(base, Seq) and isinstance(over, Seq) and key in _ITEM_KEYS:
        return _merged_items(base, over, path)
    return over


def _merged_maps(base: Map, over: Map, path: Path, dropped: Dropped | None) -> Map:
    made = base.copy()
    for key, value in over.items():
        marked = over.marks.get(key, NOWHERE)
        if value is None and key in made:
            del made[key], made.marks[key]
        elif value is None and dropped is not None:
            dropped((*path, key), over.key_at(key))
        elif key in made:
            merged = merge(made[key], value, (*path, key), dropped=dropped)
            # A mapping that was only added to is still asked for where it stands.
            keeps = isinstance(merged, Map) and isinstance(base[key], Map) and not is_whole(value)
            made.put(key, merged, base.marks.get(key, NOWHERE) if keeps else marked)
        else:
            made.put(key, _fresh(value, (*path, key), dropped), marked)
    return made


def _fresh(value: Any, path: Path, dropped: Dropped | None) -> Any:
    """A value that meets nothing: its nulls remove nothing."""
    if dropped is None or not isinstance(value, Map) or None not in value.values():
        return value
    return _merged_maps(Map(value.at), value, path, dropped)


def _as_mapping(value: Any, other: Any, key: str) -> Any:
    """The list form of `environment` and `depends_on`, so that it can meet a mapping."""
    if not isinstance(value, Seq) or is_whole(value) or not isinstance(other, Map | Seq):
        return value
    if key == "environment":
        return listed_environment(value)
    return listed_names(value) if key == "depends_on" else value


def listed_environment(value: Seq) -> Any:
    """``- NAME=value`` as a mapping with places; the list itself where it is not well formed."""
    try:
        parsed = parse_environment(value)
    except ValueError:
        return value
    made = Map(value.at)
    for index, (name, text) in enumerate(parsed.items()):
        at = value.item_at(index)
        made.put(name, text, mark(at, at))
    return made


def listed_names(value: Seq) -> Any:
    """``[db, cache]`` as a mapping with places; the list itself where it is not well formed."""
    if not all(isinstance(name, str) for name in value) or len(set(value)) != len(value):
        return value
    made = Map(value.at)
    for index, name in enumerate(value):
        at = value.item_at(index)
        made.put(name, "healthy", mark(at, at))
    return made


def _merged_items(base: Seq, over: Seq, path: Path) -> Seq:
    """Items of `base` in their order, each with what `over` says of it; then the new ones."""
    identity = _ITEM_KEYS[str(path[-1])]
    made = Seq(over.at)
    places: dict[Any, int] = {}
    for part in (base, over):
        for index, item in enumerate(part):
            name = identity(item)
            at = part.item_at(index)
            if name is None or name not in places:
                places[name] = len(made)
                made.put(item, at)
            else:
                there = places[name]
                both = isinstance(made[there], Map) and isinstance(item, Map)
                made[there] = merge(made[there], item, (*path, there)) if both else item
                made.marks[there] = at
    return made


def _port(item: Any) -> Any:
    parsed = _parsed(parse_port, item)
    if not isinstance(parsed, dict) or not isinstance(parsed.get("container"), int):
        return None
    udp = parsed.get("protocol") == "udp"
    return (parsed["container"], "udp" if udp else "tcp")


def _field(parse: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    def identity(item: Any) -> Any:
        parsed = _parsed(parse, item)
        found = parsed.get(name) if isinstance(parsed, dict) else None
        return found if isinstance(found, str) else None

    return identity


def _parsed(parse: Callable[[Any], Any], item: Any) -> Any:
    try:
        return parse(item)
    except (ValueError, TypeError):
        return None


_ITEM_KEYS: dict[str, Callable[[Any], Any]] = {
    "ports": _port,
    "volumes": _field(parse_mount, "target"),
    "configs": _field(parse_file_mount, "target"),
    "secrets": _field(parse_file_mount, "target"),
    "monitors": _field(lambda item: item, "metric"),
}

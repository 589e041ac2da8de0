"""Differences between what is wanted and what is live, field by field."""

from collections.abc import Sequence
from typing import NamedTuple

from reconciler.model.change import FieldChange
from reconciler.model.fields import is_in_place
from reconciler.model.observed import Fields, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack

NO_DEFAULTS: Fields = {}


class Delta(NamedTuple):
    """One field that differs. None: it is not there, or not asked for."""

    path: str
    old: Value
    new: Value


def deltas(wanted: Fields, live: Fields, defaults: Fields = NO_DEFAULTS) -> tuple[Delta, ...]:
    """What has to change for `live` to be as `wanted`, by path.

    A live field that is not asked for is a difference only where it is not what the image
    or the target gives by default.
    """
    found = [
        Delta(path, live.get(path), value)
        for path, value in wanted.items()
        if path not in live or live[path] != value
    ]
    found += [
        Delta(path, value, defaults.get(path))
        for path, value in live.items()
        if path not in wanted and (path not in defaults or defaults[path] != value)
    ]
    found.sort(key=by_path)
    return tuple(found)


def by_path(delta: Delta) -> str:
    """The order in which differences are shown."""
    return delta.path


def field_changes(
    stack: Stack, key: ResourceKey, found: Sequence[Delta], in_place: Sequence[str]
) -> tuple[FieldChange, ...]:
    """The differences with the place in the desired state that asks for each."""
    prefixes = tuple(in_place)
    return tuple(
        FieldChange(
            path=delta.path,
            old=delta.old,
            new=delta.new,
            replaces=not is_in_place(delta.path, prefixes),
            position=stack.position(key, *spec_path(delta.path)),
        )
        for delta in found
    )


# Flat field → where the desired state says it; the first prefix that matches.
_SPEC_PATHS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("resources.memory_limit", ("resources", "limits", "memory")),
    ("resources.memory_request", ("resources", "requests", "memory")),
    ("resources.cpu_limit", ("resources", "limits", "cpu")),
    ("resources.cpu_request", ("resources", "requests", "cpu")),
    ("stop_signal", ("termination", "signal")),
    ("stop.pre_stop", ("termination", "pre_stop")),
    ("stop.drain", ("routing", "drain")),
    ("stop.grace", ("termination", "grace")),
    ("image.id", ("image",)),
    ("ports.", ("ports",)),
    ("volumes.", ("volumes",)),
    ("configs.", ("configs",)),
    ("secrets.", ("secrets",)),
)
_NAMED = ("environment.", "labels.", "docker.", "options.")


def spec_path(path: str) -> tuple[str, ...]:
    """``environment.PORT`` → ("environment", "PORT"): where the desired state says it."""
    for prefix, spec in _SPEC_PATHS:
        if path.startswith(prefix):
            return spec
    for prefix in _NAMED:
        if path.startswith(prefix):
            return (prefix[:-1], path[len(prefix) :])
    return tuple(path.split("."))

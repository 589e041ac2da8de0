"""Services named on the command line, after the STATE."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from reconciler.cli.loading import STDIN
from reconciler.cli.settings import Settings
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from reconciler.model.resource import ResourceKey

if TYPE_CHECKING:
    from reconciler.model.stack import Stack

_NOT_A_SERVICE = "R706"
_KINDS = ("service", "job")


def split(settings: Settings) -> tuple[Settings, tuple[str, ...]]:
    """The settings with their STATE alone, and the other words: names of services.

    The first word is a STATE whatever it looks like; another one is by its form alone: `-`,
    a YAML file, or a path with a slash in it that does not begin as ``service/web`` does.
    """
    first, rest = settings.state[:1], settings.state[1:]
    paths = tuple(word for word in rest if _is_state(word))
    names = tuple(word for word in rest if not _is_state(word))
    return replace(settings, state=(*first, *paths)), names


def keys_of(stack: "Stack", names: Sequence[str]) -> tuple[ResourceKey, ...]:
    """The services and jobs with these names, all where none is given.

    DiagnosticsError where one is none of the stack's.
    """
    declared = stack.declared
    known = {f"service/{name}": ResourceKey("service", name) for name in declared.services}
    known |= {f"job/{name}": ResourceKey("job", name) for name in declared.jobs}
    if not names:
        return tuple(known.values())
    found, unknown = [], []
    for name in names:
        forms = (name,) if "/" in name else (f"service/{name}", f"job/{name}")
        key = next((known[form] for form in forms if form in known), None)
        found += [key] if key is not None else []
        unknown += [name] if key is None else []
    if unknown:
        _refuse(unknown, sorted(key.name for key in known.values()))
    return tuple(dict.fromkeys(found))


def _is_state(word: str) -> bool:
    if word == STDIN or word.endswith((".yaml", ".yml")):
        return True
    return "/" in word and word.partition("/")[0] not in _KINDS


def _refuse(unknown: Sequence[str], known: Sequence[str]) -> NoReturn:
    hint = f"one of {', '.join(known)}" if known else "the stack declares none"
    raise DiagnosticsError(
        [
            Diagnostic(_NOT_A_SERVICE, f"{name}: no such service or job", hint=hint)
            for name in unknown
        ]
    )

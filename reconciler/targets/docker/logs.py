"""The last lines of a container's log, harmless and without secrets."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.model.observed import Instance
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.engine import Engine
from reconciler.targets.docker.health import clean_line
from reconciler.targets.docker.times import parse_time_ns

MAX_LINE = 500
SHORTEST_SECRET = 4  # shorter ones would blot out ordinary text
HIDDEN = "***"


def tail(engine: Engine, container_id: str, lines: int) -> tuple[str, ...]:
    """The last lines a container printed, without terminal escapes."""
    data = engine.logs(container_id, stdout=True, stderr=True, tail=lines)
    text = data.decode(errors="replace")
    return tuple(clean_line(line)[:MAX_LINE] for line in text.splitlines()[-lines:])


def tail_since(engine: Engine, container_id: str, since_ns: int) -> tuple[tuple[int, str], ...]:
    """What a container printed later than this, each line with the engine's time of it."""
    data = engine.logs(
        container_id, stdout=True, stderr=True, timestamps=True,
        since=max(since_ns // NS_PER_S, 1),
    )  # fmt: skip
    found = []
    for line in data.decode(errors="replace").splitlines():
        stamp, _, text = line.partition(" ")
        at_ns = parse_time_ns(stamp)
        if at_ns is not None and at_ns > since_ns:
            found.append((at_ns, clean_line(text)[:MAX_LINE]))
    return tuple(found)


def is_worth_telling(instance: Instance) -> bool:
    """Whether its last lines help to see what is wrong."""
    if instance.phase == "exited":
        return instance.exit_code != 0
    return instance.phase in ("restarting", "dead") or (
        instance.phase == "running" and not instance.live
    )


def secrets_of(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """The values of the variables that came from secrets."""
    sources = tag.fields_of(raw["Config"].get("Labels") or {}, tag.SOURCES)
    names = {name for name, source in sources.items() if str(source).startswith("secret:")}
    pairs = (entry.partition("=") for entry in raw["Config"].get("Env") or ())
    return tuple(value for name, _, value in pairs if name in names)


def hide(text: str, secrets: Iterable[str]) -> str:
    """`text` with every secret in it blotted out."""
    for secret in sorted(secrets, key=len, reverse=True):
        for part in {secret, secret.strip()}:
            if len(part) >= SHORTEST_SECRET:
                text = text.replace(part, HIDDEN)
    return text


def redacted(instance: Instance, lines: Iterable[str], secrets: Iterable[str]) -> Instance:
    """The instance with these last lines, secrets blotted out of all that is shown."""
    hidden = tuple(secrets)
    return dataclasses.replace(
        instance,
        message=hide(instance.message, hidden),
        log_tail=tuple(hide(line, hidden) for line in lines),
    )

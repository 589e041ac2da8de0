"""What a scenario's traffic must fulfil: one way of saying each thing, ranges, logs."""

import ipaddress
import os
from collections.abc import Generator, Iterator
from pathlib import Path as FilePath
from typing import Any

from reconciler.model.noun import listed
from reconciler.model.scenario import Flow, Rate, Spread
from reconciler.spec.tree import Path, path_text

# A second: more is a mistake in the unit, less is below what rates are exact to.
MOST_RATE, LEAST_RATE = 1e7, 1e-3

# A finding: code, what it says, the path it is about, a hint, whether it stops.
Finding = tuple[str, str, Path, str, bool]
Way = tuple[str, ...]

# Ways of saying a time or a rate: what belongs together.
_TIME_WAYS: tuple[Way, ...] = (
    ("constant",), ("exponential",), ("median", "p99"), ("measured",), ("log",),
)  # fmt: skip
_RATE_WAYS: tuple[Way, ...] = (
    ("constant",), ("poisson",), ("low", "high"), ("burst", "base"), ("log",),
)  # fmt: skip


def check_flow(flow: Flow, path: Path, folder: FilePath) -> Iterator[Finding]:
    """All traffic to one service; logs are looked for in `folder`."""
    thinks = flow.clients.think is not None
    if flow.rate is not None and thinks:
        said = "clients that think ask when they were answered, and have no rate besides"
        yield "R606", said, (*path, "clients", "think"), "keep rate or clients.think", True
    if flow.rate is None and not thinks and flow.sessions is None:
        hint = "add rate: {poisson: 100}, clients: {think: 1s} or sessions"
        yield "R606", f"{path_text(path)} sends nothing", path, hint, True
    if flow.rate is not None:
        yield from check_rate(flow.rate, (*path, "rate"), folder)
    if flow.service_time is not None:
        yield from check_time(flow.service_time, (*path, "service_time"), folder)
    clients = (*path, "clients")
    yield from at_least(flow.clients.count, 1, (*clients, "count"))
    try:
        ipaddress.IPv4Network(flow.clients.network)
    except ValueError:
        said = f"{path_text(clients)}.network: not a network: {flow.clients.network!r}"
        hint = "write it like 203.0.113.0/24, without host bits"
        yield "R115", said, (*clients, "network"), hint, True
    if not 0 <= flow.retries.most <= 100:
        said = f"{path_text(path)}.retries.most: {flow.retries.most} is not from 0 to 100"
        yield out_of_range(said, (*path, "retries", "most"))
    if flow.sessions is not None:
        here = (*path, "sessions")
        yield from check_rate(flow.sessions.rate, (*here, "rate"), folder)
        yield from check_time(flow.sessions.length, (*here, "length"), folder)
        yield from above_zero(flow.sessions.every, (*here, "every"))


def check_rate(rate: Rate, path: Path, folder: FilePath) -> Iterator[Finding]:
    """A rate: said in one way, each number in its range."""
    way = yield from _one_way(rate, _RATE_WAYS, path)
    for name in way:
        value = getattr(rate, name)
        if name == "log":
            yield from _log(value, (*path, name), folder)
            continue
        quiet = name in ("low", "base") and value == 0
        if not (quiet or LEAST_RATE <= value <= MOST_RATE):
            said = f"{path_text((*path, name))}: {value:g} a second is not from {LEAST_RATE} to "
            yield out_of_range(f"{said}{MOST_RATE:,.0f}", (*path, name))
    for name in ("period", "every", "lasting"):
        yield from above_zero(getattr(rate, name), (*path, name))
    if rate.low is not None and rate.high is not None and rate.low > rate.high:
        yield out_of_range(f"{path_text(path)}: low is above high", (*path, "low"))
    if rate.burst is not None and rate.lasting > rate.every > 0:
        yield out_of_range(
            f"{path_text(path)}: a burst lasts beyond the next one", (*path, "lasting")
        )


def check_time(spread: Spread, path: Path, folder: FilePath) -> Iterator[Finding]:
    """A time: said in one way, longer than nothing."""
    way = yield from _one_way(spread, _TIME_WAYS, path)
    if way == ("log",):
        yield from _log(spread.log, (*path, "log"), folder)
    for name in way:
        value = getattr(spread, name)
        if name in ("exponential", "median", "p99"):
            yield from above_zero(value, (*path, name))
    if spread.median and spread.p99 and spread.p99 < spread.median:
        yield out_of_range(f"{path_text(path)}: p99 is below the median", (*path, "p99"))


def _one_way(noun: Any, ways: tuple[Way, ...], path: Path) -> Generator[Finding, None, Way]:
    """The names of the one way that was taken; none, and a finding, where it is not one."""
    given = [name for way in ways for name in way if getattr(noun, name) not in (None, "", ())]
    taken = [way for way in ways if any(name in given for name in way)]
    choices = listed([" with ".join(way) for way in ways])
    if len(taken) != 1:
        said = f"{listed(given)} do not go together" if taken else "nothing is said"
        hint = f"give exactly one of {choices}"
        yield "R606", f"{path_text(path)}: {said}", path, hint, True
        return ()
    lacking = [name for name in taken[0] if name not in given]
    if lacking:
        said = f"{path_text(path)}: {listed(given)} without {listed(lacking)}"
        yield "R606", said, path, f"add {listed(lacking)}", True
        return ()
    return taken[0]


def _log(name: str, path: Path, folder: FilePath) -> Iterator[Finding]:
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NONBLOCK)
        os.close(descriptor)
        reason = "it is a directory" if (folder / name).is_dir() else ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    if reason:
        yield "R616", f"{path_text(path)}: cannot read {name!r}: {reason}", path, "", True


def listed_once(service: str, seen: set[str], path: Path) -> Iterator[Finding]:
    """A service that is not among those `seen`, to which it is added."""
    if service in seen:
        yield "R119", f"{path_text(path)}: {service} is listed twice", path, "", True
    seen.add(service)


def at_least(number: int | None, least: int, path: Path) -> Iterator[Finding]:
    """A number, where one is given, that is not too small."""
    if number is not None and number < least:
        yield out_of_range(f"{path_text(path)}: {number} is below {least}", path)


def above_zero(ns: int, path: Path) -> Iterator[Finding]:
    """A duration that is one."""
    if ns <= 0:
        yield out_of_range(f"{path_text(path)}: it must be longer than nothing", path)


def out_of_range(said: str, path: Path) -> Finding:
    """The finding of a number that cannot be."""
    return "R116", said, path, "", True

"""What a scenario alone must fulfil, whatever its state: ranges, times, order, faults, checks."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath

from reconciler.model.checks import CheckError, parse
from reconciler.model.noun import listed
from reconciler.model.scenario import Change, EdgeKind, EdgeModel, Profile, Scenario
from reconciler.model.stack import Node
from reconciler.model.units import format_duration, parse_cpu_m
from reconciler.spec.report import Report
from reconciler.spec.scenario_faults import check_fault
from reconciler.spec.scenario_traffic import (
    Finding,
    above_zero,
    at_least,
    check_flow,
    check_rate,
    check_time,
    listed_once,
    out_of_range,
)
from reconciler.spec.tree import Map, Path, locate, path_text

MOST_SEEDS = 100_000
LEAST_SPEED, MOST_SPEED = 0.01, 100
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}")
# Whose rules are known (`reconciler.sim.versions`), and two that are taken for the newest of them.
OLDEST, NEWEST = (1, 20), (1, 36)
# What asks after nobody has no checks, and a Service's rules neither try again nor queue.
CHECKS = ("interval", "rise", "fall")
WITHOUT: Mapping[EdgeKind, tuple[str, ...]] = {
    "haproxy": (), "nginx": (), "alb": ("retries", "queue"),
    "kube-proxy": (*CHECKS, "active", "retries", "queue"),
}  # fmt: skip


def check_rules(scenario: Scenario, root: Map, folder: FilePath, report: Report) -> None:
    """Report what is well typed and still cannot be; logs are looked for in `folder`."""
    for code, said, path, hint, stops in _findings(scenario, folder):
        at = locate(root, path)
        report.add(code, said, at, hint=hint, severity="error" if stops else "warning")


def _findings(scenario: Scenario, folder: FilePath) -> Iterator[Finding]:
    yield from _top(scenario)
    seen: set[str] = set()
    for index, each in enumerate(scenario.traffic):
        yield from check_flow(each, ("traffic", index), folder)
        yield from listed_once(each.service, seen, ("traffic", index, "service"))
    seen.clear()
    for index, work in enumerate(scenario.work):
        here: Path = ("work", index)
        yield from check_rate(work.rate, (*here, "rate"), folder)
        yield from check_time(work.service_time, (*here, "service_time"), folder)
        yield from at_least(work.most, 1, (*here, "most"))
        yield from listed_once(work.service, seen, (*here, "service"))
    if scenario.edge is not None:
        yield from _edge(scenario.edge)
    for name, profile in scenario.behaviour.items():
        yield from _profile(profile, ("behaviour", name))
    for name, node in scenario.nodes.items():
        yield from _node(node, ("nodes", name))
    yield from _changes(scenario)
    for index, trouble in enumerate(scenario.faults):
        yield from check_fault(trouble, scenario, ("faults", index))
    yield from _checks(scenario)


def _top(scenario: Scenario) -> Iterator[Finding]:
    if not 1 <= scenario.seeds <= MOST_SEEDS:
        said = f"seeds: {scenario.seeds} is not from 1 to {MOST_SEEDS}"
        yield out_of_range(said, ("seeds",))
    yield from above_zero(scenario.lasts, ("lasts",))
    if not _VERSION.fullmatch(scenario.kubernetes_version):
        said = f"kubernetes_version: not a version: {scenario.kubernetes_version!r}"
        yield "R115", said, ("kubernetes_version",), 'write it like "1.34", in quotes', True
        return
    major, minor = map(int, scenario.kubernetes_version.split("."))
    if not OLDEST <= (major, minor) <= NEWEST:
        said = f"kubernetes_version: {scenario.kubernetes_version} is not from 1.20 to 1.36"
        yield "R648", said, ("kubernetes_version",), "", True


def _edge(edge: EdgeModel) -> Iterator[Finding]:
    for name, least in {"rise": 1, "fall": 1, "retries": 0, "queue": 0}.items():
        yield from at_least(getattr(edge, name), least, ("edge", name))
    lacks = WITHOUT[edge.kind]
    if edge.kind == "nginx" and not edge.active:
        lacks = CHECKS
    for name in lacks:
        if getattr(edge, name) is not None:
            said = f"edge.{name}: {edge.kind} has none"
            if edge.kind == "nginx":
                said = f"edge.{name}: nginx asks after nobody, unless active is true"
            yield "R649", said, ("edge", name), "", True
    if edge.interval is not None:
        yield from above_zero(edge.interval, ("edge", "interval"))


def _profile(profile: Profile, path: Path) -> Iterator[Finding]:
    for name, least in {"concurrency": 1, "backlog": 0}.items():
        yield from at_least(getattr(profile, name), least, (*path, name))
    for index, speed in enumerate(profile.speeds):
        if not LEAST_SPEED <= speed <= MOST_SPEED:
            here = (*path, "speeds", index)
            said = f"{path_text(here)}: {speed:g} is not from {LEAST_SPEED} to {MOST_SPEED}"
            yield out_of_range(said, here)
    if profile.limit is not None:
        for name in ("requests", "burst"):
            yield from at_least(getattr(profile.limit, name), 1, (*path, "limit", name))
        yield from above_zero(profile.limit.per, (*path, "limit", "per"))
        if 0 < profile.limit.per < profile.limit.requests:
            said = f"{path_text(path)}.limit: more than one request a nanosecond"
            yield out_of_range(said, (*path, "limit", "requests"))
    factor = profile.cold_factor
    if factor is not None and not (1 <= factor < math.inf):
        said = f"{path_text(path)}.cold_factor: {factor:g} is not 1 or more"
        yield out_of_range(said, (*path, "cold_factor"))


def _node(node: Node, path: Path) -> Iterator[Finding]:
    yield from at_least(node.count, 0, (*path, "count"))
    if not 1 <= node.max_utilisation <= 100:
        said = f"{path_text(path)}.max_utilisation: {node.max_utilisation} is not from 1 to 100"
        yield out_of_range(said, (*path, "max_utilisation"))
    for name in ("cpu", "reserved_cpu"):
        try:
            parse_cpu_m(getattr(node, name))
        except ValueError as error:
            yield "R115", f"{path_text((*path, name))}: {error}", (*path, name), "", True


def _changes(scenario: Scenario) -> Iterator[Finding]:
    before = -1
    for index, change in enumerate(scenario.changes):
        path: Path = ("changes", index)
        others = _said(change)
        if change.destroy and others:
            said = f"{path_text(path)}: destroy does not go with {listed(others)}"
            yield "R610", said, (*path, "destroy"), "make two changes of it", True
        elif not change.destroy and not others:
            yield "R610", f"{path_text(path)} says nothing", path, "", True
        if change.at <= before:
            said = f"{path_text(path)} is at {format_duration(change.at)}, and the one before at "
            yield "R611", said + format_duration(before), (*path, "at"), "", True
        before = max(before, change.at)
        if change.at >= scenario.lasts:
            yield _too_soon("the change", change.at, scenario.lasts, (*path, "at"))


def _said(change: Change) -> list[str]:
    given = {
        "set": bool(change.set), "state": change.state is not None,
        "environment": change.environment is not None,
    }  # fmt: skip
    return [name for name, is_given in given.items() if is_given]


def _checks(scenario: Scenario) -> Iterator[Finding]:
    changed = scenario.changes[-1].at if scenario.changes else 0
    for index, text in enumerate(scenario.checks):
        path: Path = ("checks", index)
        try:
            check = parse(text)
        except CheckError as error:
            yield "R608", f"{path_text(path)}: {error}", path, error.hint, True
            continue
        within = check.within_ns
        if within is not None and changed < scenario.lasts < changed + within:
            left = format_duration(scenario.lasts - changed)
            said = f"{text!r}: only {left} are simulated after the change"
            yield "R614", said, path, "", False


def _too_soon(what: str, at: int, lasts: int, path: Path) -> Finding:
    said = f"{what} at {format_duration(at)} never comes: the scenario lasts "
    return "R614", said + format_duration(lasts), path, "", True

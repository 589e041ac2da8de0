"""What a fault of a scenario must fulfil: when it strikes, whom, and only by keys of its kind."""

from collections.abc import Iterator
from dataclasses import fields

from reconciler.model.faults import FAULT_KINDS, FaultKind
from reconciler.model.noun import listed
from reconciler.model.scenario import Scenario, Trouble
from reconciler.model.units import format_duration
from reconciler.spec.report import nearest
from reconciler.spec.scenario_traffic import Finding, at_least
from reconciler.spec.tree import Path

# Steps of each kind of target: what is never sent cannot be struck.
NATIVE_CALLS = ("apply", "delete", "record", "forget")
CALLS = (*NATIVE_CALLS, "pull", "create", "start", "update", "signal", "remove", "route")
_WHOM = {
    "instance": "a service", "node": "a node", "external": "an external", "image": "an image",
    "resource": "a resource",
}  # fmt: skip


def check_fault(trouble: Trouble, scenario: Scenario, path: Path) -> Iterator[Finding]:
    """What is wrong with one fault, as far as the scenario alone tells."""
    kind = FAULT_KINDS[trouble.kind]
    yield from at_least(trouble.nth, 0, (*path, "nth"))
    yield from at_least(trouble.count, 1, (*path, "count"))
    yield from at_least(trouble.instance, 0, (*path, "instance"))
    yield from at_least(trouble.amount, 0, (*path, "amount"))
    yield from _keys(trouble, kind, path)
    yield from _whom_and_when(trouble, kind, path)
    yield from _lasting(trouble, kind, path)
    yield from _call(trouble, scenario, path)
    if trouble.kind == "port_taken" and scenario.target == "kubernetes":
        said = "port_taken strikes nothing: a cluster's services have no host ports"
        yield "R615", said, (*path, "kind"), "take it out, or rehearse it on docker", True
    if trouble.at is not None:
        yield from _in_time(trouble, scenario.lasts, trouble.at, path)


def _keys(trouble: Trouble, kind: FaultKind, path: Path) -> Iterator[Finding]:
    """Keys that this kind does not heed."""
    for field in fields(Trouble):
        name = field.name
        if name != "kind" and name not in kind.keys and getattr(trouble, name) != field.default:
            if name == "call":
                said = f"{trouble.kind} strikes no calls"
            elif name == "on":
                said = f"{trouble.kind} strikes whatever there is"
            else:
                said = f"{trouble.kind} takes no {name}"
            yield "R615", said, (*path, name), f"take `{name}` out", True


def _whom_and_when(trouble: Trouble, kind: FaultKind, path: Path) -> Iterator[Finding]:
    if kind.needs_on and not trouble.on:
        said = f"{trouble.kind} does not say what it strikes"
        yield "R615", said, path, f"add on: the name of {_WHOM[kind.strikes]}", True
    if trouble.kind == "port_taken" and not trouble.amount:
        yield "R615", "port_taken does not say which port", path, "add amount: 8080", True
    if trouble.kind == "edit" and not trouble.field:
        yield "R615", "edit does not say which field", path, "add field: and value:", True
    if kind.is_timed and trouble.at is None and not trouble.call:
        hint = "add at: 90s, or call: create and the nth of them"
        yield "R615", f"{trouble.kind} strikes at a time, or at a call", path, hint, True
    if (kind.is_timed or kind.strikes == "reconciler") and trouble.at is not None and trouble.call:
        said = f"{trouble.kind} strikes at a time or at a call, and not at both"
        yield "R615", said, (*path, "call"), "take one of them out", True
    if kind.is_timed and trouble.every and trouble.at is None:
        said = f"{trouble.kind} has no time from which it comes every so often"
        yield "R615", said, (*path, "every"), "add at: 90s", True
    if trouble.nth == 0 and (kind.is_timed or kind.strikes == "reconciler"):
        said = f"{trouble.kind} cannot strike at each call"
        yield "R615", said, (*path, "nth"), "say which, from 1", True


def _lasting(trouble: Trouble, kind: FaultKind, path: Path) -> Iterator[Finding]:
    if kind.lasting in ("must", "delay") and not trouble.lasting:
        yield "R615", f"{trouble.kind} lasts no time", path, "add lasting: 30s", True
    befalls = not kind.is_timed and kind.strikes != "reconciler" and kind.lasting != "delay"
    if befalls and trouble.lasting and trouble.at is None:
        said = f"{trouble.kind} does not say from when it lasts"
        yield "R615", said, (*path, "lasting"), "add at: 90s", True


def _call(trouble: Trouble, scenario: Scenario, path: Path) -> Iterator[Finding]:
    if not trouble.call or "call" not in FAULT_KINDS[trouble.kind].keys:
        return
    if trouble.call not in CALLS:
        hint = nearest(trouble.call, CALLS) or f"calls are {listed(CALLS)}"
        yield "R607", f"no call is {trouble.call!r}", (*path, "call"), hint, True
    elif scenario.target == "kubernetes" and trouble.call not in NATIVE_CALLS:
        said = f"no {trouble.call} is ever sent to a cluster"
        hint = f"calls to a cluster are {listed(NATIVE_CALLS)}"
        yield "R615", said, (*path, "call"), hint, True


def _in_time(trouble: Trouble, lasts: int, at: int, path: Path) -> Iterator[Finding]:
    if at >= lasts:
        said = f"the {trouble.kind} at {format_duration(at)} never comes: the scenario lasts "
        yield "R614", said + format_duration(lasts), (*path, "at"), "", True
    elif at + trouble.lasting > lasts:
        end, whole = format_duration(at + trouble.lasting), format_duration(lasts)
        said = f"the {trouble.kind} lasts until {end}, the scenario {whole}"
        yield "R614", said, (*path, "lasting"), "", False

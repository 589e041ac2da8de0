"""How apps behave: what a scenario gives, what logs measured, and what is assumed.

No engine reports these. Whatever a profile leaves out has a value all the same, and a report
lists it as assumed before anything else.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from reconciler.model.rehearsal import Assumption, Origin
from reconciler.model.scenario import Profile, Scenario
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.model.units import format_duration, format_size
from reconciler.sim.behaviour import SERVICE, Behaviour

# Profile field → Behaviour field, where the value is the same.
_SAME = {
    "start": "start_ns", "ready": "ready_ns", "stop": "stop_ns", "before_ready": "before_ready",
    "on_stop": "on_stop", "drain": "drain_ns", "closes_sessions": "closes_sessions",
    "ignores_stop": "ignores_stop", "concurrency": "concurrency", "backlog": "backlog",
    "cold": "cold_ns", "cpu_per_request": "cpu_per_request_ns", "memory": "memory_bytes",
    "memory_per_request": "memory_per_request", "hang_after": "hang_after_ns",
    "crash_after": "crash_after_ns",
}  # fmt: skip

# What a reader must know of, with how it is called in a report.
_TOLD = {
    "start": "time until the process runs", "ready": "time until it answers",
    "stop": "time from its last answer to its end", "on_stop": "on the stop signal it will",
    "drain": "longest it finishes what is in flight", "concurrency": "requests at once",
}  # fmt: skip

_NOTHING = {"concurrency": "as many as come", "drain": "not at all"}


def behaviour_of(service: Service, profile: Profile) -> Behaviour:
    """How instances of a service behave; its own termination fills what the profile leaves out."""
    given = {
        field: getattr(profile, name)
        for name, field in _SAME.items()
        if getattr(profile, name) is not None
    }
    if profile.drain is None:
        given["drain_ns"] = service.termination.drain
    if profile.cold_factor is not None:
        given["cold_permille"] = round(profile.cold_factor * 1000)
    if profile.needs:
        given["needs"] = tuple(sorted(profile.needs.items()))
    if given.get("on_stop") == "exit":
        given["drain_ns"] = 0
    return replace(SERVICE, **given)


def assumptions_of(
    scenario: Scenario, stack: Stack, facts: Sequence[Assumption] = (),
    measured: Collection[str] = (),
) -> tuple[Assumption, ...]:  # fmt: skip
    """Every value that matters and that no engine tells, assumed ones first.

    `facts` were found on the target; `measured` names the values of profiles that were, as
    ``web.ready``.
    """
    found = [
        *_profiles(scenario, stack, measured), *_traffic(scenario), *_named(scenario), *facts
    ]  # fmt: skip
    order: dict[Origin, int] = {"assumed": 0, "given": 1, "measured": 2}
    return tuple(sorted(found, key=lambda each: order[each.origin]))


def _profiles(
    scenario: Scenario, stack: Stack, measured: Collection[str]
) -> Iterator[Assumption]:  # fmt: skip
    for name, service in sorted(stack.declared.services.items()):
        if service.routing is None and name not in scenario.behaviour:
            continue
        profile = scenario.behaviour.get(name, Profile())
        behaviour = behaviour_of(service, profile)
        for field, what in _TOLD.items():
            value = getattr(behaviour, _SAME[field])
            origin: Origin = "assumed" if getattr(profile, field) is None else "given"
            if field == "drain" and origin == "assumed" and service.termination.drain:
                origin = "given"
            if f"{name}.{field}" in measured:
                origin = "measured"
            text = _NOTHING.get(field, _text(value)) if value == 0 else _text(value)
            yield Assumption(f"{name}: {what}", text, origin)


def _traffic(scenario: Scenario) -> Iterator[Assumption]:
    for flow in scenario.traffic:
        if flow.rate is not None:
            origin: Origin = "measured" if flow.rate.log else "given"
            yield Assumption(f"{flow.service}: requests", _spoken(flow.rate), origin)
        if flow.service_time is None:
            yield Assumption(f"{flow.service}: time of a request", "exponential 20ms", "assumed")
        else:
            time = flow.service_time
            origin = "measured" if time.log or time.measured else "given"
            yield Assumption(f"{flow.service}: time of a request", _spoken(time), origin)
        if flow.sessions is not None:
            text = f"{_spoken(flow.sessions.rate)} a second, for {_spoken(flow.sessions.length)}"
            yield Assumption(f"{flow.service}: connections that last", text, "given")


def _named(scenario: Scenario) -> Iterator[Assumption]:
    for text in scenario.assumes:
        yield Assumption("the scenario", text, "given")


def _spoken(noun: Any) -> str:
    """What of a noun was said: ``poisson 200``."""
    said = []
    for name in noun.__dataclass_fields__:
        value, default = getattr(noun, name), noun.__dataclass_fields__[name].default
        if value in (None, "", ()) or value == default:
            continue
        text = f"{len(value)} values" if isinstance(value, tuple) else _text(value)
        said.append(f"{name} {text}")
    return ", ".join(said)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and value >= 1_000_000:
        return format_duration(value) if value % 1_000_000 == 0 else format_size(value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)

"""What a report rests on: every value that no engine tells, and who vouches for it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from reconciler.model.rehearsal import Assumption, Origin
from reconciler.model.scenario import Clients, Profile, Retries, Scenario
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.model.traffic import Routing
from reconciler.model.units import format_duration, format_size
from reconciler.rehearsal.profiles import SAME, behaviour_of
from reconciler.rehearsal.routes import edge_of

# What a reader must know of, with how it is called in a report.
_TOLD = {
    "start": "time until the process runs", "ready": "time until it answers",
    "stop": "time from its last answer to its end", "on_stop": "on the stop signal it will",
    "drain": "longest it finishes what is in flight", "concurrency": "requests at once",
}  # fmt: skip

_MEMORY = {
    "memory": "memory at its start", "memory_per_request": "memory that each request leaks",
    "memory_growth": "memory that it takes more each second",
}  # fmt: skip
# What of a routing decides where requests go, or what they look like, before one is chosen.
_UNROUTED = (
    "host", "path", "port", "websocket", "session_longest", "forward_auth", "strip_prefix",
    "fallback", "internal",
)  # fmt: skip

_NOTHING = {"concurrency": "as many as come", "drain": "not at all"}


def assumptions_of(
    scenario: Scenario, stack: Stack, facts: Sequence[Assumption] = (),
    measured: Collection[str] = (),
) -> tuple[Assumption, ...]:  # fmt: skip
    """Every value that matters and that no engine tells, assumed ones first.

    `facts` were found on the target; `measured` names the values of profiles that were, as
    ``web.ready``.
    """
    found = [
        *_profiles(scenario, stack, measured), *_edges(scenario, stack), *_traffic(scenario),
        *_named(scenario), *facts,
    ]  # fmt: skip
    order: dict[Origin, int] = {"assumed": 0, "given": 1, "measured": 2}
    return tuple(sorted(found, key=lambda each: order[each.origin]))


def beginnings(
    scenario: Scenario, start: Stack, stacks: Sequence[Stack], *, is_seen: bool
) -> Iterator[Assumption]:
    """What is taken for so before the change too, though only what comes after it is known.

    An engine tells how long it lets an instance end (`is_seen`), and not how the app drains, nor
    how its edge routes requests. An edge stays of its kind; and of some of what it does with
    requests nothing is simulated.
    """
    for name, service in sorted((stacks[-1] if stacks else start).declared.services.items()):
        if service.routing is None:
            continue
        before = start.declared.services.get(name)
        if is_seen and service.termination.drain:
            text = format_duration(service.termination.drain)
            yield Assumption(
                f"{name}: what runs drains for as long as the state says", text, "assumed"
            )
        if is_seen:
            text = "as the state says"
            yield Assumption(f"{name}: how requests to what runs are routed", text, "assumed")
        if before is None:
            continue
        edges = [
            edge_of(scenario, stack, stack.declared.services[name])
            for stack in (start, *stacks)
            if name in stack.declared.services
        ]
        if len({(edge.kind, edge.membership) for edge in edges}) > 1:
            text = "as after the last change, from the beginning"
            yield Assumption(f"{name}: the kind of edge before it", text, "assumed")
        if unseen := _unseen(before.routing or Routing(), service.routing):
            text = "changes nothing of what is simulated"
            yield Assumption(f"{name}: another {' and '.join(unseen)}", text, "assumed")


def _unseen(before: Routing, after: Routing) -> list[str]:
    """What differs of two routings and has no part in a simulation."""
    found = [f"routing.{n}" for n in _UNROUTED if getattr(before, n) != getattr(after, n)]
    return found + [
        f"routing.timeouts.{name}"
        for name in ("connect", "idle")
        if getattr(before.timeouts, name) != getattr(after.timeouts, name)
    ]


def _profiles(
    scenario: Scenario, stack: Stack, measured: Collection[str]
) -> Iterator[Assumption]:  # fmt: skip
    for name, service in sorted(stack.declared.services.items()):
        if service.routing is None and name not in scenario.behaviour:
            continue
        profile = scenario.behaviour.get(name, Profile())
        behaviour = behaviour_of(service, profile)
        for field, what in _TOLD.items():
            value = getattr(behaviour, SAME[field])
            origin: Origin = "assumed" if getattr(profile, field) is None else "given"
            if field == "drain" and origin == "assumed" and service.termination.drain:
                origin = "given"
            if f"{name}.{field}" in measured:
                origin = "measured"
            text = _NOTHING.get(field, _text(value)) if value == 0 else _text(value)
            if field == "concurrency" and _is_bound(service, profile):
                text, origin = "as many as its CPU limit lets it", "given"
            yield Assumption(f"{name}: {what}", text, origin)
        if profile.speeds:
            text = ", ".join(f"{speed:g}" for speed in profile.speeds)
            yield Assumption(f"{name}: speed of each instance", text, "given")
        for field, what in _MEMORY.items():
            if (size := getattr(profile, field)) is not None:
                yield Assumption(f"{name}: {what}", format_size(size), "given")
        if profile.limit is not None:
            text = _spoken(profile.limit)
            yield Assumption(f"{name}: rate limit of each instance", text, "given")


def _is_bound(service: Service, profile: Profile) -> bool:
    """Whether only a CPU limit bounds its requests at once (`Behaviour.room`)."""
    has_both = bool(profile.cpu_per_request) and service.resources.limits.cpu is not None
    return has_both and profile.concurrency is None


def _edges(scenario: Scenario, stack: Stack) -> Iterator[Assumption]:
    """What stands before a service, and how soon it hears of what changes."""
    edge = stack.declared.edge
    # Of a foreign one the state says how it asks, and not whose rules it follows.
    is_known = scenario.edge is not None or scenario.target == "kubernetes"
    is_known = is_known or edge is None or edge.kind != "foreign"
    for name in dict.fromkeys(flow.service for flow in scenario.traffic):
        service = stack.declared.services.get(name)
        if service is None:
            continue
        rules = edge_of(scenario, stack, service)
        text = f"{rules.kind}, asks nobody whether it is well"
        if rules.active:
            every = format_duration(rules.interval)
            text = (
                f"{rules.kind}, asks every {every}, in after {rules.rise}, out after {rules.fall}"
            )
        if rules.lag:
            text += f", hears of changes {format_duration(rules.lag)} later"
        yield Assumption(f"{name}: what stands before it", text, "given" if is_known else "assumed")


def _traffic(scenario: Scenario) -> Iterator[Assumption]:
    """Who asks, how often, and how long it takes. What nobody has written is assumed."""
    given: Origin = "given" if scenario.state else "assumed"
    for flow in scenario.traffic:
        name = flow.service
        if flow.rate is not None:
            yield Assumption(
                f"{name}: requests", _spoken(flow.rate), "measured" if flow.rate.log else given
            )
        if flow.service_time is None:
            yield Assumption(f"{name}: time of a request", "exponential 20ms", "assumed")
        else:
            time = flow.service_time
            origin: Origin = "measured" if time.log or time.measured else given
            yield Assumption(f"{name}: time of a request", _spoken(time), origin)
        if flow.sessions is not None:
            sessions, what = flow.sessions, "connections that last"
            text = f"{_spoken(sessions.rate)} a second, for {_spoken(sessions.length)}"
            if sessions.kind == "affine":
                text += f", a request each {format_duration(sessions.every)}"
                what = "sessions"
            yield Assumption(f"{name}: {what}", text, given)
        who = flow.clients
        text = f"{who.count} in {who.network}"
        yield Assumption(f"{name}: clients", text, "assumed" if who == Clients() else given)
        tries = f"{flow.retries.most} more" if flow.retries.most else "no more"
        origin = "assumed" if flow.retries == Retries() else given
        yield Assumption(f"{name}: tries of a client", tries, origin)


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
        text = _range(value) if isinstance(value, tuple) else _text(value)
        said.append(text if name == "measured" else f"{name} {text}")
    return ", ".join(said)


def _range(values: tuple[int, ...]) -> str:
    return f"{len(values)} values from {_text(min(values))} to {_text(max(values))}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and value >= 1_000_000:
        return format_duration(value) if value % 1_000_000 == 0 else format_size(value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)

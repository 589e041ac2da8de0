"""The scenario of a rehearsal for which nobody has written one: everything in it is assumed."""

from collections.abc import Collection

from reconciler.model.scenario import Clients, Flow, Rate, Scenario, Sessions, Spread
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.model.units import NS_PER_MS, NS_PER_S

CHANGE_NS = 60 * NS_PER_S
REQUESTS_PER_S = 50.0
MEAN_NS = 50 * NS_PER_MS
SESSIONS_PER_S = 0.5
SESSION_NS = 600 * NS_PER_S
PARTS = 20  # into which the longest connection is cut
SHORTEST_NS = 300 * NS_PER_S
DRAINS_NS = 3 * 3600 * NS_PER_S  # most that is added for drains
CHECKS = ("dropped <= 0", "sessions_cut <= 0", "converged")


def scenario_of(stack: Stack, routed: Collection[str] = ()) -> Scenario:
    """Requests to every routed service, and connections where it says that they last.

    `routed` are services that get traffic though the state does not say so.
    """
    flows = tuple(
        _flow(name, service)
        for name, service in sorted(stack.declared.services.items())
        if service.routing is not None
        or name in routed
        or any(p.host is not None for p in service.ports)
    )
    slowest_ns = max(
        (_replaced_ns(service) for service in stack.declared.services.values()), default=0
    )
    lasts_ns = CHANGE_NS + max(SHORTEST_NS, 2 * slowest_ns)
    return Scenario(state="", traffic=flows, checks=CHECKS, lasts=lasts_ns)


def _flow(name: str, service: Service) -> Flow:
    routing = service.routing
    sessions = None
    if routing is not None and (routing.websocket or routing.session_longest):
        length = Spread(exponential=SESSION_NS)
        if longest_ns := routing.session_longest:  # none lasts longer, and any is as likely
            length = Spread(measured=tuple(longest_ns * n // PARTS for n in range(1, PARTS + 1)))
        sessions = Sessions(rate=Rate(poisson=SESSIONS_PER_S), length=length)
    return Flow(
        service=name, rate=Rate(poisson=REQUESTS_PER_S), service_time=Spread(exponential=MEAN_NS),
        clients=Clients(), sessions=sessions,
    )  # fmt: skip


def _replaced_ns(service: Service) -> int:
    """How long it may take to replace all instances, one after the other.

    Where clients are tied to an instance its drain lasts as long as they may come again.
    """
    routing = service.routing
    drain = 0
    if routing is not None and routing.affinity is not None:
        drain = min(routing.drain, routing.affinity.timeout + SESSION_NS)
    each = service.termination.grace + _ready_ns(service)
    return service.wanted * each + min(service.wanted * drain, DRAINS_NS)


def _ready_ns(service: Service) -> int:
    probe = service.readiness
    asked = probe.delay + probe.period * (probe.successes + 1) if probe is not None else 0
    return asked + service.rollout.min_ready + 10 * NS_PER_S

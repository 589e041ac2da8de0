"""Checks of routing: affinity, routes, weights, calls between services, rate limits."""

from collections.abc import Iterator

from reconciler.model.peak import most_of
from reconciler.model.stack import Stack
from reconciler.model.units import format_duration
from reconciler.spec.checks.base import Check, Finding, workloads


def _sessions_scattered(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        routing = service.routing
        if routing is None or routing.affinity is not None or routing.strategy == "ip_hash":
            continue
        if (routing.websocket or routing.session_longest is not None) and most_of(service) > 1:
            what = "websockets" if routing.websocket else "sessions"
            yield Finding(
                ("services", name, "routing"),
                f"service/{name} keeps {what} on {most_of(service)} instances, and nothing ties a "
                "client to one of them",
            )


def _affinity_broken(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        routing = service.routing
        if routing is None or routing.affinity is None or routing.strategy != "ip_hash":
            continue
        if routing.affinity.by != "client_ip":
            yield Finding(
                ("services", name, "routing", "strategy"),
                f"service/{name}: ip_hash chooses by address, and affinity by "
                f"{routing.affinity.by}",
            )


def _affinity_unnamed(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        affinity = service.routing.affinity if service.routing is not None else None
        if affinity is None or affinity.name:
            continue
        if affinity.by in ("cookie", "header", "query"):
            yield Finding(
                ("services", name, "routing", "affinity"),
                f"service/{name}: affinity by {affinity.by} without the {affinity.by}'s name",
            )


def _affinity_ends_early(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        routing = service.routing
        if routing is None or routing.affinity is None or routing.session_longest is None:
            continue
        if routing.affinity.timeout < routing.session_longest:
            yield Finding(
                ("services", name, "routing", "affinity", "timeout"),
                f"service/{name}: a session lasts up to "
                f"{format_duration(routing.session_longest)}, and its tie ends after "
                f"{format_duration(routing.affinity.timeout)} of idling",
            )


def _route_without_port(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        if service.routing is None or service.routing.port is not None or service.ports:
            continue
        yield Finding(("services", name, "routing"), f"service/{name} has a route and no port")


def _same_route(stack: Stack) -> Iterator[Finding]:
    owners: dict[tuple[str, str], str] = {}
    for name, service in stack.declared.services.items():
        if service.routing is None:
            continue
        host = service.routing.host.lower()
        path = "/" + service.routing.path.strip("/")
        owner = owners.setdefault((host, path), name)
        if owner != name:
            yield Finding(
                ("services", name, "routing", "path"),
                f"service/{name} and service/{owner} have one route: {host or 'any host'}, {path}",
            )


def _weights_uncounted(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        weights = service.weights
        if not weights:
            continue
        path = ("services", name, "weights")
        if len(weights) != most_of(service):
            yield Finding(
                path,
                f"service/{name} has {len(weights)} weights for {most_of(service)} instances",
            )
        elif not any(weights):
            yield Finding(path, f"service/{name} has weights that send nobody anywhere")


def _weights_unused(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        weighted = service.routing is not None and service.routing.strategy == "weighted"
        if service.weights and not weighted:
            yield Finding(
                ("services", name, "weights"),
                f"service/{name} has weights, and its strategy is not `weighted`",
                "set routing.strategy to weighted, or take the weights out",
            )
        elif weighted and not service.weights:
            yield Finding(
                ("services", name, "routing", "strategy"),
                f"service/{name} is routed by weights and has none",
                "give weights, one for each instance, or use round_robin",
            )


def _calls_beside_the_edge(stack: Stack) -> Iterator[Finding]:
    callers: dict[str, str] = {}
    for section, name, workload in workloads(stack):
        if section == "services":
            for text in workload.depends_on:
                callers.setdefault(text, name)
    if not callers:
        return
    for name, service in stack.declared.services.items():
        if service.routing is None or service.routing.internal:
            continue
        caller = callers.get(f"service/{name}")
        if caller is not None:
            yield Finding(
                ("services", name, "routing", "internal"),
                f"service/{caller} depends on service/{name} and calls it past the edge",
            )


def _zone_status(stack: Stack) -> Iterator[Finding]:
    for name, zone in stack.declared.zones.items():
        if zone.enabled and zone.status != 429:
            yield Finding(
                ("zones", name, "status"), f"zone {name} answers {zone.status} to what exceeds it"
            )


CHECKS = (
    Check(
        code="R230",
        title="Sessions without affinity on several instances.",
        severity="warning",
        why="A reconnect or the next request of a session goes to another instance, which does "
        "not know it. Whether the state is shared elsewhere is not seen from here.",
        fix="add routing.affinity, or use ip_hash; with shared state, a waiver",
        find=_sessions_scattered,
    ),
    Check(
        code="R231",
        title="The strategy breaks the affinity.",
        severity="error",
        why="Two keys cannot both choose: nginx refuses ip_hash beside another method, and "
        "HAProxy lets a cookie win, so one of the two is never followed.",
        fix="use least_connections or round_robin with this affinity, or affinity by client_ip",
        source="nginx, ngx_http_upstream_module; HAProxy, configuration manual",
        find=_affinity_broken,
    ),
    Check(
        code="R232",
        title="Affinity by something that has no name.",
        severity="error",
        why="Without the name of the cookie, header or query key there is nothing to look at.",
        fix="set routing.affinity.name",
        find=_affinity_unnamed,
    ),
    Check(
        code="R233",
        title="The tie to an instance ends before the session.",
        severity="warning",
        why="A session that idles longer than affinity.timeout is moved while it lasts. It may "
        "never idle that long, so this is a warning.",
        fix="make routing.affinity.timeout at least routing.session_longest",
        find=_affinity_ends_early,
    ),
    Check(
        code="R234",
        title="A route leads to no port.",
        severity="error",
        why="The edge cannot reach a service without knowing its port.",
        fix="give the service a port, or set routing.port",
        find=_route_without_port,
    ),
    Check(
        code="R235",
        title="Two services have one route.",
        severity="error",
        why="The longest prefix wins; between equal ones nothing decides, and one of the two "
        "gets no request.",
        fix="give one of them another host or path",
        find=_same_route,
    ),
    Check(
        code="R236",
        title="The weights do not match the instances.",
        severity="error",
        why="Weights are by ordinal; an instance without one has no share that anybody chose. "
        "With autoscale there must be one for each up to its maximum.",
        fix="give one weight for each instance, not all 0",
        find=_weights_uncounted,
    ),
    Check(
        code="R237",
        title="Weights and strategy do not go together.",
        severity="warning",
        why="Weights count with the strategy `weighted` alone, which without weights is "
        "round_robin.",
        fix="use both or neither",
        find=_weights_unused,
    ),
    Check(
        code="R238",
        title="Calls between services go past the edge.",
        severity="warning",
        why="That no request is lost is promised for what the edge routes. A service that calls "
        "another by its name keeps connections to instances that are about to go.",
        fix="set routing.internal on the service that is called",
        find=_calls_beside_the_edge,
    ),
    Check(
        code="R239",
        title="A rate limit does not answer 429.",
        severity="warning",
        why="429 tells a client to wait. Any other status (nginx answers 503) looks like a "
        "failure, to clients that retry and to whoever counts errors.",
        fix="set the zone's status to 429",
        source="RFC 6585, section 4; nginx, limit_req_status",
        find=_zone_status,
    ),
)

"""A service's routing, as the edge before it acts on it: from the state to a kernel's rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.model.fields import native_fields
from reconciler.model.observed import Fields
from reconciler.model.resource import ResourceKey
from reconciler.model.scenario import EdgeModel, Scenario
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.model.traffic import Routing
from reconciler.sim.cluster import canonical
from reconciler.sim.edge import EdgeRules, rules_of
from reconciler.sim.traffic.kernel import (
    BY_ADDRESS,
    CLIENT_IP,
    COOKIE,
    EVERYONE,
    HASH_KEY,
    IP_HASH_NGINX,
    KUBE_RANDOM,
    LEAST_CONN,
    LEAST_CONN_HAPROXY,
    NONE,
    RANDOM,
    RANDOM_HAPROXY,
    ROUND_ROBIN,
    ROUND_ROBIN_HAPROXY,
    SOURCE_HAPROXY,
    SOURCE_HAPROXY_RING,
    WEIGHTED,
)
from reconciler.sim.traffic.load import Load
from reconciler.sim.traffic.rerouting import Turn
from reconciler.sim.traffic.route import Route

# A service's strategy, as each kind of edge has it.
STRATEGIES = {
    "haproxy": {
        "round_robin": ROUND_ROBIN_HAPROXY, "weighted": ROUND_ROBIN_HAPROXY,
        "least_connections": LEAST_CONN_HAPROXY, "random": RANDOM_HAPROXY,
        "ip_hash": SOURCE_HAPROXY,
    },
    "nginx": {
        "round_robin": WEIGHTED, "weighted": WEIGHTED, "least_connections": LEAST_CONN,
        "random": RANDOM, "ip_hash": IP_HASH_NGINX,
    },
    "alb": {
        "round_robin": ROUND_ROBIN, "weighted": WEIGHTED, "least_connections": LEAST_CONN,
        "random": RANDOM, "ip_hash": ROUND_ROBIN,
    },
}  # fmt: skip
AFFINITIES = {
    "cookie": COOKIE, "client_ip": CLIENT_IP, "header": HASH_KEY, "query": HASH_KEY,
    "path": HASH_KEY,
}  # fmt: skip


def version_of(scenario: Scenario) -> tuple[int, int] | None:
    """The cluster's version; None on Docker."""
    if scenario.target != "kubernetes":
        return None
    major, _, minor = scenario.kubernetes_version.partition(".")
    return int(major), int(minor or 0)


def edge_of(scenario: Scenario, stack: Stack, service: Service) -> EdgeRules:
    """The rules of what stands before a service: the scenario's edge, or the state's own."""
    model = scenario.edge
    if model is None:
        model = _declared_edge(scenario, stack)
    published = any(port.host is not None for port in service.ports)
    return rules_of(model, published=published, kubernetes=version_of(scenario))


def _declared_edge(scenario: Scenario, stack: Stack) -> EdgeModel:
    """What the state says of its edge. A foreign one that asks is taken for nginx Plus."""
    if scenario.target == "kubernetes":
        return EdgeModel(kind="kube-proxy")
    edge = stack.declared.edge
    if edge is None or edge.kind != "foreign":
        return EdgeModel(kind="haproxy")
    if edge.passive_only:
        return EdgeModel(kind="nginx", active=False)
    return EdgeModel(
        kind="nginx", active=True, interval=edge.check_interval, fall=edge.check_failures, rise=1
    )


@dataclass(frozen=True, slots=True)
class Stages:
    """A service in each of the stacks that a run passes through, and what stands before it.

    An edge stays of its kind and knows of instances in its way from the beginning: of those it
    is the one of the last stack that has the service.
    """

    scenario: Scenario
    stacks: Sequence[Stack]
    name: str

    @property
    def having(self) -> list[int]:
        """The stages that have the service."""
        return [n for n, s in enumerate(self.stacks) if self.name in s.declared.services]

    def service(self, stage: int) -> Service:
        """The service there."""
        return self.stacks[stage].declared.services[self.name]

    def rules(self, stage: int) -> EdgeRules:
        """The edge's rules there."""
        stack, last = self.stacks[stage], self.having[-1]
        there = edge_of(self.scenario, stack, self.service(stage))
        then = edge_of(self.scenario, self.stacks[last], self.service(last))
        same = (there.kind, there.membership) == (then.kind, then.membership)
        return there if same else then

    def route(self, stage: int) -> Route:
        """What the edge does there."""
        return route_of(self.stacks[stage], self.service(stage), self.rules(stage))

    def turn(self, stage: int) -> Turn:
        """What changes with that stage."""
        written = self._written(stage) if self.scenario.target == "kubernetes" else None
        return Turn(stage, self.route(stage), self.rules(stage), written)

    def _written(self, stage: int) -> Fields:
        """What is written of the service's object, but for what others may write too."""
        key = ResourceKey("service", self.name)
        there = canonical(native_fields(self.stacks[stage], key))
        before: Fields = {}
        if stage - 1 in self.having:
            before = canonical(native_fields(self.stacks[stage - 1], key))
        paths = sorted({*there, *before} - {"replicas"})
        return {p: there.get(p) for p in paths if there.get(p) != before.get(p)}


def reroute(load: Load, scenario: Scenario, stacks: Sequence[Stack], stage: int) -> None:
    """Let traffic be routed as the stack of this stage says, once its edges act on it."""
    for name in dict.fromkeys(flow.service for flow in scenario.traffic):
        stages = Stages(scenario, stacks, name)
        loaded = load.flows.get(ResourceKey("service", name))
        if loaded is None or stage not in stages.having:
            continue
        turn, flow = stages.turn(stage), loaded.flow
        if (turn.route, turn.rules) != (flow.wanted.route, flow.wanted.rules):
            flow.turn(turn)


def route_of(stack: Stack, service: Service, rules: EdgeRules) -> Route:
    """What an edge of these rules makes of a service's routing."""
    routing = service.routing or Routing()
    zone, limit = _limit(stack, routing)
    affinity = routing.affinity
    made = Route(
        _rule(service, rules), patience=routing.timeouts.request, zone=zone, limit=limit,
        weights=service.weights,
    )  # fmt: skip
    # kube-proxy sees connections and no requests: it keeps clients by their address alone.
    keeps = rules.kind != "kube-proxy" or (affinity is not None and affinity.by == "client_ip")
    if affinity is None or not keeps or _by_address(routing, rules):
        return made
    tied_by = "" if affinity.by == "client_ip" else f"{affinity.by} {affinity.name}"
    return replace(
        made, affinity=AFFINITIES[affinity.by], tied_by=tied_by, tied_for=affinity.timeout
    )


def hashes(routing: Routing, rules: EdgeRules) -> bool:
    """Whether nothing but the hash of its address brings a client back where it was."""
    if routing.affinity is None:
        return routing.strategy == "ip_hash" and rules.kind != "kube-proxy"
    return _by_address(routing, rules)


def _by_address(routing: Routing | None, rules: EdgeRules) -> bool:
    """nginx has no table of addresses: what ties a client by its address there is `ip_hash`."""
    affinity = routing.affinity if routing is not None else None
    return rules.kind == "nginx" and affinity is not None and affinity.by == "client_ip"


def _rule(service: Service, rules: EdgeRules) -> int:
    if rules.kind == "kube-proxy":
        return KUBE_RANDOM
    if _by_address(service.routing, rules):
        return IP_HASH_NGINX
    strategy = service.routing.strategy if service.routing is not None else "round_robin"
    rule = STRATEGIES[rules.kind][strategy]
    if rule == SOURCE_HAPROXY and rules.membership == "announced":
        return SOURCE_HAPROXY_RING  # servers added at run time ask for `hash-type consistent`
    return rule


def _limit(stack: Stack, routing: Routing) -> tuple[str, tuple[int, int, int]]:
    """The zone that a route names, and its rate limit, where it is enforced."""
    zone = stack.declared.zones.get(routing.zone) if routing.zone else None
    if zone is None or not zone.enabled:
        return "", (NONE, 0, 0)
    by = BY_ADDRESS if zone.by == "client_ip" else EVERYONE
    return routing.zone or "", (by, round(zone.rate_per_s * 1000), zone.burst)

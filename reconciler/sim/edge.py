"""Kinds of edge, as data: how each hears of endpoints, asks after them, and treats failures.

An edge is what clients reach: it chooses an instance for every request by rules of its own
(`reconciler.sim.traffic.kernel` has the arithmetic) and knows of instances only what it has
heard or asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from reconciler.model.scenario import EdgeKind, EdgeModel
from reconciler.model.units import NS_PER_MS, NS_PER_S

# How it comes to know of an instance.
#   announced  the reconciler tells it, in drain until its check passes (an edge of ours)
#   registered somebody's discovery tells it, with a lag (Kubernetes' endpoints, a target group)
#   static     its addresses are written down: one place for each ordinal, whoever is there
Membership = Literal["announced", "registered", "static"]


@dataclass(frozen=True, slots=True)
class EdgeRules:
    """One edge's rules. Times are ns.

    `active`: it asks after each instance once an `interval`; `rise` passes in a row let it in,
    `fall` failures put it out. `first_decides`: of one that it has just heard of the first check
    alone decides, one interval later. `new_is_up`: that one counts as up until then, and the
    checks of a configuration's servers are spread over the first interval, in their order.
    `lag`: from a change of the endpoints until it acts on it. `tries`: further
    instances that a request whose connection was refused is given to. `max_fails` within
    `fail_timeout` put an instance out for that long by what requests meet. `falls_back`: with
    no ready endpoint it uses those that still serve while they end. `queue`: requests that
    wait where no instance has room.
    """

    kind: EdgeKind
    membership: Membership
    active: bool
    interval: int = 2 * NS_PER_S
    timeout: int = NS_PER_S
    rise: int = 2
    fall: int = 3
    first_decides: bool = False
    new_is_up: bool = False
    lag: int = 0
    tries: int = 0
    max_fails: int = 0
    fail_timeout: int = 10 * NS_PER_S
    falls_back: bool = False
    queue: int = 0
    strategies: Mapping[str, str] | None = None


# HAProxy: `inter` 2 s, `rise` 2, `fall` 3, `timeout check` by default that of connect
# (configuration manual, 5.2); a new server is "UP 1/3" or "DRAIN 1/3" until its first check, and
# wholly up or down from then on (seen with 2.6; tests/live/balancing/test_checks.py);
# `option redispatch` and `retries 3`.
# nginx: `max_fails` 1, `fail_timeout` 10 s; `proxy_next_upstream error timeout` goes on to each
# other server (ngx_http_upstream_module, ngx_http_proxy_module); no active check without Plus.
# kube-proxy: endpoints of a Service, no check and no retry of its own; the lag is that of the
# EndpointSlice controller and of the next sync of its rules.
# ALB: interval, thresholds and lag as its target groups have them by default (30 s, 5 and 2;
# systems' guides ask for 5 s, 2 and 1), deregistration takes a moment to spread.
KINDS: Mapping[EdgeKind, EdgeRules] = {
    "haproxy": EdgeRules("haproxy", "announced", active=True, first_decides=True, tries=3),
    "nginx": EdgeRules("nginx", "static", active=False, tries=15, max_fails=1),
    "kube-proxy": EdgeRules(
        "kube-proxy", "registered", active=False, lag=NS_PER_S, falls_back=True
    ),
    "alb": EdgeRules(
        "alb", "registered", active=True, interval=30 * NS_PER_S, timeout=5 * NS_PER_S,
        rise=5, fall=2, lag=3 * NS_PER_S,
    ),
}  # fmt: skip


def rules_of(model: EdgeModel, *, published: bool, kubernetes: tuple[int, int] | None) -> EdgeRules:
    """The rules of an edge that a scenario describes.

    `published`: the instances hold host ports of their own, so that their addresses stay.
    `kubernetes` is the cluster's version, None on Docker: there endpoints are registered,
    whatever reads them, and kube-proxy falls back to ending ones from 1.26 on (KEP-1669).
    """
    rules = KINDS[model.kind]
    given: dict[str, Any] = {
        "interval": model.interval, "rise": model.rise, "fall": model.fall,
        "active": model.active, "lag": model.lag, "tries": model.retries, "queue": model.queue,
    }  # fmt: skip
    rules = replace(rules, **{name: value for name, value in given.items() if value is not None})
    if kubernetes is not None:
        lag = rules.lag or NS_PER_S
        falls_back = rules.falls_back and kubernetes >= (1, 26)
        return replace(rules, membership="registered", lag=lag, falls_back=falls_back)
    if published:
        return replace(rules, membership="static")
    if model.kind != "haproxy":
        # Without addresses that stay, something must tell it: discovery by the engine's events.
        return replace(rules, membership="registered", lag=rules.lag or 500 * NS_PER_MS)
    return rules

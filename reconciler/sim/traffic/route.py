"""How an edge treats one service's requests, and what becomes of it as that changes.

A proxy that reads a new configuration starts new processes: they know of no connection, no turn
and no failure of before, while the old ones keep what they have until it ends (nginx: "Controlling
nginx", changing configuration; HAProxy: management guide, 4, "Stopping and restarting"). What ties
clients outlives that: a cookie is the client's, a table of HAProxy's is handed on by `peers`, a
zone of nginx' is shared memory. What balances by itself, a cluster's rules or a load balancer
that is rented, is changed where it stands, and keeps count of what it has.
"""

from dataclasses import dataclass

from reconciler.sim.edge import EdgeRules
from reconciler.sim.traffic.endpoints import Kernel
from reconciler.sim.traffic.kernel import (
    IP_HASH_NGINX,
    NONE,
    ROUND_ROBIN,
    SOURCE_HAPROXY,
    SOURCE_HAPROXY_RING,
)

HASHES = (IP_HASH_NGINX, SOURCE_HAPROXY, SOURCE_HAPROXY_RING)
RELOADED = ("nginx", "haproxy")


@dataclass(frozen=True, slots=True)
class Route:
    """What of a service's routing the kernel acts on. Times are ns.

    `affinity` is its kind and `tied_by` what it is looked for in; ties hold `tied_for`. After
    `patience` the edge answers 504. `limit` is that of `zone`: what it counts by, requests in
    1000 s, burst.
    """

    rule: int
    affinity: int = NONE
    tied_by: str = ""
    tied_for: int = 0
    patience: int = 0
    zone: str = ""
    limit: tuple[int, int, int] = (NONE, 0, 0)
    weights: tuple[int, ...] = ()

    @property
    def returns(self) -> tuple[object, ...]:
        """What brings a client back to where it was; empty where nothing does."""
        if self.affinity != NONE:
            return self.affinity, self.tied_by
        return (self.rule,) if self.rule in HASHES else ()

    def begin(self, kernel: Kernel, rules: EdgeRules) -> None:
        """Let a new kernel do so."""
        kernel.set_edge(
            rules.tries, rules.max_fails, rules.fail_timeout, rules.queue, self.patience
        )
        if self.affinity != NONE:
            kernel.set_affinity(self.affinity, self.tied_for)
        if self.limit[0] != NONE:
            kernel.set_rate_limit(*self.limit)

    def follow(self, before: "Route", kernel: Kernel, rules: EdgeRules) -> None:
        """Let a kernel that did as `before` do so from now on; weights are the slots' own."""
        anew = self.is_reload(before, rules)
        if anew or self.rule != before.rule or self.returns != before.returns:
            lost = bool(before.returns) and before.returns != self.returns
            kernel.set_rule(self.rule, anew, lost)
        if (self.affinity, self.tied_by) != (before.affinity, before.tied_by):
            kernel.set_affinity(self.affinity, self.tied_for)
        elif self.tied_for != before.tied_for:
            kernel.set_tie(self.tied_for)
        if self.patience != before.patience:
            kernel.set_patience(self.patience)
        if (self.zone, self.limit[0]) != (before.zone, before.limit[0]):
            kernel.set_rate_limit(NONE)
        if (self.zone, self.limit) != (before.zone, before.limit):
            kernel.set_rate_limit(*self.limit)

    def is_reload(self, before: "Route", rules: EdgeRules) -> bool:
        """Whether the edge needs a new process for it: an HAProxy of ours is told of weights."""
        if rules.kind not in RELOADED or self == before:
            return False
        others = [
            name for name in self.__slots__ if getattr(self, name) != getattr(before, name)
        ]  # fmt: skip
        return others != ["weights"] or rules.membership != "announced"


PLAIN = Route(ROUND_ROBIN)

"""What a cause is looked for in: a service as it is wanted, its edge, and how it behaves."""

from dataclasses import dataclass

from reconciler.model.lifecycle import Probe
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.sim.behaviour import SERVICE, Behaviour
from reconciler.sim.edge import EdgeRules

UNSEEN = EdgeRules("haproxy", "announced", active=False)  # of a service without traffic


@dataclass(frozen=True, slots=True)
class Scene:
    """What a cause is looked for in: the service as it is wanted, and its edge.

    `before` is the service as the instances `made_before` were made, where that is known: what
    ends with the change ends by their own times, and not by those of the state. `impatient`: its
    edge waits less long for answers than it did before, and nothing had run out of time then.
    """

    stack: Stack
    service: Service
    name: str
    rules: EdgeRules = UNSEEN
    behaviour: Behaviour = SERVICE
    before: Service | None = None
    made_before: frozenset[str] = frozenset()
    impatient: bool = False

    @property
    def key(self) -> ResourceKey:
        """The service."""
        return ResourceKey("service", self.name)

    @property
    def needed(self) -> list[str]:
        """The externals it depends on."""
        names = (name.removeprefix("external/") for name in self.service.depends_on)
        return [name for name in names if name in self.stack.declared.external]

    @property
    def one_for_both(self) -> bool:
        """Whether liveness asks what readiness asks: who is only not ready is restarted."""
        live, ready = self.service.liveness, self.service.readiness
        return live is not None and ready is not None and _asks(live) == _asks(ready)

    @property
    def alone(self) -> bool:
        """Whether its rollout lets nobody stand in for an instance that goes."""
        rollout = self.service.rollout
        return self.service.singleton or rollout.strategy == "recreate"

    @property
    def cpu_binds(self) -> bool:
        """Whether its CPU limit is what bounds how many requests an instance works on at once."""
        limit_m = self.service.resources.limits.cpu
        return self.behaviour.is_bound_by_cpu({"resources.cpu_limit": limit_m})

    @property
    def hears_ns(self) -> int:
        """How long the edge may take to hear that an instance refuses work."""
        asked = self.rules.interval * self.rules.fall if self.rules.active else 0
        return asked + self.rules.lag

    @property
    def lets_in_ns(self) -> int:
        """How long it may take to let in one that answers."""
        return self.rules.interval * self.rules.rise + self.rules.lag


def _asks(probe: Probe) -> tuple[object, ...]:
    """What a probe asks, whatever it takes for an answer."""
    http = (probe.http.port, probe.http.path) if probe.http is not None else None
    return http, probe.tcp, probe.grpc, probe.exec, probe.heartbeat

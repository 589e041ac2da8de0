"""What an edge believes of a service's instances, and when it comes to believe it.

The truth about an instance is the world's. An edge hears of it by its own checks, by
discovery, or by what the reconciler tells it, and each takes its time.
"""

from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_S
from reconciler.sim.edge import EdgeRules
from reconciler.sim.things import Container
from reconciler.sim.traffic.endpoints import Context, Endpoint, Kernel
from reconciler.sim.traffic.kernel import ABSENT, DOWN, DRAIN, HANGS, SERVES, UP
from reconciler.sim.world import SYNC, World

LONGEST_STUCK_NS = 3600 * NS_PER_S  # an edge that waits longer for an answer waits for good


class Belief:
    """Endpoints, and how the edge has them; the base of `reconciler.sim.traffic.flow.Flow`."""

    world: World
    key: ResourceKey
    kernel: Kernel
    rules: EdgeRules
    weights: tuple[int, ...]
    endpoints: dict[str, Endpoint]  # by container id, or by ordinal of a place
    began_ns: int
    away_until_ns: int
    fallen: bool  # whether somebody out of the list may be used all the same
    last_ready: Endpoint | None
    owed: dict[str, bool]  # who went with a machine, and whether nobody stands in for it yet

    def sync(self) -> None:
        """Let all that is due happen."""
        raise NotImplementedError

    def at(self, container: Container) -> Endpoint | None:
        """Where an instance is reached; None where its place is another's, or nobody's."""
        endpoint = self._of(container)
        return endpoint if endpoint is not None and endpoint.container is container else None

    def _of(self, container: Container) -> Endpoint | None:
        name = str(container.ordinal) if self.rules.membership == "static" else container.id
        return self.endpoints.get(name)

    def throttle(self, endpoint: Endpoint, permille: int) -> None:
        """Its CPU limit makes everything take so many thousandths of its time."""
        if endpoint.throttled != permille:
            self.sync()
            endpoint.throttled = permille
            self._publish(endpoint)

    def _truth(self, endpoint: Endpoint, app: int, context: Context, *, healthy: bool) -> None:
        """What the process does from now on; the edge's checks find it in their time."""
        endpoint.context = context
        if endpoint.app != app:
            endpoint.app = app
            self._publish(endpoint)
        if healthy != endpoint.healthy:
            endpoint.healthy = healthy
            self._ask(endpoint)
        self._fall_back()

    def _hung(self, endpoint: Endpoint, container: Container) -> None:
        """It answers nothing: by itself, or because its machine does not."""
        endpoint.why_down = "node" if container.struck else "hung"
        self._truth(endpoint, HANGS, endpoint.why_down, healthy=False)

    def _serves(self, endpoint: Endpoint, container: Container) -> None:
        """It answers. What it was given while it hung is lost later: when the edge gives up."""
        was = endpoint.context
        self._truth(endpoint, SERVES, "serving", healthy=True)
        if endpoint.edge == UP:  # it has never been out
            endpoint.why_down = ""
        if was in ("node", "hung"):
            stuck_ns = self.began_ns + self.kernel.finish_by(endpoint.slot) + 1
            if self.world.now_ns < stuck_ns < self.world.now_ns + LONGEST_STUCK_NS:
                endpoint.stuck, endpoint.stuck_until_ns = was, stuck_ns
                payload = (str(self.key), container.id, 0, "warm")
                self.world.push(stuck_ns, SYNC, "edge", payload)

    def _owe(self, container: Container, what: str) -> None:
        """Who goes with its machine has a successor that is missing until it serves."""
        if container.struck and what in ("terminating", "exited", "removed"):
            self.owed.setdefault(container.id, True)

    def _makes_good(self, container: Container) -> bool:
        """Whether one that starts stands in for one that went with its machine."""
        if self.owed.pop(container.id, False):
            return True
        gone = next((id for id, missing in self.owed.items() if missing), None)
        if gone is None:
            return False
        self.owed[gone] = False
        return True

    def _ask(self, endpoint: Endpoint) -> None:
        """The checks from now on, each after the other: when they change the edge's mind."""
        rules = self.rules
        if not rules.active or not endpoint.registered:
            if rules.membership == "announced" and endpoint.registered:
                self._set(endpoint, edge=UP if endpoint.healthy else DOWN)
            return
        if not endpoint.asked:
            return
        endpoint.token += 1
        now, period = self.world.now_ns, rules.interval
        first = endpoint.since_ns + -(-(now - endpoint.since_ns) // period) * period
        count = rules.rise if endpoint.healthy else rules.fall
        at_ns = first + (count - 1) * period
        if not endpoint.healthy and endpoint.app == HANGS:
            at_ns += rules.timeout
        self._tell(endpoint, at_ns, "up" if endpoint.healthy else "down", endpoint.token)

    def _ask_first(self, endpoint: Endpoint) -> None:
        """One that the edge has just heard of: when it asks for the first time."""
        rules = self.rules
        endpoint.since_ns = self.world.now_ns
        if not (rules.active and rules.first_decides):
            return
        endpoint.asked = False
        endpoint.token += 1
        after_ns = rules.interval
        if rules.new_is_up:
            # Read with the others, the last of them.
            after_ns = rules.interval * (len(self.endpoints) - 1) // len(self.endpoints)
        endpoint.since_ns += after_ns
        self._tell(endpoint, endpoint.since_ns, "asked", endpoint.token)

    def _answered_first(self, endpoint: Endpoint) -> None:
        """What the first check has found counts at once, without `rise` and `fall`."""
        endpoint.asked = True
        if not endpoint.healthy and endpoint.app == HANGS:
            at_ns = self.world.now_ns + self.rules.timeout
            self._tell(endpoint, at_ns, "down", endpoint.token)
            return
        self._found(endpoint, healthy=endpoint.healthy)

    def _found(self, endpoint: Endpoint, *, healthy: bool) -> None:
        """The checks have changed the edge's mind."""
        up = DRAIN if endpoint.held else UP
        self._set(endpoint, edge=up if healthy else DOWN)

    def _readiness(self, endpoint: Endpoint, *, ready: bool) -> None:
        """A cluster's own verdict, which its endpoints follow."""
        if self.rules.membership == "registered":
            container = endpoint.container
            ending = container is not None and container.terminating
            self._register(endpoint, wanted=ready and not ending)
        elif not ready and endpoint.context == "serving" and endpoint.app == SERVES:
            self._truth(endpoint, SERVES, "serving", healthy=False)

    def _register(self, endpoint: Endpoint, *, wanted: bool) -> None:
        """Discovery is told, once; neither a check nor the same news again puts that off."""
        if endpoint.wanted is wanted:
            return
        endpoint.wanted = wanted
        endpoint.news += 1
        at_ns = self.world.now_ns + self.rules.lag
        self._tell(endpoint, at_ns, "register" if wanted else "deregister", endpoint.news)

    def _registered(self, endpoint: Endpoint) -> None:
        endpoint.registered = True
        if self.rules.active:
            self._ask_first(endpoint)
            self._ask(endpoint)
        else:
            self._set(endpoint, edge=UP)

    def _tell(self, endpoint: Endpoint, at_ns: int, what: str, token: int) -> None:
        self.world.push(at_ns, SYNC, "edge", (str(self.key), endpoint.name, token, what))

    def _fall_back(self) -> None:
        """With nobody ready, kube-proxy uses what serves while it ends (KEP-1669)."""
        if not self.rules.falls_back:
            return
        ready = self._somebody_ready()
        if ready and not self.fallen:
            return
        self.fallen = not ready
        for endpoint in self.endpoints.values():
            if endpoint.registered:
                continue
            container = endpoint.container
            serves = container is not None and container.terminating and container.ready
            edge = UP if serves and not ready else ABSENT
            if endpoint.edge != edge:
                self._set(endpoint, edge=edge)

    def _somebody_ready(self) -> bool:
        """Whether any instance is; who was found the last time is asked first."""
        last = self.last_ready
        if last is not None and last.edge == UP and last.registered:
            return True
        ready = (e for e in self.endpoints.values() if e.edge == UP and e.registered)
        self.last_ready = next(ready, None)
        return self.last_ready is not None

    def _set(self, endpoint: Endpoint, *, edge: int) -> None:
        if endpoint.edge != edge:
            endpoint.edge = edge
            if edge == UP:
                endpoint.why_down = ""  # it is in again
            self._publish(endpoint)
            self._judge(endpoint)

    def _judge(self, endpoint: Endpoint) -> None:
        """Readiness of a routed service is the check of an edge of ours, the only judge."""
        container = endpoint.container
        if container is None or self.rules.membership != "announced" or not self.rules.active:
            return
        out = endpoint.registered and endpoint.edge == DOWN
        if container.held_back != out:
            container.held_back = out
            if not out and container.ready:
                container.ready_since_ns = self.world.now_ns
            self.world.emit("put out" if out else "let in", container)

    def _publish(self, endpoint: Endpoint) -> None:
        """Let the kernel know."""
        container = endpoint.container
        behaviour = container.behaviour if container is not None else None
        ordinal = container.ordinal if container is not None else endpoint.slot
        weight = self.weights[ordinal] if ordinal < len(self.weights) else 1
        away = self.world.now_ns < self.away_until_ns
        concurrency, longer = (0, 1000)
        if container is not None:
            concurrency, longer = container.behaviour.room(container.fields)
        self.kernel.set_slot(
            endpoint.slot, ABSENT if away else endpoint.edge, endpoint.app, weight,
            concurrency, behaviour.backlog if behaviour else 0,
            self._slowness(container) * endpoint.throttled // 1000 * longer // 1000,
            endpoint.slot,
        )  # fmt: skip

    def _slowness(self, container: Container | None) -> int:
        if container is None or container.started_at_ns is None:
            return 1000
        behaviour = container.behaviour
        slow = behaviour.slow_permille(container.ordinal)
        cold = self.world.now_ns < container.started_at_ns + behaviour.cold_ns
        return slow * behaviour.cold_permille // 1000 if cold else slow

"""All traffic of a world: a flow for each loaded service, sampled as time goes on.

It is the world's `Traffic`: it says when an app that drains has nothing left to do, passes
on what edges learn, and changes rates as their profiles have it.
"""

from dataclasses import dataclass, field

from reconciler.model.rehearsal import ServiceRun, Slice
from reconciler.model.resource import ResourceKey
from reconciler.sim.memory import (
    limit_bytes,
    limit_cpu_m,
    strain,
    throttled_permille,
    used_bytes,
)
from reconciler.sim.things import Container, Thing, Transition
from reconciler.sim.traffic.endpoints import Endpoint
from reconciler.sim.traffic.flow import Flow
from reconciler.sim.traffic.kernel import REASONS, Kernel
from reconciler.sim.traffic.rates import RateOver
from reconciler.sim.world import SYNC, Payload, World

WINDOW_NS = 10_000_000_000  # over which use is measured, at least
LOOK_NS = 1_000_000_000  # between two looks at an instance that leaks, at least
SAMPLES = 240  # of a whole run
QUANTILES = {"p50": 500, "p90": 900, "p99": 990, "p999": 999, "max": 1000}  # per mille


@dataclass(slots=True)
class Used:
    """What an instance's place had served when it was last looked at, and what it used since."""

    at_ns: int
    served: int
    cpu_m: int = 0


@dataclass(slots=True)
class Loaded:
    """One service under load: its flow, its kernel, and what was sampled of it."""

    flow: Flow
    kernel: Kernel
    rate: RateOver | None = None
    sessions: RateOver | None = None
    slices: list[Slice] = field(default_factory=list)
    queue_peak: int = 0
    last: tuple[int, int, int, int] = (0, 0, 0, 0)  # time, served, dropped, sessions cut
    cpu_peak: int = 0
    memory_peak: int = 0
    used: dict[str, Used] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)  # served at its place before its start

    def own(self, container: Container, served: int) -> int:
        """What an instance served since its start, when its place has served so many."""
        return max(served - self.first.get(container.id, 0), 0)


class Load:
    """The traffic of a world, from now on until `close`."""

    def __init__(self, world: World, lasts_ns: int) -> None:
        self.world = world
        self.began_ns = world.now_ns
        self.step_ns = max(lasts_ns // SAMPLES, 1)
        self.flows: dict[ResourceKey, Loaded] = {}
        world.traffic = world.usage = self
        world.listeners.append(self.heard)
        world.push(world.now_ns, SYNC, "sample", ())

    def add(self, loaded: Loaded) -> None:
        """One more service under load."""
        self.flows[loaded.flow.key] = loaded
        for endpoint in list(loaded.flow.endpoints.values()):
            if endpoint.container is not None and endpoint.container.phase == "running":
                self._begins(loaded, endpoint.container)

    def close(self) -> None:
        """The world is quiet again."""
        self.sync()
        for loaded in self.flows.values():
            _sample(loaded, self.world.now_ns - self.began_ns)
        self.world.listeners.remove(self.heard)
        self.world.traffic = self.world.usage = None

    @property
    def events(self) -> int:
        """Arrivals, departures and timers so far, of all services."""
        return sum(loaded.kernel.events for loaded in self.flows.values())

    @property
    def digest(self) -> str:
        """A hash of every event of every kernel, in their order."""
        return " ".join(loaded.kernel.digest for loaded in self.flows.values())

    # -- the world's side -----------------------------------------------------------------

    def heard(self, world: World, told: Transition) -> None:
        """A transition: the flow of its service takes it."""
        if told.key is not None and (loaded := self.flows.get(told.key)) is not None:
            loaded.flow.heard(told)
            if told.what == "started" and isinstance(told.thing, Container):
                self._begins(loaded, told.thing)
            elif told.what == "changed" and isinstance(told.thing, Thing):
                loaded.flow.wrote(told.thing)

    def finished_ns(self, container: Container) -> int:
        """When what is in flight at a container will be done; now, where nothing is."""
        loaded = self.flows.get(container.key)
        return loaded.flow.finished_ns(container) if loaded is not None else self.world.now_ns

    def route(self, container: Container, state: str) -> None:
        """An edge of ours is told to drain an instance, or to send it sessions again."""
        loaded = self.flows.get(container.key)
        if loaded is not None:
            loaded.flow.drain(container, on=state == "drain")

    def on_edge(self, payload: Payload) -> None:
        """Entry ``edge``: key of the service, endpoint, token, what is learnt."""
        loaded = self.flows.get(ResourceKey.parse(payload[0]))
        if loaded is not None:
            loaded.flow.on_edge(payload)

    def on_drained(self, payload: Payload) -> None:
        """Entry ``drained``: key of the service, id of the instance."""
        loaded = self.flows.get(ResourceKey.parse(payload[0]))
        container = self.world.containers.get(payload[1])
        if loaded is not None and container is not None:
            loaded.flow.look_drained(container)

    def on_sample(self, payload: Payload) -> None:
        """Entry ``sample``: numbers are noted, rates are set for the time until the next."""
        now_ns = self.world.now_ns - self.began_ns
        self.sync()
        after_ns = self.step_ns
        for loaded in self.flows.values():
            _sample(loaded, now_ns)
            for endpoint in list(loaded.flow.endpoints.values()):
                self._weigh(loaded, endpoint)
            if loaded.rate is not None:
                loaded.rate.apply(loaded.kernel.set_arrivals, now_ns)
            if loaded.sessions is not None:
                loaded.sessions.apply(loaded.kernel.set_session_arrivals, now_ns)
            for rate in (loaded.rate, loaded.sessions):
                at_ns = rate.next_change_ns(now_ns) if rate is not None else None
                if at_ns is not None:
                    after_ns = min(after_ns, at_ns - now_ns)
        self.world.push(self.world.now_ns + max(after_ns, 1), SYNC, "sample", ())

    def sync(self) -> None:
        """Let every flow serve what is due."""
        for loaded in self.flows.values():
            loaded.flow.sync()

    # -- what instances use -----------------------------------------------------------------

    def cpu_m(self, container: Container) -> int | None:
        """Millicores over the last window; None where there is no sample."""
        loaded = self.flows.get(container.key)
        used = loaded.used.get(container.id) if loaded is not None else None
        return used.cpu_m if used is not None else None

    def memory_bytes(self, container: Container) -> int | None:
        """Bytes; None where there is no sample."""
        loaded = self.flows.get(container.key)
        used = loaded.used.get(container.id) if loaded is not None else None
        if loaded is None or used is None:
            return None
        return used_bytes(self.world, container, loaded.own(container, used.served))

    def metric(self, service: ResourceKey, name: str) -> float | None:
        """The depth of the service's queue, whatever its metric is called."""
        loaded = self.flows.get(service)
        return float(loaded.kernel.queued) if loaded is not None else None

    def _weigh(self, loaded: Loaded, endpoint: Endpoint) -> None:
        """What an instance used since the last time, and what its limits make of that."""
        container = endpoint.container
        if container is None or container.phase != "running":
            return
        now_ns, served = self.world.now_ns, loaded.kernel.served_at(endpoint.slot)
        before = loaded.used.get(container.id)
        if before is None:
            loaded.used[container.id] = Used(now_ns, served)
            return
        if now_ns - before.at_ns < WINDOW_NS:
            return
        busy_ns = (served - before.served) * container.behaviour.cpu_per_request_ns
        cpu_m = busy_ns * 1000 // (now_ns - before.at_ns)
        loaded.used[container.id] = Used(now_ns, served, cpu_m)
        limit_m = limit_cpu_m(container)
        if limit_m:
            # A window may end with more than began in it: no more than the limit is used.
            loaded.cpu_peak = max(loaded.cpu_peak, min(cpu_m * 100 // limit_m, 100))
        if not container.behaviour.busy_ns:  # else the limit bounds it from the start
            loaded.flow.throttle(endpoint, throttled_permille(cpu_m, limit_m))
        self._strains(loaded, endpoint)

    def _begins(self, loaded: Loaded, container: Container) -> None:
        """An instance has started: it has served nothing, and leaks from now on."""
        endpoint = loaded.flow.at(container)
        if endpoint is None:
            return
        loaded.first[container.id] = loaded.kernel.served_at(endpoint.slot)
        if container.behaviour.memory_per_request and limit_bytes(container):
            self._look_at(container, LOOK_NS)

    def _look_at(self, container: Container, after_ns: int) -> None:
        payload = (str(container.key), container.id, container.epoch)
        self.world.push(self.world.now_ns + after_ns, SYNC, "strain", payload)

    def on_strain(self, payload: Payload) -> None:
        """Entry ``strain``: key of the service, id of the instance, its epoch.

        What leaks is looked at again after half of the time that it has left, at the pace it
        has had since its start.
        """
        loaded = self.flows.get(ResourceKey.parse(payload[0]))
        container = self.world.containers.get(payload[1])
        if loaded is None or container is None or container.epoch != payload[2]:
            return
        self.sync()
        endpoint = loaded.flow.at(container)
        if endpoint is None or container.phase != "running":
            return
        left_ns = self._strains(loaded, endpoint)
        if left_ns is not None:
            self._look_at(container, min(max(left_ns // 2, LOOK_NS), WINDOW_NS))

    def _strains(self, loaded: Loaded, endpoint: Endpoint) -> int | None:
        """End it above its memory limit; how long it has left, None where that is no matter."""
        container = endpoint.container
        limit = limit_bytes(container) if container is not None else None
        if container is None or limit is None:
            return None
        own = loaded.own(container, loaded.kernel.served_at(endpoint.slot))
        used = used_bytes(self.world, container, own)
        loaded.memory_peak = max(loaded.memory_peak, min(used * 100 // limit, 100))
        if strain(self.world, container, own):
            return None
        grown = used - container.behaviour.memory_bytes
        ran_ns = self.world.now_ns - (container.started_at_ns or self.world.now_ns)
        return (limit - used) * ran_ns // grown if grown > 0 else WINDOW_NS

    # -- what came of it --------------------------------------------------------------------

    def service_run(self, key: ResourceKey) -> ServiceRun:
        """The numbers of one service; none where it had no traffic."""
        loaded = self.flows.get(key)
        if loaded is None:
            return ServiceRun(key.name)
        kernel = loaded.kernel
        dropped = {name: count for name, count in zip(REASONS, kernel.dropped_total(), strict=True)}
        latency = {}
        if kernel.served:
            latency = {name: kernel.latency_ns(share) for name, share in QUANTILES.items()}
        return ServiceRun(
            key.name, kernel.arrivals, kernel.served, kernel.retried,
            {name: count for name, count in dropped.items() if count},
            kernel.arrivals - kernel.served - sum(dropped.values()),
            kernel.sessions_begun, kernel.sessions_ended, kernel.sessions_cut,
            kernel.sessions_moved,
            kernel.sessions_begun - kernel.sessions_ended - kernel.sessions_cut,
            latency, cpu_peak_percent=loaded.cpu_peak, memory_peak_percent=loaded.memory_peak,
            queue_peak=loaded.queue_peak, slices=tuple(loaded.slices),
            sessions_remapped=kernel.sessions_remapped,
        )  # fmt: skip


def _sample(loaded: Loaded, now_ns: int) -> None:
    kernel, (began_ns, served, dropped, cut) = loaded.kernel, loaded.last
    if now_ns == began_ns:
        return
    loaded.last = (now_ns, kernel.served, loaded.flow.dropped, kernel.sessions_cut)
    ready = sum(e.context == "serving" for e in loaded.flow.endpoints.values())
    loaded.queue_peak = max(loaded.queue_peak, kernel.queued)
    open_now = kernel.sessions_begun - kernel.sessions_ended - kernel.sessions_cut
    loaded.slices.append(
        Slice(
            began_ns, ready, loaded.last[1] - served, loaded.last[2] - dropped, open_now,
            loaded.last[3] - cut,
        )
    )  # fmt: skip

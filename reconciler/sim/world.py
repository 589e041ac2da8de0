"""The simulated world: virtual time, one heap, and everything that is there.

It knows nothing of any API: the façades (`engine`, `cluster`) turn steps into changes of
the world and the world into observations. Heap entries are data, never closures, so a
world can be copied, written to a file, and read back.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappush
from typing import Any

from reconciler.model.observed import Fields
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_MS
from reconciler.sim.behaviour import JOB, SERVICE, Behaviour, Rule, changed
from reconciler.sim.faults import Fault
from reconciler.sim.images import Images
from reconciler.sim.limits import Limit
from reconciler.sim.roles import Traffic, Usage
from reconciler.sim.site import Site
from reconciler.sim.streams import Streams
from reconciler.sim.things import Container, Holding, Thing, Transition
from reconciler.sim.versions import TODAY

Payload = tuple[Any, ...]
Entry = tuple[int, int, int, str, Payload]  # time_ns, class, seq, kind, payload

# Entries of one instant: what processes do, then probes, then controllers, then faults.
LIFE, PROBE, SYNC, FAULT = range(4)

EPOCH_NS = 1_700_000_000_000_000_000  # virtual time begins at a fixed instant of 2023

# How long calls take: medians of an idle engine (20.10, containers of a shell; docs/explanation/
# measured.md says how they were taken). `pull` is on top of the bytes. `start` and `restart`
# (after a crash, on top of the backoff) are the engine's share: `Behaviour.start_ns` comes on top.
LATENCY_NS: Mapping[str, int] = {
    "create": 15 * NS_PER_MS, "start": 240 * NS_PER_MS, "restart": 150 * NS_PER_MS,
    "signal": 60 * NS_PER_MS, "remove": 30 * NS_PER_MS, "update": 20 * NS_PER_MS,
    "pull": 300 * NS_PER_MS, "apply": 20 * NS_PER_MS, "delete": 20 * NS_PER_MS,
    "record": 3 * NS_PER_MS, "forget": 3 * NS_PER_MS, "route": 5 * NS_PER_MS,
    "look": 8 * NS_PER_MS, "apply network": 75 * NS_PER_MS, "delete network": 150 * NS_PER_MS,
}  # fmt: skip

Listener = Callable[["World", Transition], None]
Writer = Callable[[list[Transition]], None]
AT_ONCE = 1024  # transitions that writers take together

_made = tuple.__new__


@dataclass(slots=True)
class World:
    """All state of a simulation. Make one with `World.fresh`."""

    seed: int = 0
    now_ns: int = EPOCH_NS
    streams: Streams = field(default_factory=lambda: Streams(0))
    heap: list[Entry] = field(default_factory=list)
    seq: int = 0
    version: int = 0
    ids: int = 0
    images: Images = field(default_factory=Images)
    containers: dict[str, Container] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # container name → id
    ports: dict[str, str] = field(default_factory=dict)  # host port → id of its holder
    stacks: dict[str, Holding] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)  # service/web → …
    rules: tuple[Rule, ...] = ()
    latency_ns: Mapping[str, int] = field(default_factory=lambda: LATENCY_NS)
    latency_jitter_percent: int = 20
    event_lag_ns: int = 20 * NS_PER_MS
    faults: tuple[Fault, ...] = ()
    fault_hits: list[int] = field(default_factory=list)
    faults_struck: dict[str, int] = field(default_factory=dict)  # by number, when last
    calls: int = 0
    looks: int = 0
    unreachable_until_ns: int = 0
    listeners: list[Listener] = field(default_factory=list)
    writers: list[Writer] = field(default_factory=list)
    tape: list[Transition] = field(default_factory=list)  # which no writer has taken yet
    traffic: Traffic | None = None
    usage: Usage | None = None
    kubernetes_version: str = TODAY
    site: Site | None = None
    externals_away: dict[str, int] = field(default_factory=dict)  # → until when; -1 for good
    throttle: Limit = field(default_factory=Limit)  # of calls and looks
    keeps_views: bool = False  # for looks at what was some changes ago

    @classmethod
    def fresh(cls, seed: int = 0, *, missing_images: Iterable[str] = ()) -> "World":
        """An empty world in which every image exists that is not said missing."""
        return cls(
            seed=seed, streams=Streams(seed), images=Images(missing=frozenset(missing_images))
        )

    def clone(self, seed: int | None = None) -> "World":
        """A world that goes on from here by itself; nobody listens to it yet.

        With `seed` it goes on with other random numbers.
        """
        made = World(
            self.seed if seed is None else seed, self.now_ns,
            self.streams.clone() if seed is None else Streams(seed), list(self.heap), self.seq,
            self.version, self.ids, self.images.clone(), {}, dict(self.names),
            dict(self.ports), {}, dict(self.behaviours), self.rules, self.latency_ns,
            self.latency_jitter_percent, self.event_lag_ns, self.faults,
            list(self.fault_hits), dict(self.faults_struck), self.calls, self.looks,
            self.unreachable_until_ns,
        )  # fmt: skip
        made.kubernetes_version = self.kubernetes_version
        made.throttle, made.keeps_views = self.throttle.clone(), self.keeps_views
        if self.site is not None:
            made.site = self.site.clone()
        if self.externals_away:
            made.externals_away = dict(self.externals_away)
        containers = made.containers
        for id, container in self.containers.items():
            containers[id] = container.clone()
        for stack, held in self.stacks.items():
            made.stacks[stack] = Holding(
                {key: {id: containers[id] for id in ids} for key, ids in held.instances.items()},
                {key: thing.clone() for key, thing in held.objects.items()},
                dict(held.records),
                held.frozen_records,
            )
        return made

    # -- time and events ----------------------------------------------------------------

    def push(self, at_ns: int, rank: int, kind: str, payload: Payload) -> None:
        """Let `kind` happen at `at_ns`; `payload` holds JSON values only."""
        self.seq = seq = self.seq + 1
        heappush(self.heap, (at_ns, rank, seq, kind, payload))

    def emit(
        self,
        what: str,
        thing: Container | Thing | None,
        detail: str = "",
        *,
        subject: str = "",
        stack: str = "",
        key: ResourceKey | None = None,
    ) -> None:
        """Tell that `thing` changed: a new version, and the cached copy is void."""
        self.version = version = self.version + 1
        if thing is not None:
            thing.frozen = None
            stack, key = thing.stack, thing.key
            subject = thing.name if isinstance(thing, Container) else str(key)
        listeners, writers = self.listeners, self.writers
        if listeners or writers:
            # As Transition(…) does, in half the time: this is the hottest line of a long run.
            told = _made(
                Transition, (self.now_ns, version, what, stack, key, subject, detail, thing)
            )
            if writers:
                self.tape.append(told)
                if len(self.tape) >= AT_ONCE:
                    self.write()
            for listener in listeners:
                listener(self, told)

    def write(self) -> None:
        """Let writers take what they have not got yet.

        Unlike listeners they get transitions some time after they happened, many together.
        """
        tape, self.tape = self.tape, []
        for writer in self.writers:
            writer(tape)

    def new_id(self, kind: str) -> str:
        """A full id, 64 hexadecimal digits, the same in every run of a seed."""
        self.ids += 1
        return hashlib.sha256(f"{self.seed} {kind} {self.ids}".encode()).hexdigest()

    def around(self, name: str, value_ns: int, percent: int) -> int:
        """`value_ns` give or take, from the stream `name`."""
        return self.streams.around(name, value_ns, percent)

    # -- what is there ------------------------------------------------------------------

    def holding(self, stack: str) -> Holding:
        """What a stack has; an empty one at first."""
        held = self.stacks.get(stack)
        if held is None:
            held = self.stacks[stack] = Holding()
        return held

    def of(self, stack: str, key: ResourceKey) -> list[Container]:
        """The containers of a resource, oldest first."""
        held = self.stacks.get(stack)
        return list(held.instances.get(key, {}).values()) if held is not None else []

    def behaviour_of(self, key: ResourceKey, fields: Fields, image_id: str = "") -> Behaviour:
        """How an instance of `key` with these fields, of this image, will behave."""
        base = self.behaviours.get(f"{key.kind}/{key.name}") if self.behaviours else None
        if base is None:
            base = JOB if key.kind == "job" else SERVICE
        for rule in self.rules:
            if rule.fits(str(key), fields, image_id):
                base = changed(base, rule.then)
        return base

    # -- changes ------------------------------------------------------------------------

    def add_container(self, container: Container) -> Container:
        """Put a container there, indexed; its name must be free."""
        assert container.name not in self.names, container.name
        assert container.id not in self.containers, container.id
        container.since_version = self.version
        self.containers[container.id] = container
        self.names[container.name] = container.id
        held = self.holding(container.stack)
        held.instances.setdefault(container.key, {})[container.id] = container
        for key in container.holds:
            thing = held.objects.get(key)
            if thing is not None:
                thing.users[container.id] = None
                thing.frozen = None
        self.emit("created", container, container.revision)
        return container

    def drop_container(self, container: Container) -> None:
        """Take an ended container away."""
        del self.containers[container.id]
        del self.names[container.name]
        if self.site is not None:
            self.vacate(container)
        held = self.stacks[container.stack]
        same = held.instances[container.key]
        del same[container.id]
        if not same:
            del held.instances[container.key]
        for key in container.holds:
            thing = held.objects.get(key)
            if thing is not None:
                thing.users.pop(container.id, None)
                thing.frozen = None
        container.epoch += 1
        self.emit("removed", container, container.id[:12])

    def vacate(self, container: Container) -> None:
        """Let a container's place on its machine go to whoever waits for one."""
        if self.site is not None and self.site.release(container.id):
            self.push(self.now_ns, SYNC, "schedule", ())

    def adopt_container(
        self, container: Container, stack: str, key: ResourceKey, ordinal: int, fields: Fields
    ) -> None:
        """Let a container that was nobody's be an instance of the stack's."""
        same = self.holding(container.stack).instances[container.key]
        del same[container.id]
        if not same:
            del self.holding(container.stack).instances[container.key]
        if self.site is not None:
            self.site.placing = None  # it counts by whose they are
        container.owned, container.stack, container.key = True, stack, key
        container.ordinal, container.fields = ordinal, fields
        container.reading = None
        self.holding(stack).instances.setdefault(key, {})[container.id] = container
        self.emit("adopted", container)

    def adopt_object(self, thing: Thing, stack: str, key: ResourceKey) -> None:
        """Let an object that was nobody's be the stack's."""
        del self.holding(thing.stack).objects[thing.key]
        thing.owned, thing.stack, thing.key = True, stack, key
        self.holding(stack).objects[key] = thing
        self.emit("adopted", thing)

    def add_object(self, thing: Thing) -> Thing:
        """Put an object there."""
        self.holding(thing.stack).objects[thing.key] = thing
        self.emit("made", thing)
        return thing

    def drop_object(self, thing: Thing) -> None:
        """Take an object away."""
        del self.stacks[thing.stack].objects[thing.key]
        self.emit("gone", thing)

    def touch_object(self, thing: Thing, what: str = "changed", detail: str = "") -> None:
        """Tell that an object changed: its version counts up."""
        thing.version += 1
        self.emit(what, thing, detail)

    def put_record(self, stack: str, record: Record) -> None:
        """Keep a record."""
        held = self.holding(stack)
        held.records[record.id] = record
        held.frozen_records = None
        self.emit("recorded", None, subject=record.id, stack=stack)

    def drop_record(self, stack: str, record_id: str) -> None:
        """Forget a record."""
        held = self.holding(stack)
        del held.records[record_id]
        held.frozen_records = None
        self.emit("forgotten", None, subject=record_id, stack=stack)

    # -- what is not ours ---------------------------------------------------------------

    def add_foreign(
        self, name: str, *, stack: str = "", key: ResourceKey | None = None, ports: str = ""
    ) -> Container | Thing:
        """Something of another's: a running container, or the holder of an object's name.

        A container holds `name` and, when given, a host port; with `key` an object of the
        stack's name is held by another.
        """
        if key is not None:
            thing = Thing(self.new_id("object"), key, stack, owned=False, created_at_ns=self.now_ns)
            return self.add_object(thing)
        container = Container(
            self.new_id("container"), name, ResourceKey("service", name), stack, owned=False,
            phase="running", created_at_ns=self.now_ns, started_at_ns=self.now_ns, ready=True,
        )  # fmt: skip
        if ports:
            container.fields = {"ports.80/tcp": f":{ports}"}
            self.ports[ports] = container.id
        return self.add_container(container)

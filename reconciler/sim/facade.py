"""What both façades share: time, timing of calls, hints, faults, records."""

import json
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

from reconciler.model.observed import Observed, Scope
from reconciler.model.record import MAX_BODY_BYTES, Record
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    DONE,
    DropRecord,
    Outcome,
    PullImage,
    StartInstance,
    Step,
    WriteRecord,
    kind_of,
    subject_of,
)
from reconciler.model.units import NS_PER_MS
from reconciler.sim import clock, harm, nodes, outcomes
from reconciler.sim.adoption import adopt
from reconciler.sim.chooser import Chooser
from reconciler.sim.faults import CALL_FAULTS, EVENT_FAULTS, CallFault, Fault
from reconciler.sim.looks import Looks
from reconciler.sim.things import Container, Transition
from reconciler.sim.world import World
from reconciler.targets.port import Capabilities, Predicted, Timing, Wanted

REFUSED_NS = 5 * NS_PER_MS  # until a connection is refused


class Facade:
    """One stack's view of a world, in the port's terms. Base of the two façades."""

    capabilities: Capabilities

    def __init__(self, world: World, stack: str) -> None:
        self.world = world
        self.stack = stack
        self.chooser: Chooser | None = None
        self.choices: tuple[CallFault, ...] = ("fail_before", "fail_after", "lost_reply")
        self._touched: set[ResourceKey] = set()
        self._last: ResourceKey | None = None  # that was added to it
        self._due_ns: int | None = None
        self._late: list[tuple[int, int, ResourceKey]] = []
        self._looks = Looks(world, stack)
        world.holding(stack)
        world.listeners.append(self._heard)

    @property
    def name(self) -> str:
        """``simulator``."""
        return "simulator"

    # -- time and hints -----------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """The world's clock."""
        return self.world.now_ns

    def next_event_ns(self) -> int | None:
        """When something happens next by itself, or a hint is due."""
        next_ns = self.world.heap[0][0] if self.world.heap else None
        if self._due_ns is not None and (next_ns is None or self._due_ns < next_ns):
            next_ns = self._due_ns
        if self._late and (next_ns is None or self._late[0][0] < next_ns):
            next_ns = self._late[0][0]
        return next_ns

    def advance(self, to_ns: int) -> frozenset[ResourceKey] | None:
        """Let the world go on to `to_ns`; what changed long enough ago, or None."""
        clock.run_until(self.world, to_ns)
        if self._due_ns is None or self._due_ns > to_ns:
            if not self._late or self._late[0][0] > to_ns:
                return None
            due: set[ResourceKey] = set()
        else:
            due, self._touched, self._due_ns = self._touched, set(), None
            self._last = None
            if self.world.faults:
                due = self._disturbed(due)
        while self._late and self._late[0][0] <= to_ns:
            due.add(heappop(self._late)[2])
        return frozenset(due) if due else None

    def _disturbed(self, due: set[ResourceKey]) -> set[ResourceKey]:
        """The events that come through, after faults lost, doubled or delayed some."""
        kept = set()
        for key in sorted(due):
            hits = harm.struck(self.world, EVENT_FAULTS, "event", str(key), str(key))
            kinds = {fault.kind: fault for fault in hits}
            if "event_delayed" in kinds:
                self._repeat(key, kinds["event_delayed"].for_ns)
                continue
            if "event_doubled" in kinds:
                self._repeat(key, self.world.event_lag_ns)
            if "event_lost" not in kinds:
                kept.add(key)
        return kept

    def _repeat(self, key: ResourceKey, after_ns: int) -> None:
        heappush(self._late, (self.world.now_ns + after_ns, len(self._late), key))

    def _heard(self, world: World, told: Transition) -> None:
        key = told.key
        if key is not self._last and key is not None and told.stack == self.stack:
            self._last = key
            self._touched.add(key)
            if self._due_ns is None:
                self._due_ns = world.now_ns + world.event_lag_ns
        if world.keeps_views:
            self._looks.keep()

    def changes(self) -> Iterator[frozenset[ResourceKey]]:
        """Nothing: hints come from `advance`, in virtual time."""
        return iter(())

    def close(self) -> None:
        """Stop listening to the world."""
        self.world.listeners.remove(self._heard)

    # -- calls --------------------------------------------------------------------------

    def timing(self, step: Step) -> Timing:
        """When this call takes effect and is answered, faults included. Counts the call."""
        world, kind = self.world, kind_of(step)
        world.calls += 1
        if world.faults:
            harm.called(world, kind, str(step.key), subject_of(step))
        if world.now_ns < world.unreachable_until_ns:
            return Timing(None, REFUSED_NS, outcomes.UNREACHED)
        if not world.throttle.lets(world.now_ns):
            return Timing(None, REFUSED_NS, outcomes.THROTTLED)
        took_ns = world.around(
            f"call {kind}", self._latency_ns(step, kind), world.latency_jitter_percent
        ) + self._work_ns(step)
        effect_ns = _effect_ns(kind, took_ns)
        hits = []
        if world.faults:
            hits = harm.struck(world, CALL_FAULTS, kind, str(step.key), subject_of(step))
        if self.chooser is not None:
            chosen = self.chooser.choose(f"{kind} {step.key}", 1 + len(self.choices))
            hits += [Fault(self.choices[chosen - 1])] if chosen else []
        return _disturbed_call(hits, kind, took_ns) if hits else Timing(effect_ns, took_ns)

    def _latency_ns(self, step: Step, kind: str) -> int:
        """The engine's own work on this call."""
        return self.world.latency_ns[kind]

    def _work_ns(self, step: Step) -> int:
        """What the call waits for besides the engine's own work."""
        if isinstance(step, StartInstance):
            container = self.world.containers.get(step.id)
            if container is None or container.running:
                return 0
            behaviour = container.behaviour
            name = f"{container.key} start"
            took_ns = self.world.around(name, behaviour.start_ns, behaviour.jitter_percent)
            return took_ns if self.world.site is None else took_ns + self._slow_ns(container)
        if isinstance(step, PullImage):
            images = self.world.images
            now = self.world.now_ns
            shut = now < images.out_until_ns or images.refuses(step.reference, now)
            shut = shut or images.lacks(step.reference, now)
            return 0 if shut else images.pull_ns(step.reference)
        return 0

    def _slow_ns(self, container: Container) -> int:
        return nodes.slow_start_ns(self.world, container)

    def look_latency_ns(self) -> int:
        """How long an observation takes that begins now."""
        world = self.world
        return world.around("call look", world.latency_ns["look"], world.latency_jitter_percent)

    def preview(self, wanted: Sequence[Wanted]) -> Predicted:
        """Nothing: an engine has no dry run."""
        return {}

    def logs(self, instance_id: str, lines: int) -> tuple[str, ...]:
        """The last lines an instance printed."""
        container = self.world.containers.get(instance_id)
        return container.log[-lines:] if container is not None and lines > 0 else ()

    def logs_since(self, instance_id: str, since_ns: int) -> tuple[tuple[int, str], ...]:
        """Nothing: no time passes here while somebody waits for it."""
        return ()

    def observe(self, scope: Scope) -> Observed:
        """A snapshot of what is in scope; TargetError while nothing answers."""
        return self._looks.observe(scope)

    # -- records ------------------------------------------------------------------------

    def _write_record(self, step: WriteRecord) -> Outcome:
        """Compare and set; the body is kept as the JSON that a real target keeps.

        Writing the same once more is a conflict too: writers are told apart, not bodies.
        """
        text = json.dumps(step.record.body)
        if len(text.encode()) > MAX_BODY_BYTES:
            return outcomes.refused(f"{step.record.id} is over {MAX_BODY_BYTES} bytes")
        asked = step.record
        record = Record(asked.kind, asked.name, asked.seq, json.loads(text))
        if record.id not in self.world.holding(self.stack).records:
            self.world.put_record(self.stack, record)
            if record.kind == "adopted":
                adopt(self.world, self.stack, record)
            return DONE
        return outcomes.changed(f"record {step.record.id} is taken")

    def _drop_record(self, step: DropRecord) -> Outcome:
        if step.record.id in self.world.holding(self.stack).records:
            self.world.drop_record(self.stack, step.record.id)
        return DONE


def _effect_ns(kind: str, took_ns: int) -> int:
    """When a call takes effect: a process runs as its start is answered, all else before."""
    return took_ns if kind == "start" else took_ns - took_ns // 4


def _disturbed_call(hits: list[Fault], kind: str, took_ns: int) -> Timing:
    """A call's way under faults: what strikes first in this order wins."""
    took_ns += sum(fault.for_ns for fault in hits if fault.kind == "delay")
    effect_ns = _effect_ns(kind, took_ns)
    kinds = {fault.kind for fault in hits}
    if "fail_before" in kinds:
        return Timing(None, took_ns, outcomes.FAILED)
    if "lost_reply" in kinds:
        return Timing(effect_ns, None)
    if "fail_after" in kinds:
        return Timing(effect_ns, took_ns, outcomes.FAILED)
    return Timing(effect_ns, took_ns)

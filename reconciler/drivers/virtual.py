"""The virtual-time driver: one heap, one thread, no clock.

It does what the real driver does, but time is the target's: it moves from one thing that
happens to the next. Of several at one instant the order is the world's own events, then
effects of calls, then replies, observations, injected events and at last the wake-up.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, Literal, Protocol

from reconciler.controller.interface import (
    Ended,
    Event,
    Hinted,
    Looked,
    LookFailed,
    Output,
    Perform,
    Tick,
)
from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Scope
from reconciler.model.status import Notice, Verdict
from reconciler.model.step import CreateInstance, Outcome, Step, kind_of
from reconciler.targets.port import Timing, VirtualTarget, Wanted

EFFECT, REPLY, LOOK, INJECTED, WAKE = range(5)

MOST_AT_ONCE = 20_000  # events at one instant: a controller that asks for more never ends

DAY_NS = 86_400 * 1_000_000_000

LATE = Outcome("unknown", "no reply within the deadline")


class Decider(Protocol):
    """The controller, as drivers see it."""

    def handle(self, event: Event, now_ns: int) -> Output:
        """What to do, now that this happened."""

    def verdict(self) -> Verdict:
        """Where the stack stands."""

    def wanted(self, scope: Scope) -> tuple[Wanted, ...]:
        """What to ask the target's `preview` about, with an observation of `scope`."""


@dataclass(frozen=True, slots=True)
class Kill:
    """The reconciler dies at its `call`-th call (from 1), of one kind where `kind` names it.

    ``before`` it is sent; ``after`` its reply came, unread; ``lost``: at once after it was
    sent, so that its effect comes later.
    """

    call: int
    when: Literal["before", "after", "lost"]
    kind: str = ""


@dataclass(slots=True)
class Call:
    """A call that was sent; `outcome` None: its sender never heard of it."""

    at_ns: int
    step: Step
    outcome: Outcome | None = None
    effect: Outcome | None = None


@dataclass(frozen=True, slots=True)
class InFlight:
    """A call whose sender died; its effect still comes."""

    at_ns: int
    perform: Perform
    call: Call


@dataclass(slots=True)
class RunResult:
    """What a run came to. `creations` counts instances made by the calls of this run.

    `kill` is what it died by.
    """

    verdict: Verdict
    now_ns: int
    calls: list[Call] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    observations: int = 0
    killed: bool = False
    in_flight: tuple[InFlight, ...] = ()
    kill: Kill | None = None

    @property
    def creations(self) -> int:
        """How many instances the calls of this run made."""
        return sum(
            isinstance(call.step, CreateInstance)
            and call.effect is not None
            and call.effect.kind == "done"
            for call in self.calls
        )


def run(
    controller: Decider,
    target: VirtualTarget,
    *,
    until_ns: int | None = None,
    max_ns: int = DAY_NS,
    stop: Callable[[], bool] | None = None,
    follow: bool = False,
    kill: Kill | Sequence[Kill] | None = None,
    in_flight: Sequence[InFlight] = (),
    inject: Iterable[tuple[int, Event]] = (),
) -> RunResult:
    """Drive `controller` against `target` until it has its verdict, or time is up.

    `until_ns` is the target's clock, `max_ns` counts from now; `stop` is asked after each
    event. It dies by the first of `kill` that is due. `inject` are events at times of the
    target's clock; `in_flight` the calls that a killed predecessor left behind. With `follow`,
    as a daemon does, a verdict does not end it.
    """
    end_ns = target.now_ns + max_ns if until_ns is None else until_ns
    kills = (kill,) if isinstance(kill, Kill) else tuple(kill or ())
    driver = _Run(controller, target, kills, follow)
    for call in in_flight:
        driver.push(max(call.at_ns, target.now_ns), EFFECT, (call.perform, call.call))
    for at_ns, event in inject:
        driver.push(max(at_ns, target.now_ns), INJECTED, event)
    driver.tell(Hinted())
    driver.loop(end_ns, stop)
    return driver.result()


class _Run:
    """The state of one run."""

    def __init__(
        self, controller: Decider, target: VirtualTarget, kills: Sequence[Kill], follow: bool
    ) -> None:
        self.controller, self.target, self.kills = controller, target, kills
        self.kill: Kill | None = None
        self.follow = follow
        self.heap: list[tuple[int, int, int, Any]] = []
        self.seq = 0
        self.wake_ns: int | None = None
        self.calls: list[Call] = []
        self.notices: list[Notice] = []
        self.observations = 0
        self.instant = (0, 0)  # the last event's time, and how many there were at it
        self.killed = False
        self.verdict = Verdict("running")

    def push(self, at_ns: int, rank: int, what: Any) -> None:
        self.seq += 1
        heappush(self.heap, (at_ns, rank, self.seq, what))

    def loop(self, end_ns: int, stop: Callable[[], bool] | None) -> None:
        target, heap = self.target, self.heap
        while not self.killed and (self.follow or self.verdict.kind == "running"):
            if stop is not None and stop():
                return
            at_ns = heap[0][0] if heap else None
            event_ns = target.next_event_ns()
            if event_ns is not None and (at_ns is None or event_ns < at_ns):
                at_ns = event_ns
            if at_ns is None:
                return
            if at_ns > end_ns:
                target.advance(end_ns)
                return
            hints = target.advance(at_ns)
            if hints is not None:
                self.tell(Hinted(hints))
            elif heap and heap[0][0] <= at_ns:
                _, rank, _, what = heappop(heap)
                self.happen(rank, what)

    def happen(self, rank: int, what: Any) -> None:
        if rank == EFFECT:
            perform, call = what
            call.effect = self.target.perform(perform.step, perform.deadline_ns)
        elif rank == REPLY:
            call, outcome, ends = what
            if ends:
                self.killed = True
                return
            call.outcome = outcome or call.effect
            self.tell(Ended(call.step, call.outcome))
        elif rank in (LOOK, INJECTED):
            self.tell(what)
        elif what == self.wake_ns:
            self.wake_ns = None
            self.tell(Tick())

    def tell(self, event: Event) -> None:
        """One event to the controller, and everything that it asks for."""
        now_ns = self.target.now_ns
        last_ns, count = self.instant
        self.instant = (now_ns, count + 1 if now_ns == last_ns else 0)
        assert count < MOST_AT_ONCE, f"the controller lets no time pass after {event}"
        output = self.controller.handle(event, now_ns)
        if output.notices:
            self.notices.extend(output.notices)
        for perform in output.steps:
            self.send(perform, now_ns)
            if self.killed:
                return
        if output.look is not None:
            self.look(output.look, now_ns)
        wake_ns = output.wake_at_ns
        if wake_ns is not None and wake_ns != self.wake_ns:
            self.wake_ns = max(wake_ns, now_ns)
            self.push(self.wake_ns, WAKE, self.wake_ns)
        self.verdict = self.controller.verdict()

    def send(self, perform: Perform, now_ns: int) -> None:
        kill = next((k for k in self.kills if self.is_due(k, perform.step)), None)
        self.kill = self.kill or kill
        if kill is not None and kill.when == "before":
            self.killed = True
            return
        call = Call(now_ns, perform.step)
        self.calls.append(call)
        timing: Timing = self.target.timing(perform.step)
        if timing.effect_after_ns is not None:
            self.push(now_ns + timing.effect_after_ns, EFFECT, (perform, call))
        if kill is not None and kill.when == "lost":
            self.killed = True
            return
        reply_ns, outcome = timing.reply_after_ns, timing.outcome
        if reply_ns is None or reply_ns > perform.deadline_ns:
            reply_ns, outcome = perform.deadline_ns, LATE
        self.push(now_ns + reply_ns, REPLY, (call, outcome, kill is not None))

    def is_due(self, kill: Kill, step: Step) -> bool:
        """Whether the call that is about to be sent is the reconciler's last."""
        if not kill.kind:
            return kill.call == len(self.calls) + 1
        alike = sum(kind_of(call.step) == kill.kind for call in self.calls)
        return kind_of(step) == kill.kind and kill.call == alike + 1

    def look(self, scope: Scope, now_ns: int) -> None:
        """An observation is of the instant at which it begins, and comes back later."""
        self.observations += 1
        event: Event
        try:
            observed = self.target.observe(scope)
            wanted = self.controller.wanted(scope)
            predicted = self.target.preview(wanted) if wanted else {}
            event = Looked(observed, predicted)
        except TargetError as error:
            event = LookFailed(scope, error.message, error.code)
        self.push(now_ns + self.target.look_latency_ns(), LOOK, event)

    def result(self) -> RunResult:
        left = sorted(entry for entry in self.heap if entry[1] == EFFECT)
        in_flight = tuple(InFlight(at, what[0], what[1]) for at, _, _, what in left)
        return RunResult(
            self.verdict, self.target.now_ns, self.calls, self.notices, self.observations,
            self.killed, in_flight, self.kill if self.killed else None,
        )  # fmt: skip

"""Real time: a few worker threads, one queue, one loop that owns the controller.

The SDKs block, so each step and each observation runs on a worker; all results come back
through one queue. A step that does not come back by its deadline is reported as unknown,
and whatever its thread says later is ignored: only a later observation decides.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.controller.core import Controller
from reconciler.controller.interface import (
    Anew,
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
from reconciler.model.step import Outcome
from reconciler.model.units import NS_PER_S
from reconciler.targets.port import Target

LATE_NS = 5 * NS_PER_S  # beyond its deadline, before a call is given up
STOP_NS = 20 * NS_PER_S  # how long calls under way are waited for when told to stop
LONGEST_WAIT_NS = NS_PER_S  # so that a request to stop is seen


@dataclass(frozen=True, slots=True)
class _Message:
    """What a worker or the hints' thread puts on the queue; `call` is the call's number."""

    event: Event | Notice
    call: int = 0
    ahead_ns: int | None = None  # of the target's clock before our monotonic one


@dataclass(slots=True)
class _Run:
    """One run of the loop."""

    controller: Controller
    target: Target
    on_notice: Callable[[Notice], None]
    should_stop: Callable[[], bool]
    tenure: Callable[[], int]
    inbox: "queue.SimpleQueue[_Message]" = field(default_factory=queue.SimpleQueue)
    work: "queue.SimpleQueue[Callable[[], None] | None]" = field(default_factory=queue.SimpleQueue)
    offset_ns: int = 0
    calls: int = 0
    pending: dict[int, tuple[Perform, int]] = field(default_factory=dict)
    looking: int = 0
    decided_in: int = 0  # the tenure that what is known was seen in
    stopping: bool = False
    stop_by_ns: int | None = None
    why: str = "stopped before it was done"

    def now_ns(self) -> int:
        """The target's clock, estimated: monotonic, moved by what observations told."""
        return time.monotonic_ns() + self.offset_ns

    def send(self, output: Output) -> None:
        """Hand the controller's wishes to the workers."""
        for notice in output.notices:
            self.on_notice(notice)
        if self.stopping:
            return
        for perform in output.steps:
            self.calls += 1
            limit_ns = time.monotonic_ns() + perform.deadline_ns + LATE_NS
            self.pending[self.calls] = (perform, limit_ns)
            self.work.put(_performing(self, self.calls, perform))
        if output.look is not None:
            self.calls += 1
            self.looking = self.calls
            self.work.put(_looking(self, self.calls, output.look))

    def take(self, message: _Message) -> Output | None:
        """One message to the controller; None where it comes too late to count."""
        event = message.event
        if isinstance(event, Notice):
            self.on_notice(event)
            return None
        if isinstance(event, Ended) and self.pending.pop(message.call, None) is None:
            return None
        if isinstance(event, Looked | LookFailed):
            if message.call != self.looking:
                return None
            self.looking = 0
        if message.ahead_ns is not None:
            self.offset_ns = message.ahead_ns
        return self.controller.handle(event, self.now_ns())

    def give_up_on_late(self) -> None:
        """Report as unknown what should have come back long ago."""
        now_ns = time.monotonic_ns()
        late = [call for call, (_, limit_ns) in self.pending.items() if limit_ns <= now_ns]
        for call in late:
            perform = self.pending[call][0]
            outcome = Outcome("unknown", "no answer within its deadline", "R402")
            self.inbox.put(_Message(Ended(perform.step, outcome), call))

    def wait_s(self, wake_at_ns: int | None) -> float:
        """How long the loop may sleep."""
        wait_ns = LONGEST_WAIT_NS
        if wake_at_ns is not None:
            wait_ns = min(wait_ns, max(0, wake_at_ns - self.now_ns()))
        return wait_ns / NS_PER_S


def run(
    controller: Controller,
    target: Target,
    *,
    on_notice: Callable[[Notice], None],
    parallelism: int = 8,
    should_stop: Callable[[], bool] = lambda: False,
    timeout_ns: int | None = None,
    tenure: Callable[[], int] = lambda: 1,
    feeds: Sequence[Iterable[Event | Notice]] = (),
) -> Verdict:
    """Drive the controller against a real target until it has nothing more to do.

    `should_stop` is asked at least once a second: when it says yes, no new step begins, the
    calls under way are waited for, and the verdict is `interrupted`; so it is when
    `timeout_ns` have passed, or when `tenure`, asked before each call, says that none may be
    made, which is 0; one that follows waits until it may again. Another number than before
    is another tenure: nothing that was decided or seen in an earlier one counts any more.
    Each of `feeds` is read on a thread of its own; its events go to the controller too, its
    notices to `on_notice`.
    """
    loop = _Run(controller, target, on_notice, should_stop, tenure)
    loop.decided_in = tenure()
    for number in range(parallelism + 1):
        threading.Thread(target=_worker, args=(loop,), name=f"call-{number}", daemon=True).start()
    loop.offset_ns = time.time_ns() - time.monotonic_ns()
    end_ns = None if timeout_ns is None else time.monotonic_ns() + timeout_ns
    for feed in (_hints(target), *feeds):
        threading.Thread(target=_feed, args=(loop, feed), name="feed", daemon=True).start()
    try:
        return _loop(loop, end_ns)
    finally:
        for _ in range(parallelism + 1):
            loop.work.put(None)


def _hints(target: Target) -> Iterator[Event]:
    """The target's hints; asked for on the thread that reads them, which may fail alone."""
    for keys in target.changes():
        yield Hinted(keys)


def _loop(loop: _Run, end_ns: int | None) -> Verdict:
    output = loop.controller.handle(Hinted(), loop.now_ns())
    loop.send(output)
    wake_at_ns = output.wake_at_ns
    while True:
        verdict = loop.controller.verdict()
        if verdict.kind != "running" and not loop.pending:
            return verdict
        if loop.should_stop() or (end_ns is not None and time.monotonic_ns() >= end_ns):
            loop.stopping = True
        policy, now_in = loop.controller.policy, loop.tenure()
        if policy.act and not policy.follow and not now_in:
            loop.stopping, loop.why = True, "the lock was lost: another reconciler acts now"
        if loop.stopping and loop.stop_by_ns is None:
            loop.stop_by_ns = time.monotonic_ns() + STOP_NS
        if loop.stop_by_ns is not None and time.monotonic_ns() >= loop.stop_by_ns:
            return Verdict("interrupted", verdict.failures, "stopped with calls under way")
        if loop.stopping and not loop.pending:
            return Verdict("interrupted", verdict.failures, loop.why)
        if now_in in (0, loop.decided_in):
            event = _next(loop, wake_at_ns)
        else:  # ahead of whatever else has come: that is of an earlier tenure
            loop.decided_in, event = now_in, _Message(Anew())
        if event is None:
            continue
        taken = loop.take(event)
        if taken is not None:
            loop.send(taken)
            wake_at_ns = taken.wake_at_ns


def _next(loop: _Run, wake_at_ns: int | None) -> _Message | None:
    try:
        return loop.inbox.get(timeout=loop.wait_s(wake_at_ns))
    except queue.Empty:
        loop.give_up_on_late()
        due = wake_at_ns is not None and loop.now_ns() >= wake_at_ns
        return _Message(Tick()) if due else None


def _worker(loop: _Run) -> None:
    while (job := loop.work.get()) is not None:
        job()


def _performing(loop: _Run, call: int, perform: Perform) -> Callable[[], None]:
    decided_in = loop.decided_in

    def job() -> None:
        try:
            now_in = loop.tenure()
            if not now_in or now_in != decided_in:
                outcome = Outcome("conflict", "the lock was lost", "R411")
            else:
                outcome = loop.target.perform(perform.step, perform.deadline_ns)
        except Exception as error:  # a bug in a target must not hang the loop
            text = f"a mistake of ours, please report it: {type(error).__name__}: {error}"
            outcome = Outcome("unknown", text, "R499")
        loop.inbox.put(_Message(Ended(perform.step, outcome), call))

    return job


def _looking(loop: _Run, call: int, scope: Scope) -> Callable[[], None]:
    def job() -> None:
        try:
            began_ns = time.monotonic_ns()
            observed = loop.target.observe(scope)
            wanted = loop.controller.wanted(scope)
            predicted = loop.target.preview(wanted) if wanted else {}
        except TargetError as error:
            loop.inbox.put(_Message(LookFailed(scope, error.message, error.code), call))
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            loop.inbox.put(_Message(LookFailed(scope, text, "R499"), call))
        else:
            ahead_ns = observed.target_now_ns - began_ns
            loop.inbox.put(_Message(Looked(observed, predicted), call, ahead_ns))

    return job


def _feed(loop: _Run, feed: Iterable[Event | Notice]) -> None:
    try:
        for event in feed:
            loop.inbox.put(_Message(event))
    except Exception as error:  # events only say "look again": without them, polling does
        text = f"events have ended: {type(error).__name__}: {error}"
        loop.inbox.put(_Message(Notice(loop.now_ns(), None, "retry", text, "R403")))

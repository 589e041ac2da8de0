"""The real-time driver, against a small target in memory."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.controller.core import Controller
from reconciler.controller.interface import Policy
from reconciler.drivers import real
from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Observed, ObservedObject, Scope
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import Notice, Verdict
from reconciler.model.step import (
    DONE,
    ApplyObject,
    DeleteObject,
    DropRecord,
    Outcome,
    Step,
    WriteRecord,
    kind_of,
)
from reconciler.targets.port import Capabilities, Predicted, Wanted
from tests.support.making import ENGINE, NATIVE, NET, stack

MS = 1_000_000
TIMEOUT_NS = 20_000 * MS


@dataclass
class Memory:
    """A target that holds objects and records. `before` is called ahead of each call."""

    capabilities: Capabilities = ENGINE
    before: Callable[[Step], Outcome | None] = lambda step: None
    looks: list[Exception] = field(default_factory=list)
    hints: "queue.SimpleQueue[frozenset[ResourceKey] | None]" = field(
        default_factory=queue.SimpleQueue
    )
    objects: dict[ResourceKey, ObservedObject] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    calls: list[Step] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    previews: int = 0
    ahead_ns: int = 0
    name: str = "memory"

    def observe(self, scope: Scope) -> Observed:
        self.scopes.append(scope)
        now_ns = time.time_ns() + self.ahead_ns
        if self.looks:
            raise self.looks.pop(0)
        objects = {key: found for key, found in self.objects.items() if scope.covers(key)}
        return Observed(scope, now_ns, now_ns, objects, (), tuple(self.records))

    def perform(self, step: Step, deadline_ns: int) -> Outcome:
        self.calls.append(step)
        refused = self.before(step)
        if refused is not None:
            return refused
        match step:
            case ApplyObject():
                self.objects[step.key] = ObservedObject(step.key, "id", step.fields)
            case DeleteObject():
                self.objects.pop(step.key, None)
            case WriteRecord():
                self.records.append(step.record)
            case DropRecord():
                self.records.remove(step.record)
        return DONE

    def preview(self, wanted: Sequence[Wanted]) -> Predicted:
        self.previews += 1
        return {}

    def changes(self) -> Iterator[frozenset[ResourceKey]]:
        while (keys := self.hints.get()) is not None:
            yield keys

    def logs(self, instance_id: str, lines: int) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self.hints.put(None)


NETWORKS = stack(networks={"a": {}, "b": {}, "c": {}})


def drive(
    target: Memory, made: Stack = NETWORKS, policy: Policy | None = None, **more: Any
) -> tuple[Verdict, list[Notice]]:
    notices: list[Notice] = []
    controller = Controller(made, target.capabilities, policy or Policy())
    more.setdefault("timeout_ns", TIMEOUT_NS)
    try:
        verdict = real.run(controller, target, on_notice=notices.append, **more)
    finally:
        target.close()
    return verdict, notices


def kinds(target: Memory) -> list[str]:
    return [kind_of(step) for step in target.calls]


def test_what_is_wanted_is_made_and_nothing_is_done_twice() -> None:
    target = Memory()
    verdict, notices = drive(target)
    assert verdict == Verdict("converged")
    assert kinds(target) == ["apply"] * 3
    assert {str(n.key) for n in notices if n.kind == "done"} == {
        "network/a", "network/b", "network/c",
    }  # fmt: skip
    assert drive(Memory(objects=target.objects))[0].kind == "converged"


def test_calls_of_different_resources_run_side_by_side() -> None:
    together = threading.Barrier(3, timeout=10)

    def wait(step: Step) -> None:
        together.wait()

    assert drive(Memory(before=wait))[0].kind == "converged"


def test_no_more_calls_run_at_once_than_are_allowed() -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def count(step: Step) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1

    made = stack(networks={f"n{index}": {} for index in range(6)})
    assert drive(Memory(before=count), made, parallelism=1)[0].kind == "converged"
    assert most[0] <= 2  # one worker more than that, for observations


def test_a_terminal_answer_ends_the_run_and_says_why() -> None:
    refused = Outcome("terminal", "no room for it", "R410", "make room")
    verdict, notices = drive(Memory(before=lambda step: refused))
    assert verdict.kind == "failed"
    assert {status.message for status in verdict.failures} == {"no room for it"}
    assert [n.code for n in notices if n.kind == "failed" and n.code] == ["R410"] * 3


def test_an_answer_that_may_change_is_asked_for_again() -> None:
    answers = [Outcome("retryable", "busy")]
    target = Memory(before=lambda step: answers.pop() if answers else None)
    verdict, notices = drive(target, stack(networks={"a": {}}))
    assert verdict.kind == "converged"
    assert kinds(target) == ["apply", "apply"]
    assert any(n.kind == "retry" and "busy" in n.text for n in notices)


def test_a_mistake_in_a_target_is_an_unknown_outcome_and_no_end() -> None:
    failures = [RuntimeError("a bug")]

    def fail(step: Step) -> None:
        if failures:
            raise failures.pop()

    verdict, notices = drive(Memory(before=fail), stack(networks={"a": {}}))
    assert verdict.kind == "converged"
    assert [n.code for n in notices if n.kind == "retry"] == ["R499"]


def test_a_call_that_does_not_come_back_is_unknown_and_its_late_answer_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(real, "LATE_NS", -60_000 * MS + 50 * MS)
    monkeypatch.setattr(real, "LONGEST_WAIT_NS", 20 * MS)
    release = threading.Event()
    stuck = [True]

    def hang(step: Step) -> Outcome | None:
        if stuck:
            stuck.pop()
            release.wait(10)
            return Outcome("terminal", "too late to count")
        release.set()
        return None

    target = Memory(before=hang)
    verdict, notices = drive(target, stack(networks={"a": {}}))
    assert verdict.kind == "converged"
    assert kinds(target) == ["apply", "apply"]
    assert [n.code for n in notices if n.kind == "retry"] == ["R402"]


def test_being_asked_to_stop_waits_for_what_is_under_way_and_begins_nothing_new() -> None:
    stop = threading.Event()
    finished: list[Step] = []

    def slow(step: Step) -> None:
        stop.set()
        time.sleep(0.1)
        finished.append(step)

    made = stack(networks={"a": {}}, services={"web": {"image": "w", "networks": ["a"]}})
    target = Memory(before=slow)
    verdict, _ = drive(target, made, should_stop=stop.is_set)
    assert verdict.kind == "interrupted"
    assert kinds(target) == ["apply"]
    assert len(finished) == 1


def test_a_run_that_takes_too_long_is_interrupted() -> None:
    target = Memory(looks=[TargetError("unreachable", "R401", "no answer")] * 1000)
    began = time.monotonic()
    verdict, _ = drive(target, timeout_ns=50 * MS)
    assert verdict.kind == "interrupted"
    assert time.monotonic() - began < 5


def test_a_target_that_does_not_answer_is_asked_again() -> None:
    target = Memory(looks=[TargetError("unreachable", "R401", "no answer")])
    verdict, notices = drive(target)
    assert verdict.kind == "converged"
    assert [n.code for n in notices if "no answer" in n.text] == ["R401"]


def test_a_look_that_fails_by_a_mistake_is_repeated_too() -> None:
    target = Memory(looks=[KeyError("a bug")])
    verdict, notices = drive(target)
    assert verdict.kind == "converged"
    assert [n.code for n in notices if "KeyError" in n.text] == ["R499"]


def test_a_hint_makes_it_look_at_once() -> None:
    """Somebody takes a network away; the daemon makes it again without waiting to poll."""
    target, done = Memory(), threading.Event()

    def break_it() -> None:
        while len(target.objects) < 1:
            time.sleep(0.005)
        time.sleep(0.1)
        target.objects.clear()
        target.hints.put(frozenset({ResourceKey("network", "a")}))
        while not target.objects:
            time.sleep(0.005)
        done.set()

    breaker = threading.Thread(target=break_it)
    breaker.start()
    began = time.monotonic()
    verdict, _ = drive(
        target, stack(networks={"a": {}}), Policy(follow=True), should_stop=done.is_set
    )
    breaker.join(10)
    assert verdict.kind == "interrupted"
    assert kinds(target) == ["apply", "apply"]
    assert time.monotonic() - began < 5


def test_without_a_tenure_no_call_is_made() -> None:
    target = Memory()
    verdict, _ = drive(target, tenure=lambda: 0)
    assert (verdict.kind, target.calls) == ("interrupted", [])
    assert "the lock was lost" in verdict.message


def test_a_call_decided_in_an_earlier_tenure_is_not_made_before_all_is_looked_at_again() -> None:
    now_in = [1]
    whole: list[int] = []

    def lose(step: Step) -> None:
        whole.append(sum(scope.keys is None for scope in target.scopes))
        if now_in[0] == 1:  # lost and regained, while the other calls wait for a worker
            now_in[0] = 2
            time.sleep(0.05)

    target = Memory(before=lose)
    made = stack(networks={f"n{index}": {} for index in range(8)})
    verdict, notices = drive(target, made, tenure=lambda: now_in[0], parallelism=1)
    assert verdict.kind == "converged"
    assert "R411" in {n.code for n in notices if n.kind == "retry"}
    assert whole.count(1) <= 2, "no more than had begun"
    assert max(whole) >= 2, "the others after a look at everything"


def test_notices_come_through_the_feeds_too() -> None:
    told = Notice(1, NET, "progress", "half of it")
    _, notices = drive(Memory(), feeds=(iter([told]),))
    assert told in notices


def test_events_that_fail_are_done_without() -> None:
    class Mute(Memory):
        def changes(self) -> Iterator[frozenset[ResourceKey]]:
            raise OSError("no events here")

    assert drive(Mute())[0].kind == "converged"


def test_what_follows_goes_on_after_it_has_converged() -> None:
    target, asked = Memory(), [0]

    def twice() -> bool:
        asked[0] += 1
        return len(target.objects) == 3 and asked[0] > 8

    verdict, _ = drive(target, policy=Policy(follow=True), should_stop=twice)
    assert verdict.kind == "interrupted"


def test_times_are_the_targets_clock() -> None:
    target = Memory(ahead_ns=3600 * 1000 * MS)
    _, notices = drive(target)
    done = [n.at_ns for n in notices if n.kind == "done"]
    assert all(abs(at - time.time_ns() - target.ahead_ns) < 60_000 * MS for at in done)


def test_a_native_target_is_asked_for_a_preview_with_each_look() -> None:
    target = Memory(capabilities=NATIVE)
    verdict, _ = drive(target, stack(services={"web": {"image": "w"}}))
    assert verdict.kind == "converged"
    assert target.previews >= 1
    assert {str(key) for key in target.objects} == {"network/default", "service/web"}


def test_the_first_look_is_at_everything_and_the_next_ones_at_what_moved() -> None:
    target = Memory()
    drive(target)
    assert target.scopes[0].keys is None
    assert all(scope.keys for scope in target.scopes[1:])


def test_nothing_runs_any_more_once_it_has_returned() -> None:
    drive(Memory(objects={NET: ObservedObject(NET, "x", {"internal": False})}))
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        left = [t.name for t in threading.enumerate() if t.name.startswith("call-")]
        if not left:
            break
        time.sleep(0.01)
    assert left == []

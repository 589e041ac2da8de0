"""The lock of one stack, on a target that holds nothing but records."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.drivers import locking
from reconciler.drivers.locking import Lock, clock_ns, process_is_alive, this_process
from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Observed, Scope
from reconciler.model.record import Record
from reconciler.model.step import DONE, DropRecord, Outcome, Step, WriteRecord
from reconciler.plan.lease import LIFE_NS, MARGIN_NS, RENEW_NS, Holder
from tests.support.making import S

HERE = Holder("here", "boot-1", 10, "1")
MATE = Holder("here", "boot-1", 11, "2")
FAR = Holder("there", "boot-2", 10, "1")
START_NS = 1_000 * S


@dataclass
class Board:
    """A target of records alone, whose clock is `ahead_ns` of everybody's."""

    clock: "Clock"
    ahead_ns: int = 0
    records: dict[int, Record] = field(default_factory=dict)
    before_write: Callable[[Record], Outcome | None] = lambda record: None
    after_write: Callable[[Record], Outcome | None] = lambda record: None
    looks_fail: bool = False
    writes: list[Record] = field(default_factory=list)

    def observe(self, scope: Scope) -> Observed:
        if self.looks_fail:
            raise TargetError("unreachable", "R420", "away")
        now_ns = self.clock() + self.ahead_ns
        return Observed(scope, now_ns, now_ns, records=tuple(self.records.values()))

    def perform(self, step: Step, deadline_ns: int) -> Outcome:
        assert isinstance(step, WriteRecord | DropRecord)
        record = step.record
        if isinstance(step, DropRecord):
            self.records.pop(record.seq, None)
            return DONE
        refused = self.before_write(record)
        if refused is not None:
            return refused
        if record.seq in self.records:
            return Outcome("conflict", "taken")
        self.records[record.seq] = record
        self.writes.append(record)
        return self.after_write(record) or DONE

    @property
    def newest(self) -> Record:
        return self.records[max(self.records)]


@dataclass
class Clock:
    now_ns: int = START_NS

    def __call__(self) -> int:
        return self.now_ns

    def move(self, by_ns: int) -> None:
        self.now_ns += by_ns


@pytest.fixture
def board() -> Board:
    return Board(Clock())


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "PAUSE_S", 0.01)
    monkeypatch.setattr(locking, "RENEW_S", 0.01)


@pytest.fixture
def make(board: Board) -> Iterator[Callable[..., Lock]]:
    made: list[Lock] = []

    def lock(me: Holder = HERE, **more: Any) -> Lock:
        more.setdefault("is_alive", lambda pid, started: True)
        more.setdefault("clock", board.clock)
        made.append(Lock(board, "shop", me, **more))
        return made[-1]

    yield lock
    for each in made:
        each._ended.set()
        if each._thread is not None:
            each._thread.join(5)
            assert not each._thread.is_alive()


def take(lock: Lock, wait_ns: int = 0, **more: Any) -> None:
    more.setdefault("should_stop", lambda: False)
    more.setdefault("on_wait", lambda text: None)
    lock.acquire(wait_ns, **more)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.005)


def reach(board: Board, number: int) -> None:
    until(lambda: max(board.records) == number)


def test_a_lock_that_nobody_has_is_taken(board: Board, make: Callable[..., Lock]) -> None:
    lock = make()
    assert not lock.is_held()
    take(lock)
    assert lock.is_held() and list(board.records) == [1]
    assert board.newest.body == {
        "holder": "here", "boot": "boot-1", "pid": 10, "started": "1", "when_ns": START_NS,
    }  # fmt: skip


def test_another_is_kept_waiting_and_told_of_the_holder(
    board: Board, make: Callable[..., Lock]
) -> None:
    take(make())
    told: list[str] = []
    with pytest.raises(TargetError) as caught:
        take(make(FAR), on_wait=told.append)
    assert caught.value.code == "R410"
    assert "here (process 10)" in caught.value.message and "15s" in caught.value.hint
    calls = iter([False, True])
    with pytest.raises(TargetError):
        take(make(FAR), 3600 * S, should_stop=lambda: next(calls), on_wait=told.append)
    assert told == ["waiting for here (process 10), who holds the lock"]
    assert list(board.records) == [1]


def test_a_holder_renews_while_it_lives_and_nobody_else_gets_it(
    board: Board, make: Callable[..., Lock]
) -> None:
    lock, other = make(), make(FAR)
    take(lock)
    for number in range(2, 9):
        board.clock.move(RENEW_NS)
        reach(board, number)
        assert not other._try() and lock.is_held()
    assert {r.body["holder"] for r in board.writes} == {"here"}


def test_records_that_nobody_can_act_on_any_more_are_removed(
    board: Board, make: Callable[..., Lock]
) -> None:
    lock = make()
    take(lock)
    for number in range(2, 60):
        board.clock.move(RENEW_NS)
        reach(board, number)
    until(lambda: len(board.records) <= 14)
    assert lock.is_held()


def test_a_silent_holder_stops_acting_before_another_takes_over(
    board: Board, make: Callable[..., Lock]
) -> None:
    lock, other = make(regains=True), make(FAR)
    take(lock)
    board.looks_fail = True  # it cannot renew
    board.clock.move(LIFE_NS - MARGIN_NS - 1)
    assert lock.is_held()
    board.clock.move(1)
    assert not lock.is_held()
    lock._ended.set()
    board.looks_fail = False
    assert not other._try()
    board.clock.move(MARGIN_NS - 1)
    assert not other._try()
    board.clock.move(1)
    assert other._try() and other.is_held() and not lock.is_held()


@pytest.mark.parametrize("slow_ns", [S, 7 * S, 14 * S])
def test_a_slow_call_gives_no_time_away(
    board: Board, make: Callable[..., Lock], slow_ns: int
) -> None:
    """Time counts from before the first look; however long calls take, lives do not overlap."""
    lock, other = make(), make(FAR)
    board.before_write = lambda record: board.clock.move(slow_ns)
    assert lock._try() and lock.is_held() == (slow_ns < LIFE_NS - MARGIN_NS)
    board.before_write = lambda record: None
    while not other._try():
        board.clock.move(S // 2)
    assert not lock.is_held()


def test_the_targets_clock_counts_and_not_ours(board: Board, make: Callable[..., Lock]) -> None:
    skewed = Clock(START_NS - 7200 * S)
    lock, other = make(), make(FAR, clock=skewed)
    take(lock)
    lock._ended.set()
    assert lock._thread is not None
    lock._thread.join(5)
    for _ in range(2 * 14):  # two clocks, hours apart, that go equally fast
        assert not other._try()
        board.clock.move(S // 2)
        skewed.move(S // 2)
    board.clock.move(S)
    skewed.move(S)
    assert other._try() and not lock.is_held()


def test_a_target_whose_clock_is_set_back_blocks_for_no_longer_than_a_life(
    board: Board, make: Callable[..., Lock]
) -> None:
    board.ahead_ns = 3600 * S
    assert make()._try()
    board.ahead_ns = 0
    other = make(FAR)
    assert not other._try()
    board.clock.move(LIFE_NS)
    assert other._try()


def test_a_dead_process_of_this_machine_is_taken_over_from_at_once(
    board: Board, make: Callable[..., Lock]
) -> None:
    assert make(MATE)._try()
    asked: list[tuple[int, str]] = []

    def is_alive(pid: int, started: str) -> bool:
        asked.append((pid, started))
        return False

    take(make(HERE, is_alive=is_alive))
    assert asked == [(11, "2")] and list(board.records) == [1, 2]


def test_a_process_of_another_machine_is_not_asked_for(
    board: Board, make: Callable[..., Lock]
) -> None:
    assert make(FAR)._try()
    assert not make(HERE, is_alive=lambda *process: False)._try()


def test_a_predecessor_with_our_own_process_number_is_not_taken_for_us(
    board: Board, make: Callable[..., Lock]
) -> None:
    assert make()._try()  # as in a container, whose first process always has the same one
    lock = make()
    take(lock)
    assert lock.is_held() and list(board.records) == [1, 2]


def test_of_two_that_write_at_once_one_has_it(board: Board, make: Callable[..., Lock]) -> None:
    rival = make(FAR)

    def quicker(record: Record) -> None:
        board.before_write = lambda record: None
        assert rival._try()

    board.before_write = quicker
    lock = make()
    assert not lock._try() and not lock.is_held() and rival.is_held()


def test_a_slow_writer_that_gets_a_number_long_past_does_not_have_it(
    board: Board, make: Callable[..., Lock]
) -> None:
    lock, rival = make(), make(FAR)

    def overtaken(record: Record) -> None:
        board.before_write = lambda record: None
        for _ in range(40):
            assert rival._try()
            board.clock.move(RENEW_NS)
        assert record.seq not in board.records, "the number is free again"

    board.before_write = overtaken
    assert not lock._try() and not lock.is_held()
    assert board.newest.body["holder"] == "there" and rival._try()


def test_a_slow_writer_from_before_everything_was_removed_does_not_have_it(
    board: Board, make: Callable[..., Lock]
) -> None:
    first, second, slow = make(), make(MATE), make(FAR)
    assert first._try()
    board.records[1] = Record("lock", "stack", 1, {**board.records[1].body, "released": True})

    def removed(record: Record) -> None:
        board.before_write = lambda record: None
        board.records.clear()
        assert second._try()

    board.before_write = removed
    assert not slow._try() and not slow.is_held() and second.is_held()
    assert list(board.records) == [1]


def test_a_holder_sees_that_it_has_been_fenced_off(board: Board, make: Callable[..., Lock]) -> None:
    lock = make()
    take(lock)
    mine = board.newest
    board.records[2] = Record("lock", "stack", 2, {**mine.body, "boot": "boot-2", "holder": "x"})
    until(lambda: not lock.is_held())
    lock._thread.join(5)  # type: ignore[union-attr]
    assert list(board.records) == [1, 2]


def test_a_daemon_that_lost_the_lock_waits_and_gets_it_back(
    board: Board, make: Callable[..., Lock]
) -> None:
    lock, told = make(regains=True), list[str]()
    take(lock, on_wait=told.append)
    other = {**board.newest.body, "boot": "boot-2", "holder": "x"}
    board.records[2] = Record("lock", "stack", 2, other)
    until(lambda: told)
    assert not lock.is_held()
    board.records[3] = Record("lock", "stack", 3, {**other, "released": True})
    until(lock.is_held)
    until(lambda: len(told) == 2)
    assert told == [
        "the lock was lost to x (process 10); waiting for it", "the lock is ours again",
    ]  # fmt: skip


def test_what_is_regained_is_another_tenure_and_what_is_renewed_is_not(
    board: Board, make: Callable[..., Lock]
) -> None:
    lock = make(regains=True)
    assert lock.tenure() == 0
    take(lock)
    assert lock.tenure() == 1
    board.clock.move(RENEW_NS)
    until(lambda: board.newest.seq == 2)
    assert lock.tenure() == 1
    other = {**board.newest.body, "boot": "boot-2", "holder": "x"}
    board.records[3] = Record("lock", "stack", 3, other)
    until(lambda: lock.tenure() == 0)
    board.records[4] = Record("lock", "stack", 4, {**other, "released": True})
    until(lambda: lock.tenure() == 2)


@pytest.mark.parametrize("kind", ["unknown", "retryable"])
@pytest.mark.parametrize("took_effect", [True, False])
def test_a_renewal_that_was_not_heard_of_again_loses_nothing(
    board: Board, make: Callable[..., Lock], kind: Any, took_effect: bool
) -> None:
    lock = make()
    take(lock)
    failed = threading.Event()

    def once(record: Record) -> Outcome:
        board.before_write = board.after_write = lambda record: None
        failed.set()
        return Outcome(kind, "no reply")

    if took_effect:
        board.after_write = once
    else:
        board.before_write = once
    board.clock.move(RENEW_NS)
    assert failed.wait(5) and lock.is_held()
    until(lambda: max(board.records) == (3 if took_effect else 2))
    board.clock.move(RENEW_NS)
    until(lambda: max(board.records) == (4 if took_effect else 3))
    assert lock.is_held()


def test_a_first_write_whose_reply_is_lost_is_followed_by_another(
    board: Board, make: Callable[..., Lock]
) -> None:
    def once(record: Record) -> Outcome:
        board.after_write = lambda record: None
        return Outcome("unknown", "no reply")

    board.after_write = once
    lock = make()
    take(lock, 60 * S)
    assert lock.is_held() and list(board.records) == [1, 2]


def test_a_target_that_refuses_is_told_of(board: Board, make: Callable[..., Lock]) -> None:
    board.before_write = lambda record: Outcome("terminal", "not permitted", "R421", "ask")
    with pytest.raises(TargetError, match="not permitted") as caught:
        take(make())
    assert (caught.value.code, caught.value.hint) == ("R421", "ask")


def test_a_target_that_is_away_for_a_moment_loses_nothing(
    board: Board, make: Callable[..., Lock]
) -> None:
    lock = make()
    take(lock)
    board.looks_fail = True
    board.clock.move(LIFE_NS - MARGIN_NS - 1)
    time.sleep(0.05)
    board.looks_fail = False
    until(lambda: max(board.records) == 2)
    assert lock.is_held()


def test_what_is_released_can_be_taken_at_once(board: Board, make: Callable[..., Lock]) -> None:
    lock = make()
    take(lock)
    lock.release()
    assert not lock.is_held() and board.newest.body["released"] is True
    assert list(board.records) == [2], "the last number stays, so that numbers only grow"
    other = make(FAR)
    take(other)
    assert board.newest.seq == 3
    lock.release()  # once more changes nothing
    assert other._try() and other.is_held()


def test_nothing_is_left_of_a_stack_that_is_gone(board: Board, make: Callable[..., Lock]) -> None:
    lock = make()
    take(lock)
    lock.release(forget=True)
    assert board.records == {}


def test_to_forget_takes_no_successors_record_away(board: Board, make: Callable[..., Lock]) -> None:
    lock, successor = make(), make(FAR)
    take(lock)

    def quick(record: Record) -> None:
        board.after_write = lambda record: None
        assert successor._try()

    board.after_write = quick
    lock.release(forget=True)
    assert list(board.records) == [3] and successor.is_held()


def test_who_holds_it_no_more_gives_nothing_back(board: Board, make: Callable[..., Lock]) -> None:
    lock = make()
    assert lock._try()
    board.clock.move(LIFE_NS)
    assert make(FAR)._try()
    lock.release()
    assert board.newest.body["holder"] == "there" and "released" not in board.newest.body


def test_release_does_not_wait_for_a_target_that_hangs(
    board: Board, make: Callable[..., Lock], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "CALL_NS", S // 20)
    lock, hung = make(), threading.Event()
    take(lock)

    def hang(record: Record) -> None:
        hung.wait(5)

    board.before_write = hang
    board.clock.move(RENEW_NS)
    until(lock._guard.locked)
    time.sleep(0.02)
    began = time.monotonic()
    lock.release()
    assert time.monotonic() - began < 1 and not lock.is_held()
    hung.set()


def test_this_process_is_itself_and_alive() -> None:
    me = this_process()
    assert me == this_process() and me.pid == os.getpid()
    assert process_is_alive(me.pid, me.started)
    assert not process_is_alive(me.pid, f"{me.started}9"), "a later process with its number"
    assert process_is_alive(1, "")


def test_a_process_that_has_ended_is_dead_even_while_nobody_has_waited_for_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        until(lambda: not process_is_alive(child.pid, ""))
    finally:
        child.wait(10)
    assert not process_is_alive(child.pid, "")


def test_the_clock_of_a_lock_goes_on() -> None:
    before = clock_ns()
    time.sleep(0.002)
    assert S > clock_ns() - before >= 1_000_000

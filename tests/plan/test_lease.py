"""Whose turn the lock says that it is."""

from typing import Any

import pytest

from reconciler.model.record import Record
from reconciler.plan.lease import (
    LIFE_NS,
    MARGIN_NS,
    RENEW_NS,
    RETRY_NS,
    Holder,
    Turn,
    follows,
    is_valid,
    newest_of,
    released,
    turn_of,
)
from tests.support.making import S

ME = Holder("here", "boot-1", 10, "500")
MATE = Holder("here", "boot-1", 11, "600")  # another process of the same machine
FAR = Holder("there", "boot-2", 10, "500")
T = 1_000 * S


def lock(holder: Holder, seq: int = 1, when_ns: int = T, **body: Any) -> Record:
    made = {"holder": holder.name, "boot": holder.boot, "pid": holder.pid,
            "started": holder.started, "when_ns": when_ns}  # fmt: skip
    return Record("lock", "stack", seq, made | body)


def turn(*records: Record, at_ns: int = T, alive: bool = True, **more: Any) -> Turn:
    return turn_of("stack", records, ME, at_ns, lambda pid, started: alive, **more)


def test_the_first_one_makes_number_one() -> None:
    found = turn()
    assert (found.is_ours, found.write) == (False, lock(ME))


def test_numbers_go_on_and_the_newest_counts_in_whatever_order_they_are_seen() -> None:
    given_back = released(lock(FAR, 8), FAR, T)
    assert (given_back.seq, given_back.body["released"]) == (9, True)
    found = turn(given_back, lock(FAR, 8), lock(FAR, 3))
    assert found.write == lock(ME, 10)
    assert newest_of("stack", [lock(FAR, 3), given_back, lock(FAR, 8)]) == given_back
    assert newest_of("other", [given_back]) is None


def test_what_is_no_lock_of_this_name_does_not_count() -> None:
    other = Record("lock", "other", 7, lock(FAR).body)
    assert turn(other, Record("hold", "stack", 9)).write == lock(ME, 1)


def test_a_holder_renews_when_it_is_time_and_not_before() -> None:
    held = lock(ME, 4)
    assert turn(held, held=4, at_ns=T + RENEW_NS - 1) == Turn(True, None, T + RENEW_NS, "here")
    due = turn(held, held=4, at_ns=T + RENEW_NS)
    assert (due.is_ours, due.write) == (True, lock(ME, 5, T + RENEW_NS))


def test_a_holder_whose_record_lies_in_the_future_renews_at_once() -> None:
    assert turn(lock(ME, 4), held=4, at_ns=T - 3600 * S).write == lock(ME, 5, T - 3600 * S)


def test_who_is_alive_is_waited_for() -> None:
    assert turn(lock(FAR)) == Turn(False, None, T + RETRY_NS, "there (process 10)")
    late = turn(lock(FAR), at_ns=T + LIFE_NS - 1)
    assert (late.write, late.wait_until_ns) == (None, T + LIFE_NS)
    assert turn(lock(MATE)).write is None


def test_who_has_been_silent_for_its_life_is_taken_over_from() -> None:
    assert turn(lock(FAR, 2), at_ns=T + LIFE_NS).write == lock(ME, 3, T + LIFE_NS)
    assert turn(lock(MATE, 2), at_ns=T + LIFE_NS).write is not None


def test_a_clock_that_was_set_back_blocks_nobody_for_longer_than_a_life() -> None:
    ahead = lock(FAR, 2, T + 3600 * S)
    assert turn(ahead, silent_ns=LIFE_NS - 1).write is None
    assert turn(ahead, silent_ns=LIFE_NS).write == lock(ME, 3)


@pytest.mark.parametrize(("holder", "taken"), [(MATE, True), (FAR, False)])
def test_a_dead_process_is_taken_over_from_at_once_where_it_can_be_known(
    holder: Holder, taken: bool
) -> None:
    assert (turn(lock(holder), alive=False).write is not None) == taken


def test_a_process_is_asked_for_by_its_number_and_its_start() -> None:
    asked: list[tuple[int, str]] = []

    def is_alive(pid: int, started: str) -> bool:
        asked.append((pid, started))
        return True

    turn_of("stack", [lock(MATE)], ME, T, is_alive)
    assert asked == [(11, "600")]


def test_a_record_of_ours_that_we_do_not_hold_is_followed_by_a_fresh_one() -> None:
    lost_reply = turn(lock(ME, 5), held=4)
    assert (lost_reply.is_ours, lost_reply.write) == (False, lock(ME, 6))


def test_a_later_process_with_our_number_is_not_us() -> None:
    before = lock(Holder("here", "boot-1", 10, "17"), 5)
    assert turn(before, alive=False).write == lock(ME, 6)
    assert turn(before, alive=False).is_ours is False


def test_a_holder_stops_before_anybody_may_take_over() -> None:
    assert is_valid(0, LIFE_NS - MARGIN_NS - 1)
    assert not is_valid(0, LIFE_NS - MARGIN_NS)


def test_what_was_written_has_taken_the_lock_only_as_the_newest_after_what_was_seen() -> None:
    before, mine, later = lock(FAR, 4), lock(ME, 5), lock(FAR, 6)
    assert follows(mine, [before, mine], before)
    assert follows(lock(ME, 1), [lock(ME, 1)], None)
    assert not follows(mine, [before, mine, later], before)
    assert not follows(mine, [lock(FAR, 1), mine], before), "numbers have begun anew"
    assert not follows(mine, [], before)

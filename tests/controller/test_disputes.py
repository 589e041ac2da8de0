"""Another actor that keeps changing what was made as wanted is answered later each time."""

import pytest

from reconciler.controller.interface import Policy, Redesired
from reconciler.model.observed import Instance
from reconciler.model.step import ApplyObject, Outcome, Step, UpdateInstance
from tests.controller.hand import Hand, only
from tests.support.making import NATIVE, NET, S, good, live, network, observed, stack, web

FOLLOW = Policy(follow=True)
LIMITED = web(resources={"limits": {"memory": "32Mi"}})
RIGHT = live(LIMITED)
WRONG = live(LIMITED, also={"resources.memory_limit": 1})


class Table(Hand):
    """A hand that shows one instance, right or wrong, and ends what follows."""

    def sees(self, instance: Instance, now_s: int) -> list[Step]:
        steps = self.show([instance], [good(LIMITED)], now_s * S)
        for step in steps:
            self.end(step)
        return steps


def test_the_first_change_is_set_right_at_once() -> None:
    table = Table(LIMITED, FOLLOW)
    assert table.sees(RIGHT, 0) == []
    step = only(table.sees(WRONG, 1))
    assert isinstance(step, UpdateInstance) and step.fields == {"resources.memory_limit": 32 << 20}


@pytest.mark.parametrize("seen_right_between", [True, False])
def test_each_further_one_waits_longer_and_is_told(seen_right_between: bool) -> None:
    """However fast the other one is: also where it is never seen to be right."""
    table, now_s, waits = Table(LIMITED, FOLLOW), 0, []
    table.sees(RIGHT, now_s)
    for _ in range(7):
        changed_s = now_s
        while not table.sees(WRONG, now_s):
            assert table.status().phase == "degraded"
            now_s += 1
        waits.append(now_s - changed_s)
        if seen_right_between:
            table.sees(RIGHT, now_s)
    assert waits == [0, 10, 20, 40, 80, 160, 300]


def test_it_says_what_is_changed_how_often_and_when_it_is_set_right() -> None:
    table = Table(LIMITED, FOLLOW)
    table.sees(WRONG, 0)
    assert table.sees(WRONG, 1) == []
    assert table.status().message == (
        "another actor changes resources.memory_limit: 2 times so far, set right after 10s"
    )
    assert table.said.wake_at_ns is not None and table.said.wake_at_ns <= 11 * S


def test_ten_minutes_of_peace_start_it_over() -> None:
    table = Table(LIMITED, FOLLOW)
    for now_s in (0, 1, 11):
        table.sees(WRONG, now_s)
    table.sees(RIGHT, 12)
    assert table.sees(WRONG, 700) != []


def test_another_desire_is_followed_at_once() -> None:
    table = Table(LIMITED, FOLLOW)
    table.sees(WRONG, 0)
    assert table.sees(WRONG, 1) == []
    table.tell(Redesired(LIMITED, FOLLOW))
    assert table.sees(WRONG, 2) != []


def test_a_call_of_ours_that_fails_is_no_doing_of_anothers() -> None:
    hand = Hand(LIMITED, FOLLOW)
    for now_s in (0, 2, 5):
        step = only(hand.show([WRONG], [good(LIMITED)], now_s * S))
        hand.end(step, Outcome("retryable", "busy"))
        hand.show([WRONG], [good(LIMITED)], now_s * S)
        assert hand.status().message == "will try again: busy"


def test_an_object_that_another_insists_on_is_written_later_each_time_too() -> None:
    hand, wanted = Hand(stack(networks={"default": {"internal": True}}), FOLLOW, NATIVE), []
    for now_s in range(40):
        for step in hand.look(observed([network()]), now_s * S):
            if isinstance(step, ApplyObject) and step.key == NET:
                wanted.append(now_s)
                hand.end(step)
    assert wanted == [0, 11, 32], "10 s and 20 s after it was seen, a second later, to differ"
    assert "another actor changes it: 4 times so far" in hand.status(NET).message

"""Which ended instances run again, when, and how often."""

from typing import Any

import pytest

from reconciler.model.lifecycle import Backoff, Restart
from reconciler.plan.restarting import (
    is_exhausted,
    is_spent,
    may_start_again,
    not_before_ns,
    streak_after,
)
from tests.support.making import S, ended, instance

RESTART = Restart()


@pytest.mark.parametrize(
    ("streak", "delay_s"),
    [(0, 0), (1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 300), (7, 300), (60, 300)],
)
def test_the_delay_of_a_replacement_doubles_up_to_five_minutes(streak: int, delay_s: int) -> None:
    past = ended(instance(streak=streak, started_at_ns=90 * S), 100 * S)
    assert not_before_ns(past, RESTART) == (100 + delay_s) * S


@pytest.mark.parametrize(("lived_s", "streak"), [(1, 5), (599, 5), (600, 1), (6000, 1)])
def test_a_long_enough_life_starts_over(lived_s: int, streak: int) -> None:
    past = ended(instance(streak=4, started_at_ns=0), lived_s * S)
    assert streak_after(past, RESTART.backoff) == streak


def test_what_never_ran_counts_as_one_more() -> None:
    past = ended(instance(streak=2, started_at_ns=None), 5)
    assert streak_after(past, RESTART.backoff) == 3


@pytest.mark.parametrize(
    ("times", "since_s"),
    [
        ({"finished_at_ns": 9 * S}, 9),
        ({"finished_at_ns": None, "started_at_ns": 7 * S}, 7),
        ({"finished_at_ns": None, "started_at_ns": None, "created_at_ns": 5 * S}, 5),
    ],
)
def test_the_delay_counts_from_the_end_as_far_as_it_is_known(times: Any, since_s: int) -> None:
    past = ended(instance(streak=1, started_at_ns=8 * S), 9 * S, **times)
    assert not_before_ns(past, RESTART) == (since_s + 10) * S


@pytest.mark.parametrize(
    ("streak", "most", "exhausted"),
    [(0, 1, False), (1, 1, True), (4, 5, False), (5, 5, True), (0, 0, True)],
)
def test_a_service_is_replaced_so_often_and_no_more(
    streak: int, most: int, exhausted: bool
) -> None:
    past = ended(instance(streak=streak), 5)
    assert is_exhausted(past, Restart(most=most)) is exhausted


def test_delays_are_as_declared() -> None:
    backoff = Backoff(first=3 * S, longest=7 * S)
    assert [backoff.delay_ns(n) // S for n in (0, 1, 2, 99)] == [3, 6, 7, 7]


@pytest.mark.parametrize(
    ("phase", "armed", "policy", "code", "starts"),
    [
        ("created", True, "never", None, True),
        ("created", False, "always", None, True),
        ("running", True, "always", None, False),
        ("restarting", True, "always", 1, False),
        ("exited", True, "always", 0, True),
        ("exited", True, "always", 1, True),
        ("dead", True, "always", 1, True),
        ("exited", True, "on-failure", 1, True),
        ("exited", True, "on-failure", 0, False),
        ("exited", True, "never", 1, False),
        ("exited", False, "always", 1, False),  # switched off ahead of an intended stop
    ],
)
def test_what_ended_starts_again_by_its_policy(
    phase: Any, armed: bool, policy: str, code: int | None, starts: bool
) -> None:
    one = instance(phase=phase, armed=armed, exit_code=code, fields={"restart.policy": policy})
    assert may_start_again(one) is starts


@pytest.mark.parametrize(
    ("phase", "armed", "spent"),
    [("exited", False, True), ("dead", False, True), ("exited", True, False),
     ("running", False, False), ("created", False, False)],
)  # fmt: skip
def test_what_was_stopped_on_purpose_is_spent(phase: Any, armed: bool, spent: bool) -> None:
    assert is_spent(instance(phase=phase, armed=armed)) is spent

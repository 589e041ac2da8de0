"""An app's own rate limit: a bucket of tokens in each instance."""

from typing import Any

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.traffic import kernel, tables

LIMITED = kernel.REASONS.index("limited")
GAP_NS = 100 * NS_PER_MS


def limited(slots: int = 1, burst: int = 4) -> Any:
    """Instances that let a burst through, and ten a second."""
    made = kernel.Kernel(1, slots=slots)
    made.set_service_table(tables.constant(NS_PER_MS))
    for slot in range(slots):
        made.set_slot(slot, kernel.UP, kernel.SERVES)
        made.set_app_limit(slot, GAP_NS, burst)
    return made


def told(made: Any) -> tuple[int, int]:
    return made.served, made.dropped_total()[LIMITED]


def test_a_burst_is_let_through_and_what_exceeds_it_is_refused_there() -> None:
    made = limited()
    made.feed([NS_PER_S] * 7)
    made.run(2 * NS_PER_S)
    assert told(made) == (4, 3)
    assert made.dropped_at(0)[LIMITED] == 3
    assert made.dropped_at(-1)[LIMITED] == 0
    assert (made.s_given[0], made.s_failed[0], made.in_flight(0)) == (7, 3, 0)


def test_a_token_comes_back_each_gap_and_no_more_than_the_burst_are_kept() -> None:
    made = limited()
    made.feed([NS_PER_S] * 5 + [NS_PER_S + GAP_NS - 1, NS_PER_S + GAP_NS, NS_PER_S + GAP_NS])
    made.run(2 * NS_PER_S)
    assert told(made) == (5, 3)
    made.feed([9 * NS_PER_S] * 6)
    made.run(10 * NS_PER_S)
    assert told(made) == (5 + 4, 3 + 2)


def test_each_instance_counts_alone() -> None:
    made = limited(slots=3)
    made.feed([NS_PER_S] * 20)
    made.run(2 * NS_PER_S)
    assert told(made) == (12, 8)


def test_what_it_has_counted_is_gone_with_a_restart() -> None:
    made = limited()
    made.feed([NS_PER_S] * 5)
    made.run(NS_PER_S + 1)
    made.set_app_limit(0, GAP_NS, 4)
    made.feed([NS_PER_S + 2] * 5)
    made.run(2 * NS_PER_S)
    assert told(made) == (8, 2)


def test_a_client_may_try_again_and_is_dropped_only_then() -> None:
    made = limited(burst=1)
    made.set_retries(1, GAP_NS)
    made.feed([NS_PER_S] * 3)
    made.run(2 * NS_PER_S)
    assert told(made) == (2, 1)
    assert made.retried == 2


def test_without_a_limit_all_are_let_through_and_at_full_speed() -> None:
    made = limited(slots=2)
    assert made.app_limits == 2
    for slot in (0, 1, 1):
        made.set_app_limit(slot)
    assert made.app_limits == 0
    made.feed([NS_PER_S] * 50)
    made.run(2 * NS_PER_S)
    assert told(made) == (50, 0)


def test_a_limit_of_one_in_a_thousand_years_lets_its_burst_through() -> None:
    made = limited()
    made.set_app_limit(0, 1 << 61, 1 << 40)
    made.feed([NS_PER_S, NS_PER_S, 2 * NS_PER_S])
    made.run(3 * NS_PER_S)
    assert told(made) == (2, 1)

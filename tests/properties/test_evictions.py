"""Machines that are drained."""

from tests.properties import evictions, hold


def test_evictions_keep_to_the_budget_and_all_are_back_in_the_end() -> None:
    hold(evictions.check_evictions)

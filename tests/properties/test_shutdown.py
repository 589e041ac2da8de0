"""Shutdowns: the order, the bounds, and a reconciler that dies at any call."""

from itertools import product

import pytest

from reconciler.drivers.virtual import Kill
from tests.properties import hold
from tests.properties.shutdowns import (
    S,
    Shutdown,
    check_bounds,
    check_crashes,
    check_order,
    destroy,
    standing,
    watched,
)

CHAIN = {"db": (), "api": ("db",), "web": ("api",)}
MIXED = {"db": "tardy", "api": "stubborn", "web": "quick"}
BOUNDS = {"drain": 3, "stop": 5, "flush": 2, "total": 60}


def test_nothing_is_told_to_end_before_all_that_need_it_have_ended() -> None:
    hold(check_order)


def test_a_shutdown_keeps_to_its_bounds_and_gives_all_that_they_allow() -> None:
    hold(check_bounds)


def test_reconcilers_that_die_make_a_shutdown_later_and_never_rougher() -> None:
    hold(check_crashes)


@pytest.mark.parametrize("cluster", [False, True], ids=["engine", "cluster"])
def test_a_crash_at_any_call_of_a_shutdown_is_finished_by_the_next(cluster: bool) -> None:
    example = Shutdown(CHAIN, MIXED, BOUNDS, cluster)
    first = standing(example)
    whole = destroy(example.stack(), first.clone(), cluster=cluster)
    assert whole.calls
    for call, when in product(range(1, 1 + len(whole.calls)), ("before", "after", "lost")):
        world = first.clone()
        died = destroy(example.stack(), world, cluster=cluster, kill=Kill(call, when))
        again = destroy(example.stack(), world, cluster=cluster, in_flight=died.in_flight)
        assert again.verdict.kind == "converged", (call, when, again.verdict)
        assert not any(world.holding("shop").instances.values()), (call, when)


@pytest.mark.parametrize("cluster", [False, True], ids=["engine", "cluster"])
def test_what_ignores_its_signal_is_killed_when_its_wave_is_over(cluster: bool) -> None:
    example = Shutdown(CHAIN, dict.fromkeys(CHAIN, "stubborn"), BOUNDS, cluster)
    ends, _ = watched(example)
    for name in CHAIN:
        waited_ns = ends.killed[name] - ends.signalled[name]
        assert 5 * S <= waited_ns <= 6 * S, name


@pytest.mark.parametrize("cluster", [False, True], ids=["engine", "cluster"])
def test_when_the_total_is_over_the_rest_is_killed_in_order(cluster: bool) -> None:
    example = Shutdown(CHAIN, dict.fromkeys(CHAIN, "stubborn"), {"total": 20}, cluster)
    ends, world = watched(example)
    assert 20 * S <= ends.ended["web"] - ends.began_ns <= 21 * S
    assert ends.ended["web"] <= ends.killed["api"] <= ends.ended["api"] <= ends.killed["db"]
    assert world.now_ns - ends.began_ns <= 24 * S

"""The reconciler dies at every call of small changes: before it, after it, with its reply lost."""

from collections.abc import Iterator
from itertools import product

import pytest

from reconciler.drivers.virtual import Kill
from reconciler.sim import clock
from tests.properties.cases import Case, stack_of
from tests.properties.convergence import assert_survives, creations_of
from tests.properties.failures import facts_of
from tests.properties.small import BAD, SMALL
from tests.properties.world import HOUR_NS, apply, left_behind, settle, started, state_of

WAYS = ("before", "after", "lost")
TWICE = ("scale up", "singleton", "in place", "config and secret", "job", "host ports")


@pytest.mark.parametrize("name", SMALL)
def test_a_crash_at_any_call_ends_the_same_with_at_most_one_creation_more(name: str) -> None:
    case = Case(*SMALL[name], seed=1)
    whole_world, after, first = started(case), stack_of(case.after), started(case)
    whole = apply(after, whole_world)
    assert whole.verdict == "converged" and whole.result.calls, whole
    for call, when in product(range(1, 1 + len(whole.result.calls)), WAYS):
        assert_survives(first.clone(), after, [(call, when)], whole, whole_world)


@pytest.mark.parametrize("name", TWICE)
def test_a_second_crash_while_recovering_ends_the_same_too(name: str) -> None:
    case = Case(*SMALL[name], seed=1)
    whole_world, after, first = started(case), stack_of(case.after), started(case)
    whole = apply(after, whole_world)
    assert whole.verdict == "converged" and whole.result.calls, whole
    for one, two in product(_deaths(len(whole.result.calls)), repeat=2):
        assert_survives(first.clone(), after, [one, two], whole, whole_world)


@pytest.mark.parametrize("name", SMALL)
def test_a_reconciler_that_comes_back_an_hour_later_ends_the_same(name: str) -> None:
    case = Case(*SMALL[name], seed=1)
    whole_world, after, first = started(case), stack_of(case.after), started(case)
    whole = apply(after, whole_world)
    for call, when in _deaths(len(whole.result.calls)):
        world = first.clone()
        killed = apply(after, world, kill=Kill(call, when))  # type: ignore[arg-type]
        left_behind(world, after, killed.result.in_flight)
        clock.run_until(world, world.now_ns + HOUR_NS)
        again = apply(after, world)
        story = f"{call} {when}\n{killed}\n{again}"
        assert again.verdict == "converged", story
        assert state_of(world, after) == state_of(whole_world, after), story


@pytest.mark.parametrize("name", BAD)
def test_a_failed_revision_is_not_tried_again_because_of_a_crash(name: str) -> None:
    case = Case(*BAD[name], seed=1)
    whole_world, after, first = started(case), stack_of(case.after), started(case)
    whole = apply(after, whole_world)
    assert whole.verdict == "failed", whole
    image = after.declared.services["web"].image
    tried = creations_of([whole], image)
    for call, when in product(range(1, 1 + len(whole.result.calls)), WAYS):
        world = first.clone()
        killed = apply(after, world, kill=Kill(call, when))  # type: ignore[arg-type]
        has_failed = "failed" in [outcome for _, outcome in facts_of(world, "web")]
        again = apply(after, world, in_flight=killed.result.in_flight)
        story = f"{call} {when}\n{killed}\n{again}"
        assert again.verdict == "failed", story
        assert state_of(world, after) == state_of(whole_world, after), story
        assert creations_of([killed, again], image) <= tried + 1, story
        if has_failed:
            assert creations_of([again], image) == 0, story
        outcomes = [outcome for _, outcome in facts_of(world, "web")]
        assert outcomes.count("failed") == 1, story


def test_the_end_of_a_first_apply_that_fails_everywhere_is_finished_by_the_next() -> None:
    case = Case(*SMALL["create"], seed=1)
    after, whole_world, world = stack_of(case.after), started(case), started(case)
    whole = settle(after, whole_world)[0]
    for _ in range(len(whole.result.calls)):  # dies at its second call each time
        killed = apply(after, world, kill=Kill(2, "lost"))
        left_behind(world, after, killed.result.in_flight)
    settle(after, world)
    assert state_of(world, after) == state_of(whole_world, after)


def _deaths(calls: int) -> Iterator[tuple[int, str]]:
    """Every call one way, each way in turn."""
    return ((call, WAYS[call % 3]) for call in range(1, 1 + calls))

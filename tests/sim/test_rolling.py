import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.sim.rolling import Counts, fenceposts, new_spec, old_specs, proportional


# Rows of TestResolveFenceposts (kubernetes deployment_util_test.go), then the table's traps.
@pytest.mark.parametrize(
    ("surge", "unavailable", "replicas", "expected"),
    [
        ("0%", "0%", 10, (0, 1)),
        ("39%", "39%", 10, (4, 3)),
        ("50%", "50%", 10, (5, 5)),
        ("100%", "0%", 10, (10, 0)),
        ("0%", "100%", 10, (0, 10)),
        ("25%", "25%", 1, (1, 0)),
        ("25%", "25%", 4, (1, 1)),
        ("25%", "25%", 5, (2, 1)),
        (0, 0, 3, (0, 1)),
        (2, 9, 3, (2, 3)),
        ("25%", "25%", 0, (0, 0)),
    ],
)
def test_percentages_round_up_for_surge_and_down_for_unavailable(
    surge, unavailable, replicas, expected
):
    assert fenceposts(surge, unavailable, replicas) == expected


# Rows of TestNewRSNewReplicas: surge, desired, new set's size, expected (old set has 10).
@pytest.mark.parametrize(
    ("surge", "replicas", "new", "old", "expected"),
    [(1, 10, 0, 10, 1), (5, 10, 0, 10, 5), (0, 10, 0, 10, 0), (2, 10, 2, 10, 2),
     (2, 10, 9, 0, 10), (2, 4, 6, 0, 4), (5, 3, 1, 1, 3)],
)  # fmt: skip
def test_the_new_set_grows_as_far_as_the_surge_allows(surge, replicas, new, old, expected):
    assert new_spec(Counts(new, new), new + old, replicas, surge) == expected


# Rows of TestReconcileOldReplicaSets (rolling_test.go):
# unavailable, old spec, new spec, ready old, ready new, expected old.
@pytest.mark.parametrize(
    ("unavailable", "old", "new", "ready_old", "ready_new", "expected"),
    [
        (0, 10, 0, 10, 0, 10),
        (2, 10, 0, 10, 0, 8),
        # Unready old pods are cleaned up, down to what keeps the floor.
        (2, 10, 0, 8, 0, 8),
        (2, 10, 0, 9, 0, 8),
        # Unready new pods are counted against the budget.
        (2, 8, 2, 8, 0, 8),
    ],
)
def test_old_sets_shrink_as_far_as_enough_stay_available(
    unavailable, old, new, ready_old, ready_new, expected
):
    made = old_specs(Counts(new, ready_new), [Counts(old, ready_old)], 10, unavailable)
    assert made == (expected,)


def test_unready_pods_of_the_oldest_set_go_first():
    old = [Counts(3, 0), Counts(3, 2)]
    assert old_specs(Counts(2, 2), old, 4, 0) == (0, 2)


# Rows of TestScale (sync_test.go): desired before and after, surge, sets, expected.
@pytest.mark.parametrize(
    ("before", "after", "surge", "sets", "expected"),
    [
        (10, 12, 0, (10,), (12,)),
        (10, 5, 0, (10,), (5,)),
        (10, 20, 0, (5, 5), (10, 10)),
        (20, 10, 0, (10, 10), (5, 5)),
        (50, 10, 0, (20, 20, 10), (4, 4, 2)),
        (10, 0, 0, (5, 5), (0, 0)),
        # With a surge: 18 → 19, before it 10 + 3 pods over two sets.
        (10, 20, 3, (8, 5), (14, 9)),
    ],
)
def test_a_change_of_replicas_keeps_each_sets_share(before, after, surge, sets, expected):
    assert proportional(sets, after, surge, before + surge) == expected


sets = st.builds(
    lambda spec, down: Counts(spec, max(0, spec - down)), st.integers(0, 8), st.integers(0, 8)
)


@given(
    new=sets, old=st.lists(sets, max_size=3), replicas=st.integers(1, 8),
    surge=st.integers(0, 3), unavailable=st.integers(0, 3),
)  # fmt: skip
def test_no_step_passes_the_surge_or_the_floor(new, old, replicas, surge, unavailable):
    total = new.spec + sum(each.spec for each in old)
    grown = new_spec(new, total, replicas, surge)
    assert grown <= max(new.spec, replicas)
    if grown > new.spec:
        assert total - new.spec + grown <= replicas + surge
    specs = old_specs(new, old, replicas, unavailable)
    assert all(0 <= spec <= each.spec for spec, each in zip(specs, old, strict=True))
    # Only available pods beyond the floor go, once the unready are gone.
    kept = sum(min(spec, each.available) for spec, each in zip(specs, old, strict=True))
    available = new.available + sum(each.available for each in old)
    floor = min(available, replicas - unavailable)
    assert new.available + kept >= floor

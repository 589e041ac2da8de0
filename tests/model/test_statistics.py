"""Quantiles and intervals, against what tables and other programs say."""

import math
import statistics

import pytest

from reconciler.model.statistics import failing_share_most, figure, interval, quantile


def test_a_quantile_is_what_the_standard_library_calls_inclusive() -> None:
    values = sorted(float(n * 37 % 101) for n in range(40))
    cuts = statistics.quantiles(values, n=10, method="inclusive")
    assert [quantile(values, k / 10) for k in range(1, 10)] == pytest.approx(cuts)


def test_an_interval_is_students() -> None:
    # Mean 3, standard deviation sqrt(2.5); t(4) = 2.776: any textbook's table.
    mean, low, high = interval([1, 2, 3, 4, 5])
    reach = 2.776 * math.sqrt(2.5 / 5)
    assert (mean, low, high) == pytest.approx((3, 3 - reach, 3 + reach))


def test_one_value_has_no_spread() -> None:
    made = figure("n", "", [7])
    assert (made.least, made.most, made.low, made.high) == (7, 7, 7, 7)


def test_what_cannot_be_negative_has_no_negative_bound() -> None:
    assert figure("n", "", [0, 0, 0, 9]).low < 0
    assert figure("n", "", [0, 0, 0, 9], 0).low == 0


def test_values_by_seed_are_kept_and_others_are_not() -> None:
    assert figure("n", "", {3: 1.0, 5: 2.0}).by_seed == {3: 1.0, 5: 2.0}
    assert figure("n", "", [1.0, 2.0]).by_seed == {}


def test_runs_without_a_failure_bound_the_share_that_fails() -> None:
    for runs in (1, 20, 300):
        share = failing_share_most(runs)
        assert (1 - share) ** runs == pytest.approx(0.05)
    assert failing_share_most(300) == pytest.approx(3 / 300, rel=0.01)  # the rule of three

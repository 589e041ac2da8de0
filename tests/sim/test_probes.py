import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.observed import Value
from reconciler.sim.probes import Asking, asking
from tests.sim.making import READINESS, S


def test_no_probe_is_read_where_none_is_asked_for():
    assert asking({"readiness.period": S}, "readiness") is None


def test_a_probe_is_read_from_the_fields():
    fields: dict[str, Value] = {**READINESS, "readiness.failures": 5, "readiness.delay": 4 * S}
    assert asking(fields, "readiness") == Asking(4 * S, S, S, 1, 5)


def test_what_is_not_said_is_as_kubernetes_has_it():
    assert asking({"liveness.kind": "tcp"}, "liveness") == Asking(0, 10 * S, S, 1, 3)


@pytest.mark.parametrize(
    ("up", "asks"),
    [(0, 5), (5, 5), (6, 15), (15, 15), (15.5, 25), (100, 105)],
)
def test_it_asks_after_its_delay_and_then_each_period(up: float, asks: int):
    probe = Asking(5 * S, 10 * S, S, 1, 3)
    assert probe.asks_at(0, int(up * S)) == asks * S


def test_thresholds_count_periods():
    probe = Asking(5 * S, 10 * S, 2 * S, 3, 4)
    assert probe.passes_at(0, 6 * S) == (15 + 2 * 10) * S
    # The fourth failure is known when its timeout is over.
    assert probe.fails_at(0, 6 * S) == (15 + 3 * 10 + 2) * S


def test_it_fails_for_good_after_its_threshold_of_questions():
    probe = Asking(0, S, S, 1, 3)
    assert not probe.misses(0, 0, 2 * S)  # asked at 0 and 1 s in vain, answered at 2 s
    assert probe.misses(0, 0, 2 * S + 1)


times = st.integers(0, 50)


@given(delay=times, period=st.integers(1, 20), began=times, at=times)
def test_the_next_question_is_the_first_not_before(delay, period, began, at):
    probe = Asking(delay, period, 1, 1, 1)
    asks = (began + delay + k * period for k in range(200))
    assert probe.asks_at(began, at) == next(ask for ask in asks if ask >= at)

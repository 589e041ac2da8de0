"""Checks: what they say, and what a run makes of them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.checks import Bound, Check, CheckError, Term, evaluate, parse
from reconciler.model.measures import METRICS
from reconciler.model.rehearsal import Run, ServiceRun
from reconciler.model.units import NS_PER_MS, NS_PER_S

WEB = ServiceRun(
    service="web", arrivals=1000, served=998, dropped={"cut": 1, "refused": 1}, restarts=1,
    latency_ns={"p50": 20 * NS_PER_MS, "p99": 400 * NS_PER_MS}, least_ready=3, queue_peak=7,
    sessions_begun=5, sessions_cut=2, replicas_last=4, most_instances=5, cpu_peak_percent=80,
)  # fmt: skip
API = ServiceRun(
    service="api", arrivals=1000, served=1000, latency_ns={"p50": 10 * NS_PER_MS},
    least_ready=4, replicas_last=4, most_instances=4, memory_peak_percent=96, queue_peak=9,
)  # fmt: skip
QUIET = ServiceRun(service="db", least_ready=0, replicas_last=1, restarts=2)
RUN = Run(
    seed=1, digest="", verdict="converged", lasted_ns=600 * NS_PER_S, changed_ns=60 * NS_PER_S,
    converged_ns=95 * NS_PER_S, services=(WEB, API, QUIET), budgets={"pg": (90.0, 100.0)},
)  # fmt: skip
STUCK = Run(seed=1, digest="", verdict="", lasted_ns=0, changed_ns=0, converged_ns=None)


@pytest.mark.parametrize(
    ("text", "holds", "value"),
    [
        ("dropped <= 0", False, "2"),
        ("dropped<=2", True, "2"),
        ("dropped(api) == 0", True, "0"),
        ("cut(web) < 1", False, "1"),
        ("no_server <= 0", True, "0"),
        ("sessions_cut ≤ 2", True, "2"),
        ("arrivals == served", False, "2000 and 1998"),
        ("arrivals(api) == served(api)", True, "1000 and 1000"),
        ("error_share <= 0.1%", True, "0.1%"),
        ("error_share( web ) < 0.2%", False, "0.2%"),
        ("p99 <= 400ms", True, "400ms"),
        ("p99(web) < 400ms", False, "400ms"),
        ("p50 <= 15ms", False, "20ms"),
        ("p50(api) ≤ 0.015s", True, "10ms"),
        ("available ≥ 3", True, "3"),
        ("available(db) >= 1", False, "0"),
        ("restarts != 3", False, "3"),
        ("queue <= 8", False, "9"),
        ("replicas(web) <= 10", True, "4"),
        ("instances > 8", True, "9"),
        ("cpu <= 80%", True, "80%"),
        ("memory <= 95%", False, "96%"),
        ("budget(pg) <= 90%", True, "90%"),
        ("converged", True, "after 1m35s"),
        ("converged within 95s", True, "after 1m35s"),
        ("  converged   within 1m ", False, "after 1m35s"),
        ("not converged", False, "after 1m35s"),
    ],
)
def test_a_run_is_judged_by_its_numbers(text: str, holds: bool, value: str) -> None:
    found = evaluate(parse(text), RUN)
    assert (found.text, found.holds, found.value) == (text, holds, value)


@pytest.mark.parametrize(
    "text",
    ["p999 <= 1h", "p99(db) <= 1h", "p50(nobody) <= 5s", "budget(none) <= 1%",
     "error_share(db) <= 1%"],
)  # fmt: skip
def test_what_was_not_measured_fulfils_no_bound(text: str) -> None:
    found = evaluate(parse(text), RUN)
    assert (found.holds, found.value) == (False, "nothing measured")


def test_a_run_that_does_not_converge_says_so() -> None:
    told = [evaluate(parse(text), STUCK) for text in ("converged", "not converged")]
    assert [(each.holds, each.value) for each in told] == [
        (False, "did not converge"), (True, "did not converge"),
    ]  # fmt: skip


def test_a_check_is_read_into_its_parts() -> None:
    assert parse("p99(web) <= 0.4s") == Check(
        "p99(web) <= 0.4s", Term("p99", "web"), "<=", Bound(400 * NS_PER_MS, "duration")
    )
    assert parse("queue ≥ 1_000").right == Bound(1000, "count")
    assert parse("p50 > 0").right == Bound(0, "duration")
    assert parse("converged within 5m").within_ns == 300 * NS_PER_S


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("", "compares nothing", "dropped <= 0"),
        ("dropped", "compares nothing", "dropped <= 0"),
        ("convergd", "compares nothing", "'converged'"),
        ("dropped = 0", "no comparison", "write =="),
        ("sesions_cut <= 0", "no number of a run", "'sessions_cut'"),
        ("<= 5", "nothing to compare", "known are"),
        ("dropped() <= 5", "the service is missing", "dropped(web)"),
        ("budget <= 5%", "takes a name", "budget(NAME)"),
        ("dropped <=", "the bound is missing", "dropped <= 100"),
        ("dropped <= -1", "is no bound", "dropped <= 100"),
        ("dropped <= 5s", "a count, and '5s' is a duration", "dropped <= 100"),
        ("p99 <= 400", "a duration, and '400' is a count", "p99 <= 400ms"),
        ("cpu <= 1s", "is a percent", "cpu <= 0.1%"),
        ("dropped <= p99", "is a duration", "dropped <= 100"),
        ("dropped <= droped", "no number of a run", "'dropped'"),
        ("converged within", "compares nothing", "'converged'"),
        ("converged within soon", "not a duration", "converged within 5m"),
        ("not converged within 5m", "takes no time", "not converged"),
    ],
)
def test_what_is_no_check_is_told_with_a_hint(text: str, says: str, hint: str) -> None:
    with pytest.raises(CheckError) as refused:
        parse(text)
    assert says in str(refused.value)
    assert hint in refused.value.hint


@given(st.text(st.sampled_from("abdeoprsuvw9(). <=>%ms\n≤1_-5x"), max_size=40) | st.text())
def test_any_text_is_a_check_or_refused(text: str) -> None:
    try:
        check = parse(text)
    except CheckError as error:
        assert str(error)
        return
    assert evaluate(check, RUN).text == text


@pytest.mark.parametrize("name", METRICS)
def test_every_number_can_be_asked_for(name: str) -> None:
    bound = {"count": "0", "duration": "0s", "percent": "0%"}[METRICS[name].unit]
    for whose in ("", "(web)"):
        assert evaluate(parse(f"{name}{whose} >= {bound}"), RUN).value
    assert METRICS[name].meaning


def test_how_far_a_value_is_beyond_its_bound_orders_the_runs_of_a_check() -> None:
    def beyond(text: str, run: Run = RUN) -> float:
        return evaluate(parse(text), run).beyond

    assert (beyond("dropped <= 0"), beyond("dropped <= 5")) == (2, -3)
    assert (beyond("available >= 4"), beyond("available(api) >= 3")) == (1, -1)
    assert (beyond("dropped == 0"), beyond("dropped != 0")) == (2, -2)
    assert beyond("converged within 95s") == 0 < beyond("converged within 1m")
    assert beyond("converged", STUCK) == beyond("p99(db) <= 1h") == math.inf

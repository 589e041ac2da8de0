"""Verdicts against the loops that the kubelet, our prober and the engine really run."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.observed import Value
from reconciler.sim.probes import ANSWERS, EXEC_NS, HANGS, REFUSES, Asking, Turns, asking
from reconciler.sim.probes import engine_check as check_of
from reconciler.targets.docker import probes as docker
from tests.sim.making import LIVENESS, READINESS, STARTUP, S

ENGINE = Asking(0, S, S, 1, 3, "engine", EXEC_NS)


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
def test_a_kubelet_asks_after_its_delay_and_then_each_period(up: float, asks: int):
    probe = Asking(5 * S, 10 * S, S, 1, 3)
    assert list(probe.verdicts(0, ((int(up * S), ANSWERS),), int(up * S))) == [(asks * S, True)]


def test_thresholds_count_periods():
    probe = Asking(5 * S, 10 * S, 2 * S, 3, 4)
    up: Turns = ((0, REFUSES), (6 * S, ANSWERS))
    assert list(probe.verdicts(0, up)) == [((15 + 2 * 10) * S, True)]
    # A refused fourth failure is known at once, one that hangs when its timeout is over.
    (passed, failed) = probe.verdicts(0, ((0, ANSWERS), (36 * S, REFUSES)))
    assert (passed, failed) == ((25 * S, True), (75 * S, False))
    (passed, failed) = probe.verdicts(0, ((0, ANSWERS), (36 * S, HANGS)))
    assert failed == (77 * S, False)


def test_the_engine_counts_its_interval_from_the_end_of_the_check_before():
    hung: Turns = ((0, ANSWERS), (2 * S, HANGS))
    checks = Asking(0, S, S, 1, 2, "engine", EXEC_NS)
    # Checked at 1 and 2.06 s; the second hangs until 3.06 s, the third from 4.06 to 5.06 s.
    assert list(checks.verdicts(0, hung)) == [
        (S + EXEC_NS, True),
        (5 * S + EXEC_NS, False),
    ]


def test_within_the_start_period_failures_do_not_count_unless_it_was_once_healthy():
    slow = Asking(0, S, S, 1, 3, "engine", EXEC_NS, start_period=20 * S)
    assert [ok for _, ok in slow.verdicts(0, ((0, REFUSES), (15 * S, ANSWERS)))] == [True]
    ((first, ok),) = slow.verdicts(0, ((0, REFUSES),))
    assert not ok
    assert 22 * S <= first <= 24 * S
    was: Turns = ((0, ANSWERS), (2 * S, REFUSES))
    assert [ok for _, ok in slow.verdicts(0, was)] == [True, False]
    assert list(slow.verdicts(0, was))[1][0] < 20 * S


def test_one_success_makes_an_unhealthy_container_healthy():
    turns: Turns = ((0, REFUSES), (10 * S, ANSWERS))
    assert [ok for _, ok in ENGINE.verdicts(0, turns)] == [False, True]


# -- against the loops themselves -------------------------------------------------------------


def does_at(turns: Turns, at_ns: int) -> int:
    return next((does for since, does in reversed(turns) if since <= at_ns), turns[0][1])


def engine_loop(probe: Asking, turns: Turns, until_ns: int) -> Iterator[tuple[int, bool]]:
    """moby daemon/health.go: monitor and handleProbeResult, line by line."""
    status, streak, now = "starting", 0, probe.period
    while now < until_ns:
        started, does = now, does_at(turns, now)
        now += probe.timeout if does == HANGS else probe.takes
        if does == ANSWERS:
            streak = 0
            if status != "healthy":
                status = "healthy"
                yield now, True
        elif not (status == "starting" and started < probe.start_period):
            streak += 1
            if streak >= probe.failures and status != "unhealthy":
                status = "unhealthy"
                yield now, False
        now += probe.period


def prober_loop(probe: Asking, turns: Turns, until_ns: int) -> Iterator[tuple[int, bool]]:
    """`reconciler.targets.docker`: `Prober` asks what `Tally` says is due, and counts."""
    question = docker.Question(
        "readiness", "http", probe.delay, probe.period, probe.timeout, probe.successes,
        probe.failures,
    )  # fmt: skip
    tally, due, busy = docker.Tally(), probe.delay, 0
    while due < until_ns:
        asked, due = due, due + probe.period
        if asked < busy:
            continue
        does = does_at(turns, asked)
        busy = asked + (probe.timeout if does == HANGS else probe.takes)
        before = tally.passing
        tally.add(question, does == ANSWERS, "", busy)
        if tally.passing is not before and tally.passing is not None:
            yield busy, tally.passing


@st.composite
def histories(draw: st.DrawFn) -> Turns:
    at, turns = 0, []
    for _ in range(draw(st.integers(1, 6))):
        turns.append((at, draw(st.sampled_from([ANSWERS, REFUSES, HANGS]))))
        at += draw(st.integers(1, 80))
    return tuple(turns)


probes = st.builds(
    Asking, st.integers(0, 20), st.integers(1, 12), st.integers(1, 30), st.integers(1, 4),
    st.integers(1, 4), takes=st.integers(0, 3),
)  # fmt: skip


@given(probes, histories(), st.integers(0, 90))
def test_verdicts_of_the_engines_check_are_those_of_its_loop(
    given_probe: Asking, turns: Turns, start_period: int
):
    probe = Asking(
        0, given_probe.period, given_probe.timeout, 1, given_probe.failures, "engine",
        given_probe.takes, start_period,
    )  # fmt: skip
    until = turns[-1][0] + 1000
    assert list(probe.verdicts(0, turns)) == list(engine_loop(probe, turns, until))


@given(probes, histories())
def test_verdicts_of_our_prober_are_those_of_its_loop(given_probe: Asking, turns: Turns):
    probe = Asking(
        given_probe.delay, given_probe.period, given_probe.timeout, given_probe.successes,
        given_probe.failures, "prober", given_probe.takes,
    )  # fmt: skip
    until = turns[-1][0] + 1000
    assert list(probe.verdicts(0, turns)) == list(prober_loop(probe, turns, until))


@given(probes, histories())
def test_a_turn_that_is_to_come_changes_nothing_that_was(probe: Asking, turns: Turns):
    until = turns[-1][0]
    before = [each for each in probe.verdicts(0, turns[:-1]) if each[0] < until]
    assert [each for each in probe.verdicts(0, turns) if each[0] < until] == before


# -- what the engine checks --------------------------------------------------------------------

EXEC: dict[str, Value] = {
    "readiness.kind": "exec", "readiness.command": ("true",), "readiness.period": 2 * S,
    "readiness.timeout": S, "readiness.failures": 4,
}  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        EXEC,
        {**EXEC, **STARTUP},
        {**EXEC, **LIVENESS},
        {**READINESS, "liveness.kind": "exec", "liveness.command": ("false",)},
        {**EXEC, "readiness.delay": 7 * S},
        {**EXEC, "liveness.kind": "exec", "liveness.command": ("true",)},
        {**EXEC, "startup.kind": "exec", "startup.command": ("true",), "startup.failures": 9},
    ],
)
def test_the_check_is_what_the_docker_target_makes_of_the_fields(fields: dict[str, Value]):
    made, found = docker.healthcheck_of(fields), check_of(fields)
    assert made is not None
    assert found is not None
    engine = docker.engine_probe(fields)
    assert engine is not None
    assert found[0] == engine.name
    times = (made["Interval"], made["Timeout"], made["Retries"], made["StartPeriod"])
    asked = found[1]
    assert times == (asked.period, asked.timeout, asked.failures, asked.start_period)


def test_without_a_command_the_engine_checks_nothing():
    assert check_of({**READINESS, **LIVENESS}) is None

"""What is done about one job."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.controller.interface import Policy
from reconciler.model.observed import Instance
from reconciler.model.record import Record
from reconciler.model.stack import Stack
from reconciler.model.step import Outcome
from tests.controller.hand import Hand, kinds, only, written
from tests.support.making import DB, JOB, S, asked, ended, fact, good, live, stack


def job(**more: Any) -> Stack:
    return stack(jobs={"migrate": {"image": "m:1", **more}})


MADE = job()
REVISION = asked(MADE, JOB).revision


def run(attempt: int = 1, code: int | None = None, at_s: int = 0, **more: Any) -> Instance:
    one = live(MADE, key=JOB, attempt=attempt, ready=False, created_at_ns=at_s * S,
               started_at_ns=at_s * S, **more)  # fmt: skip
    return one if code is None else ended(one, at_s * S, code)


def noted(*outcomes: str, when_s: int = 0) -> list[Record]:
    return [fact(o, REVISION, n, JOB, when_ns=when_s * S) for n, o in enumerate(outcomes, 1)]  # type: ignore[arg-type]


def test_a_job_is_noted_created_started_awaited_and_noted_again() -> None:
    hand = Hand(MADE)
    note = only(hand.show())
    assert written(note) == "candidate"
    hand.end(note)
    create = only(hand.show([], noted("candidate")))
    assert create.name == f"shop-migrate-0-{REVISION}-1"
    hand.end(create)
    start = only(hand.show([run(phase="created")], noted("candidate")))
    hand.end(start)
    assert hand.show([run()], noted("candidate")) == []
    assert hand.status(JOB).message == "running"
    note = only(hand.show([run(code=0)], noted("candidate")))
    assert written(note) == "good"
    hand.end(note)
    assert hand.show([run(code=0)], noted("candidate", "good")) == []
    assert hand.status(JOB).phase == "ready"
    assert "completed" in hand.status(JOB).meets


def test_a_job_that_has_run_is_not_run_again_even_when_its_instance_is_gone() -> None:
    hand = Hand(MADE)
    assert hand.show([], noted("good")) == []
    assert hand.controller.verdict().kind == "converged"


@pytest.mark.parametrize(
    ("tries", "retries", "waits_s"), [(1, 1, 10), (1, 3, 10), (2, 3, 20), (3, 3, 40)]
)
def test_a_failed_try_is_followed_by_another_after_a_growing_delay(
    tries: int, retries: int, waits_s: int
) -> None:
    hand = Hand(job(retries=retries))
    runs = [run(n, 1, at_s=100) for n in range(1, tries + 1)]
    assert hand.show(runs, noted("candidate"), (100 + waits_s) * S - 1) == []
    create = only(hand.show(runs, noted("candidate"), (100 + waits_s) * S))
    assert create.attempt == tries + 1


@pytest.mark.parametrize(("tries", "retries"), [(1, 0), (2, 1), (3, 2)])
def test_a_job_that_failed_once_too_often_has_failed(tries: int, retries: int) -> None:
    hand = Hand(job(retries=retries))
    runs = [run(n, 3, at_s=100) for n in range(1, tries + 1)]
    note = only(hand.show(runs, noted("candidate"), 200 * S))
    assert written(note) == "failed"
    assert note.record.body["reason"] == "ended with exit code 3"
    hand.end(note)
    assert hand.show(runs, noted("candidate", "failed")) == []
    assert hand.status(JOB).phase == "failed"


def test_a_retry_gives_it_all_its_tries_again() -> None:
    hand = Hand(job(retries=1), Policy(retry=frozenset({JOB})))
    old = [run(1, 1, at_s=10), run(2, 1, at_s=20)]
    before = noted("candidate", "failed", when_s=30)
    note = only(hand.show(old, before, 100 * S))
    assert written(note) == "candidate"
    hand.end(note)
    again = [*before, fact("candidate", REVISION, 3, JOB, when_ns=100 * S)]
    assert only(hand.show(old, again, 100 * S)).attempt == 3
    hand.end(hand.said.steps[0].step)
    third = run(3, 1, at_s=110)
    assert hand.show([*old, third], again, 119 * S) == []
    assert only(hand.show([*old, third], again, 120 * S)).attempt == 4


def test_a_job_that_runs_too_long_is_stopped() -> None:
    hand = Hand(job(deadline="60s"))
    one = run(at_s=100)
    assert hand.show([one], noted("candidate"), 159 * S) == []
    step = only(hand.show([one], noted("candidate"), 160 * S))
    assert step.signal == "SIGTERM"
    assert "still running after 1m" in hand.status(JOB).message


def test_a_job_waits_for_what_it_needs() -> None:
    made = stack(
        services={"db": {"image": "d"}},
        jobs={"migrate": {"image": "m:1", "depends_on": {"service/db": "healthy"}}},
    )
    hand = Hand(made)
    unready = live(made, key=DB, ready=False)
    assert hand.show([unready], [good(made, DB)]) == []
    assert hand.status(JOB).message == "waits until service/db is healthy"
    steps = hand.show([replace(unready, ready=True, ready_since_ns=0)], [good(made, DB)])
    assert kinds(steps) == ["record"]


def test_earlier_runs_go_once_it_is_done_and_the_last_stays() -> None:
    runs = [run(1, 1), run(2, 0), replace(run(code=0), id="other", revision="r0")]
    hand = Hand(MADE)
    steps = hand.show(runs, noted("good"))
    assert kinds(steps) == ["remove", "remove"]
    assert {getattr(step, "id", "") for step in steps} == {runs[0].id, "other"}
    assert "completed" in hand.status(JOB).meets


def test_tidying_that_fails_waits_and_tidying_that_cannot_be_ends() -> None:
    runs = [run(1, 1), run(2, 0)]
    hand = Hand(MADE)
    hand.end(only(hand.show(runs, noted("good"))), Outcome("retryable", "busy"))
    assert hand.show(runs, noted("good")) == []
    hand.end(only(hand.show(runs, noted("good"), S)), Outcome("terminal", "denied"))
    assert hand.show(runs, noted("good"), 99 * S) == []
    assert hand.controller.verdict().kind == "failed"


def test_a_job_that_nobody_agreed_to_is_not_run() -> None:
    hand = Hand(MADE, Policy(act=False))
    assert hand.show() == []
    assert hand.status(JOB).phase == "absent"

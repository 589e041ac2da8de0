"""What is done about one job."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.controller.interface import Policy, Tick
from reconciler.model.observed import Instance
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.step import DeleteObject, Outcome
from tests.controller.hand import Hand, kinds, only, written
from tests.support.making import (
    DB,
    JOB,
    S,
    asked,
    ended,
    fact,
    good,
    live,
    network,
    observed,
    stack,
)


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


ANEW = stack(
    networks={"back": {"subnet": "10.0.0.0/24"}},
    jobs={"migrate": {"image": "m:2", "networks": ["back"], "deadline": "60s"}},
)
FORMER = replace(live(ANEW, key=JOB, ready=False, armed=False), revision="r0", started_at_ns=S)
OLD_NETWORK = network("back", subnet="10.9.0.0/24")


def test_the_network_of_a_job_is_made_anew_as_soon_as_its_former_run_has_ended() -> None:
    hand = Hand(ANEW)
    assert hand.look(observed([OLD_NETWORK], [FORMER])) == []
    assert hand.status(JOB).message == "waits until network/back is there"
    gone = observed([], [ended(FORMER, code=0)], keys=frozenset({JOB}))
    steps = hand.look(gone)
    assert hand.status(JOB).message == "waits until network/back is there"
    assert steps == [DeleteObject(OLD_NETWORK.key, OLD_NETWORK.id, "f1")]


def test_a_former_run_that_a_job_waits_for_is_looked_at_without_any_hint() -> None:
    hand = Hand(ANEW)
    hand.look(observed([OLD_NETWORK], [FORMER]))
    said = hand.tell(Tick(), 5 * S)
    assert said.look is not None and said.look.covers(JOB)


def test_a_former_run_has_until_the_deadline_to_leave_a_network() -> None:
    hand = Hand(ANEW)
    assert hand.look(observed([OLD_NETWORK], [FORMER]), 60 * S) == []
    step = only(hand.look(observed([OLD_NETWORK], [FORMER]), 61 * S))
    assert step.signal == "SIGTERM" and step.id == FORMER.id


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


def test_while_one_waits_after_a_failed_pull_another_has_its_turn() -> None:
    both = stack(jobs={"migrate": {"image": "m:1"}, "seed": {"image": "m:1"}})
    seed = ResourceKey("job", "seed")
    facts = [fact("candidate", asked(both, key).revision, 1, key) for key in (JOB, seed)]
    hand = Hand(both)
    nothing: dict[str, str | None] = {"m:1": None}
    pull = only(hand.show([], facts, images=nothing))
    assert kinds([pull]) == ["pull"] and pull.key == JOB
    said = hand.end(pull, Outcome("retryable", "busy"))
    other = only([each.step for each in said.steps])
    assert kinds([other]) == ["pull"] and other.key == seed
    hand.show([], facts, images=nothing)
    hand.end(other, Outcome("retryable", "busy"))
    assert hand.status(JOB).message == "will try again: busy"
    assert hand.controller._desk.pulls == {}


def test_a_job_that_nobody_agreed_to_is_not_run() -> None:
    hand = Hand(MADE, Policy(act=False))
    assert hand.show() == []
    assert hand.status(JOB).phase == "absent"

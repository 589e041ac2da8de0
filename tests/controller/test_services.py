"""What is done about one service: each rung of the ladder."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.controller.interface import Policy
from reconciler.model.record import Record
from reconciler.model.stack import Stack
from reconciler.model.step import CreateInstance, Outcome, UpdateInstance
from reconciler.plan.standing import HISTORY_FACTS
from tests.controller.hand import Hand, kinds, only, written
from tests.support.making import (
    DB,
    READY,
    S,
    asked,
    ended,
    fact,
    good,
    instance,
    live,
    stack,
    web,
)

ROOM: dict[str, Any] = {"rollout": {"max_surge": 1, "max_unavailable": 0, "deadline": "60s"}}


def revision(made: Stack) -> str:
    return asked(made).revision


def candidate(made: Stack, seq: int = 1, **more: Any) -> Record:
    return fact("candidate", revision(made), seq, **more)


def failed(made: Stack, seq: int = 2, **more: Any) -> Record:
    return fact("failed", revision(made), seq, **more)


def test_a_new_service_is_pulled_noted_created_and_started_in_turn() -> None:
    made = web()
    hand = Hand(made)
    pull = only(hand.show(images={"web:1": None}))
    assert pull.reference == "web:1"
    hand.end(pull)
    note = only(hand.show())
    assert written(note) == "candidate"
    hand.end(note)
    create = only(hand.show(records=[candidate(made)]))
    assert isinstance(create, CreateInstance)
    assert (create.ordinal, create.attempt, create.revision) == (0, 1, revision(made))
    assert create.name == f"shop-web-0-{revision(made)}-1"
    hand.end(create)
    start = only(hand.show([live(made, phase="created", ready=False)], [candidate(made)]))
    assert start.id == live(made).id
    hand.end(start)
    assert hand.show([live(made, ready=False)], [candidate(made)]) == []
    assert hand.status().phase == "progressing"
    note = only(hand.show([live(made)], [candidate(made)]))
    assert written(note) == "good"
    hand.end(note)
    assert hand.show([live(made)], [good(made)]) == []
    assert hand.status().phase == "ready"
    assert hand.controller.verdict().kind == "converged"


def test_an_image_is_pulled_once_in_a_run() -> None:
    hand = Hand(web(pull="always"))
    hand.end(only(hand.show()))
    assert kinds(hand.show()) == ["record"]


def test_what_is_scaled_to_none_needs_no_image() -> None:
    hand = Hand(web("web:2", replicas=0))
    old = live(web(replicas=1))
    assert written(only(hand.show([old], images={"web:2": None}))) == "candidate"


def test_every_instance_is_created_at_once_where_nothing_is() -> None:
    made = web(replicas=3)
    steps = Hand(made).show(records=[candidate(made)])
    assert [step.ordinal for step in steps if isinstance(step, CreateInstance)] == [0, 1, 2]


def test_each_ordinal_gets_its_own_port() -> None:
    made = web(replicas=2, ports=["80-81:80"])
    steps = Hand(made).show(records=[candidate(made)])
    ports = [step.fields["ports.80/tcp"] for step in steps if isinstance(step, CreateInstance)]
    assert ports == [":80", ":81"]


def test_a_rolling_update_makes_one_more_and_then_takes_one_away() -> None:
    before, after = web(replicas=2, **ROOM), web("web:2", replicas=2, **ROOM)
    old = [live(before, 0), live(before, 1)]
    records = [good(before), candidate(after, 2)]
    hand = Hand(after)
    create = only(hand.show(old, records))
    assert create.ordinal == 0
    hand.end(create)
    assert hand.show([*old, live(after, ready=False)], records) == []
    disarm = only(hand.show([*old, live(after)], records))
    assert isinstance(disarm, UpdateInstance) and disarm.id == old[0].id


def test_what_became_ready_just_now_is_not_yet_available() -> None:
    made = {"rollout": {"max_surge": 1, "max_unavailable": 0, "min_ready": "10s"}}
    before, after = web(**made), web("web:2", **made)
    records = [good(before), candidate(after, 2)]
    hand = Hand(after)
    fresh = live(after, ready_since_ns=100 * S)
    assert hand.show([live(before), fresh], records, 101 * S) == []
    assert hand.said.wake_at_ns is not None and hand.said.wake_at_ns <= 110 * S
    assert kinds(hand.show([live(before), fresh], records, 110 * S)) == ["update"]


def test_a_stop_goes_on_step_by_step_whatever_else_happens() -> None:
    before, after = web(**ROOM), web("web:2", **ROOM)
    records = [good(before), candidate(after, 2)]
    hand = Hand(after)
    old = live(before)
    hand.end(only(hand.show([old, live(after)], records)))
    signal = only(hand.show([replace(old, armed=False), live(after)], records))
    assert signal.signal == "SIGTERM"
    hand.end(signal)
    assert hand.show([replace(old, armed=False), live(after)], records) == []
    gone = ended(replace(old, armed=False))
    assert kinds(hand.show([gone, live(after)], records)) == ["remove"]


def test_a_limit_is_changed_in_place() -> None:
    before = web()
    after = web(resources={"limits": {"memory": "1Ki"}})
    update = only(Hand(after).show([live(before)], [good(before)]))
    assert update.fields == {"resources.memory_limit": 1024}


def test_what_was_stopped_by_hand_is_started_again_however_long_it_stood() -> None:
    made = web()
    one = ended(live(made))
    assert kinds(Hand(made).show([one], [good(made)], 10**6 * S)) == ["start"]
    assert Hand(made, Policy(act=False)).show([one], [good(made)]) == []


def sick(made: Stack, **more: Any) -> Any:
    return live(made, ready=False, live=False, message="liveness probe failed", **more)


def test_what_is_unhealthy_is_stopped_and_replaced_and_stays_for_its_logs() -> None:
    made = web()
    hand = Hand(made)
    assert kinds(hand.show([sick(made)], [good(made)])) == ["update"]
    hand.end(hand.said.steps[0].step)
    hand.end(only(hand.show([sick(made, armed=False)], [good(made)])))
    past = ended(sick(made, armed=False), 50 * S)
    create = only(hand.show([past], [good(made)], 50 * S))
    assert (create.attempt, create.streak) == (2, 1)
    hand.end(create)
    again = live(made, attempt=2, ready=False)
    assert hand.show([past, again], [good(made)]) == []
    again = live(made, attempt=2)
    assert kinds(hand.show([past, again], [good(made)])) == ["remove"]


def test_what_is_unhealthy_after_a_long_quiet_time_is_replaced_as_well() -> None:
    made = web()
    hand = Hand(made, Policy(follow=True))
    hand.show([live(made)], [good(made)])
    assert kinds(hand.show([sick(made)], [good(made)], 10**6 * S)) == ["update"]


def test_who_may_not_restart_leaves_it_alone() -> None:
    made = web()
    assert Hand(made, Policy(restarts=False)).show([sick(made)], [good(made)]) == []


@pytest.mark.parametrize(("streak", "waits_s"), [(0, 0), (1, 10), (2, 20), (3, 40), (4, 80)])
def test_a_replacement_waits_longer_each_time(streak: int, waits_s: int) -> None:
    made = web()
    hand = Hand(made)
    past = ended(sick(made, armed=False, streak=streak, started_at_ns=90 * S), 100 * S)
    steps = hand.show([past], [good(made)], (100 + waits_s) * S - 1)
    if waits_s:
        assert steps == [] and "waits before the next try" in hand.status().message
        assert hand.said.wake_at_ns is not None
        assert hand.said.wake_at_ns <= (100 + waits_s) * S
    create = only(hand.show([past], [good(made)], (100 + waits_s) * S))
    assert create.streak == streak + 1


def test_replaced_too_often_a_good_revision_is_degraded_and_one_on_trial_failed() -> None:
    made = web(restart={"most": 2})
    past = ended(sick(made, armed=False, streak=2), 100 * S)
    hand = Hand(made)
    assert hand.show([past], [good(made)], 200 * S) == []
    assert hand.status().phase == "degraded"
    assert "after 2 replacements: liveness probe failed" in hand.status().message
    assert written(only(Hand(made).show([past], [candidate(made)], 200 * S))) == "failed"


def test_without_progress_until_its_deadline_a_revision_has_failed() -> None:
    made = web(**ROOM)
    waiting = live(made, ready=False, created_at_ns=10 * S)
    records = [candidate(made, when_ns=5 * S)]
    hand = Hand(made)
    hand.show([waiting], records, 10 * S)
    assert hand.said.wake_at_ns is not None and hand.said.wake_at_ns <= 70 * S
    assert hand.show([waiting], records, 69 * S) == []
    note = only(hand.show([waiting], records, 70 * S))
    assert written(note) == "failed"
    assert "not healthy within 1m" in note.record.body["reason"]


def test_a_process_that_nobody_ran_used_up_no_time() -> None:
    """Killed after its note, and started again an hour later: it has all its time."""
    made = web(**ROOM)
    hand = Hand(made)
    steps = hand.show([], [candidate(made, when_ns=5 * S)], 3600 * S)
    assert kinds(steps) == ["create"]
    late = Hand(made)
    waiting = live(made, ready=False, created_at_ns=10 * S)
    records = [candidate(made, when_ns=5 * S)]
    assert late.show([waiting], records, 3600 * S) == []
    assert written(only(late.show([waiting], records, 3660 * S))) == "failed"


def test_waiting_for_others_is_not_its_own_lateness() -> None:
    services = {
        "db": {"image": "db:1", **READY},
        "web": {"image": "web:1", "depends_on": {"service/db": "healthy"}, **ROOM},
    }
    made = stack(services=services)
    hand = Hand(made)
    db = live(made, key=DB, ready=False)
    records = [candidate(made, when_ns=0), good(made, DB)]
    waiting = live(made, ready=False, phase="created")
    hand.show([db, waiting], records, S)
    assert hand.status().phase == "waiting"
    hand.show([db, waiting], records, 500 * S)
    db = replace(db, ready=True, ready_since_ns=0)
    assert kinds(hand.show([db, waiting], records, 501 * S)) == ["start"]


def test_the_last_good_one_is_wanted_back_and_the_failed_one_held() -> None:
    before, after = web(), web("bad:2")
    records = [good(before), candidate(after, 2), failed(after, 3)]
    hand = Hand(after)
    create = only(hand.show([live(after, ready=False)], records))
    assert create.fields["image"] == "web:1" and create.revision == revision(before)
    hand = Hand(after)
    assert hand.show([live(before)], records) == []
    assert hand.status().phase == "held"
    assert hand.controller.verdict().kind == "failed"
    assert len(hand.controller.verdict().failures) == 1


def test_a_rollback_that_is_late_is_not_rolled_back() -> None:
    older, before, after = web("web:0", **ROOM), web(**ROOM), web("bad:2", **ROOM)
    records = [good(older), good(before, seq=2), failed(after, 3)]
    hand = Hand(after)
    unready = live(before, ready=False)
    assert hand.show([unready], records, 0) == []
    assert hand.show([unready], records, 600 * S) == []
    assert hand.status().phase == "failed"
    assert "the rollback to" in hand.status().message


def test_with_nothing_to_go_back_to_it_stays_as_it_is() -> None:
    made = web()
    hand = Hand(made)
    assert hand.show([live(made, ready=False)], [failed(made, reason="why")]) == []
    assert hand.status().phase == "failed" and "why" in hand.status().message


def test_a_retry_forgives_what_had_failed_when_it_began() -> None:
    made = web()
    hand = Hand(made, Policy(retry=frozenset({live(made).key})))
    unready = live(made, ready=False)
    assert written(only(hand.show([unready], [failed(made)]))) == "candidate"
    hand.end(hand.said.steps[0].step)
    assert hand.show([unready], [failed(made), failed(made, 5)]) == []
    assert hand.status().phase == "failed"


def test_old_facts_are_forgotten_once_all_is_well() -> None:
    made = web()
    records = [*(fact("good", "r0", n) for n in range(1, HISTORY_FACTS + 2))]
    records.append(good(made, seq=HISTORY_FACTS + 2))
    assert kinds(Hand(made).show([live(made)], records)) == ["forget"] * 2


def test_what_nobody_agreed_to_is_left_and_told() -> None:
    made = web("web:2")
    for policy in (Policy(act=False), Policy(approved={})):
        hand = Hand(made, policy)
        hand.controller._checked = True  # the plan was compared before
        assert hand.show([live(web())], [good(web())]) == []
    hand = Hand(made, Policy(act=False))
    hand.show([live(web())], [good(web())])
    assert hand.status().phase == "pending"
    hand = Hand(made, Policy(act=False))
    hand.show()
    assert (hand.status().phase, hand.status().message) == ("absent", "not there")


@pytest.mark.parametrize(("pull", "code"), [("missing", "R506"), ("never", "R503")])
def test_what_is_absent_says_that_its_image_is_not_there(pull: str, code: str) -> None:
    hand = Hand(web("web:9", pull=pull), Policy(act=False))
    hand.show(images={"web:9": None})
    status = hand.status()
    assert status.message.startswith("not there; the image web:9 is not there")
    assert (status.phase, status.code, bool(status.hint)) == ("absent", code, True)


def test_what_is_absent_says_why_its_last_try_failed() -> None:
    hand = Hand(web("web:2"), Policy(act=False))
    hand.show([], [fact("failed", "r1", 1, reason="crashed")])
    assert hand.status().message == "not there; revision r1 failed: crashed"


def test_a_singleton_waits_until_its_predecessor_is_gone() -> None:
    before, after = web(singleton=True), web("web:2", singleton=True)
    records = [good(before), candidate(after, 2)]
    hand = Hand(after)
    old = live(before, name="shop-web")
    hand.end(only(hand.show([old], records)))
    hand.end(only(hand.show([replace(old, armed=False)], records)))
    gone = ended(replace(old, armed=False))
    assert kinds(hand.show([gone], records)) == ["remove"]
    hand.end(hand.said.steps[0].step)
    assert only(hand.show([], records)).name == "shop-web"


def test_a_call_that_only_a_person_can_mend_ends_it_for_this_run() -> None:
    hand = Hand(web())
    note = only(hand.show())
    hand.end(note, Outcome("terminal", "read-only"))
    assert hand.show() == []
    assert (hand.status().phase, hand.status().message) == ("failed", "read-only")
    assert hand.controller.verdict().kind == "failed"


def test_a_start_that_cannot_be_is_the_failure_of_the_revision_on_trial() -> None:
    made = web()
    hand = Hand(made)
    created = live(made, phase="created", ready=False)
    start = only(hand.show([created], [candidate(made)]))
    hand.end(start, Outcome("terminal", "no such command"))
    note = hand.show([created], [candidate(made)], S)
    assert written(only(note)) == "failed"


def test_a_failed_call_is_made_again_after_its_delay() -> None:
    hand = Hand(web())
    note = only(hand.show())
    hand.end(note, Outcome("retryable", "busy"))
    assert hand.show() == []
    assert "will try again: busy" in hand.status().message
    assert hand.said.wake_at_ns is not None and hand.said.wake_at_ns <= S
    assert kinds(hand.tick(S)) == ["record"]


def test_noting_success_that_fails_waits_before_it_is_tried_again() -> None:
    made = web()
    hand = Hand(made)
    note = only(hand.show([live(made)], [candidate(made)]))
    hand.end(note, Outcome("retryable", "busy"))
    assert hand.show([live(made)], [candidate(made)]) == []
    assert kinds(hand.show([live(made)], [candidate(made)], S)) == ["record"]


@pytest.mark.parametrize(
    ("ready", "running", "meets"),
    [
        (2, 2, {"exists", "started", "healthy"}), (1, 2, {"exists", "started"}),
        (0, 2, {"exists", "started"}), (0, 1, {"exists"}), (0, 0, set()),
    ],
)  # fmt: skip
def test_what_depends_on_it_hears_how_far_it_is(ready: int, running: int, meets: set[str]) -> None:
    made = web(replicas=2, rollout={"max_unavailable": 0})
    some = [live(made, n, ready=n < ready) for n in range(running)]
    hand = Hand(made)
    hand.show(some, [good(made)])
    assert hand.status().meets == meets
    assert (hand.status().ready, hand.status().wanted) == (ready, 2)


def test_a_copy_beside_what_is_wanted_goes() -> None:
    made = web()
    copy = instance(0, revision(made), id="copy", attempt=1, fields=live(made).fields)
    hand = Hand(made)
    step = only(hand.show([copy, live(made, attempt=2)], [good(made)]))
    assert isinstance(step, UpdateInstance) and step.id == "copy"

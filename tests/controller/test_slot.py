"""What is remembered of one resource between two events."""

from dataclasses import replace

import pytest

from reconciler.controller.decision import Decision, earliest, simple, tempered
from reconciler.controller.slot import Slot
from reconciler.model.status import ResourcePhase
from reconciler.model.step import Outcome, RemoveInstance
from reconciler.plan.view import view_of
from tests.support.making import WEB, S, asked, fact, good, instance, observed, template, web

FAILED = Outcome("retryable", "busy")
STEP = RemoveInstance(WEB, "id")


def slot() -> Slot:
    return Slot(WEB, simple(WEB, "progressing"))


def test_the_wait_after_a_failure_doubles_from_a_second_to_a_minute() -> None:
    one, waits = slot(), []
    for _ in range(9):
        one.failed(FAILED, 100 * S)
        waits.append(one.retry_ns // S - 100)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_success_starts_over() -> None:
    one = slot()
    for _ in range(5):
        one.failed(FAILED, 0)
    one.succeeded()
    assert (one.retry_ns, one.trouble) == (0, None)
    one.failed(FAILED, 0)
    assert one.retry_ns == S


def test_an_instance_is_compared_once_for_each_state_it_is_seen_in() -> None:
    one, wanted, seen = slot(), template(), instance()
    assert one.fit(wanted, seen) is one.fit(wanted, seen)
    assert one.fit(wanted, instance(fields={"image": "web:0"})).replacing
    assert not one.fit(wanted, seen).replacing
    assert one.fit(template({"image": "web:2"}), seen).replacing


def test_the_records_are_read_once_for_each_state_they_are_seen_in() -> None:
    one, made = slot(), web()
    wanted, view = asked(made), view_of(observed(records=[good(made)]))
    first = one.standing_for(wanted, view, ())
    assert one.standing_for(wanted, view, ()) is first
    view.take(observed(records=[good(made), fact("failed", wanted.revision, 2)]))
    second = one.standing_for(wanted, view, ())
    assert second.failed is not None and first.failed is None
    one.retried_seq = 2
    assert one.standing_for(wanted, view, ()).failed is None
    assert one.standing_for(wanted, view, ("default",)).wanted.evicting == ("default",)


def test_another_image_under_the_tag_is_noticed() -> None:
    one, made = slot(), web()
    wanted = asked(made)
    before = one.standing_for(wanted, view_of(observed(images={"web:1": "a"})), ())
    after = one.standing_for(wanted, view_of(observed(images={"web:1": "b"})), ())
    assert (before.wanted.image_id, after.wanted.image_id) == ("a", "b")


def decision(*steps: RemoveInstance) -> Decision:
    return Decision(simple(WEB, "progressing", "removing"), steps, 50 * S)


def test_no_rule_acts_while_the_wait_after_a_failure_lasts() -> None:
    one = slot()
    one.failed(FAILED, 10 * S)
    held = tempered(decision(STEP), one, 10 * S)
    assert held.steps == () and held.wake_at_ns == 11 * S
    assert not held.status.settled
    assert tempered(decision(STEP), one, 11 * S).steps == (STEP,)


def test_no_rule_acts_any_more_once_only_a_person_can_help() -> None:
    one = slot()
    one.given_up = "denied"
    ended = tempered(decision(STEP), one, 0)
    assert (ended.status.phase, ended.status.message) == ("failed", "denied")
    assert ended.status.settled and ended.steps == () and ended.wake_at_ns is None


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ("progressing", "will try again: busy"), ("removing", "will try again: busy"),
        ("failed", "why"), ("pending", "why"),
    ],
)  # fmt: skip
def test_what_is_on_its_way_says_what_it_waits_after(phase: ResourcePhase, message: str) -> None:
    one = slot()
    one.failed(FAILED, 0)
    held = tempered(Decision(simple(WEB, phase, "why"), (STEP,)), one, 0)
    assert (held.status.phase, held.status.message) == (phase, message)


def test_another_desire_starts_all_over() -> None:
    one = slot()
    one.set_right_ns(frozenset("a"), 0)
    for _ in range(5):
        one.failed(FAILED, 0)
    one.given_up = "denied"
    one.asked_anew()
    assert (one.given_up, one.trouble, one.retry_ns, one.failing_ns) == ("", None, 0, None)
    assert (one.rewritten, one.disputes) == (frozenset(), 0)
    one.failed(FAILED, 0)
    assert one.retry_ns == S


def test_a_state_with_the_same_fields_is_not_compared_again() -> None:
    one, wanted, seen = slot(), template({"image": "web:2"}), instance()
    first = one.fit(wanted, seen)
    later = one.fit(wanted, replace(seen, ready=False))
    assert first.replacing and later.replacing is first.replacing
    assert not later.instance.ready
    moved = replace(seen, fields={**seen.fields, "image": "web:2"})
    assert not one.fit(wanted, moved).replacing


def test_who_does_nothing_is_left_as_it_is() -> None:
    one = slot()
    one.given_up, one.retry_ns = "denied", 99 * S
    assert tempered(decision(), one, 0) == decision()


@pytest.mark.parametrize(
    ("times", "first"), [((), None), ((None,), None), ((3, None, 1), 1), ((0, 5), 0)]
)
def test_the_earliest_of_the_times_that_are_given(
    times: tuple[int | None, ...], first: int | None
) -> None:
    assert earliest(*times) == first


def test_what_held_calls_up_is_remembered_when_they_go_well() -> None:
    one = slot()
    one.failed(FAILED, 100 * S)
    one.succeeded()
    assert one.hindered_ns == 101 * S, "until the next try"
    other = slot()
    other.failed(Outcome("terminal", "no"), 100 * S)
    assert other.hindered_ns == 0, "what never goes well holds nothing up"

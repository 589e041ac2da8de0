"""Bad revisions, deletions, stale plans, another actor."""

from tests.properties import failures, hold


def test_a_bad_revision_fails_in_time_keeps_the_floor_and_gives_back_the_exact_old_one() -> None:
    hold(failures.check_rollback)


def test_a_rollback_is_never_rolled_back() -> None:
    hold(failures.check_no_second_rollback)


def test_a_failed_revision_is_tried_again_when_somebody_asks() -> None:
    hold(failures.check_retry)


def test_more_deletions_than_the_stack_allows_need_a_confirmation() -> None:
    hold(failures.check_deletions)


def test_the_calls_made_are_the_calls_planned() -> None:
    hold(failures.check_plan_is_apply)


def test_a_stale_plan_is_refused_before_the_first_call() -> None:
    hold(failures.check_stale_plan)


def test_computing_a_plan_makes_no_call_that_writes() -> None:
    hold(failures.check_plans_are_free)


def test_another_actor_who_rewrites_a_field_gets_backoff_and_a_report() -> None:
    hold(failures.check_oscillation)

"""What holds at every instant, whatever goes wrong meanwhile."""

from tests.properties import hold, safety


def test_a_rollout_leaves_replicas_minus_max_unavailable_available() -> None:
    hold(safety.check_capacity_floor)


def test_there_are_never_more_instances_than_replicas_plus_max_surge() -> None:
    hold(safety.check_surge)


def test_never_two_instances_of_a_singleton_may_act() -> None:
    hold(safety.check_singleton)


def test_an_instance_starts_only_when_what_it_depends_on_meets_its_condition() -> None:
    hold(safety.check_dependencies)


def test_replacements_of_an_instance_are_their_backoff_apart() -> None:
    hold(safety.check_restarts)


def test_nothing_without_our_mark_is_ever_written() -> None:
    hold(safety.check_only_ours)


def test_what_holds_a_name_that_we_want_is_told_of_and_left_alone() -> None:
    hold(safety.check_name_taken)


def test_acting_on_a_stale_view_breaks_no_floor_and_no_singleton_and_removes_nothing_else() -> None:
    hold(safety.check_stale_views)

"""Where everything ends."""

from tests.properties import convergence, hold


def test_what_runs_comes_to_be_what_is_wanted_and_stays_so() -> None:
    hold(convergence.check_convergence)


def test_without_faults_an_apply_takes_no_longer_than_what_the_stack_asks_for() -> None:
    hold(convergence.check_bound)


def test_a_converged_stack_has_an_empty_plan_and_applying_again_makes_no_call() -> None:
    hold(convergence.check_idempotence)


def test_wherever_the_reconciler_dies_a_new_one_ends_the_same() -> None:
    hold(convergence.check_crash)


def test_lost_doubled_and_strange_hints_change_nothing_about_the_end() -> None:
    hold(convergence.check_hints)


def test_a_rank_falls_with_each_step_and_no_state_comes_back() -> None:
    hold(convergence.check_progress)


def test_the_end_does_not_depend_on_the_way() -> None:
    hold(convergence.check_paths)

"""Instances by load."""

from tests.properties import autoscaling, hold


def test_an_autoscaler_stays_within_bounds_is_quiet_in_the_end_and_takes_the_most() -> None:
    hold(autoscaling.check_scaler)


def test_a_service_under_constant_load_comes_to_rest_at_what_its_metrics_ask_for() -> None:
    hold(autoscaling.check_autoscaled)

"""Runs that must compare."""

from tests.properties import hold, metamorphic


def test_a_longer_grace_never_drops_more() -> None:
    hold(metamorphic.check_grace_helps)


def test_the_same_at_another_time_goes_the_same() -> None:
    hold(metamorphic.check_another_time)


def test_the_same_by_other_names_goes_the_same() -> None:
    hold(metamorphic.check_other_names)

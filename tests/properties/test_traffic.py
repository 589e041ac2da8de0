"""Requests and sessions, through the whole stack: reconciler, world and edge."""

from hypothesis import HealthCheck, find, settings

from reconciler.drivers.virtual import Kill
from reconciler.testing import Drawn, choosers
from tests.properties import choosing, hold, traffic
from tests.properties.loaded import Loaded, Play
from tests.properties.loads import changed, scenario, service, stack


def test_no_new_session_goes_to_an_instance_that_drains() -> None:
    hold(traffic.check_drain)


def test_a_drain_that_fits_the_grace_and_an_edge_that_hears_in_time_drop_nothing() -> None:
    hold(traffic.check_grace)


def test_and_nothing_is_dropped_whatever_calls_fail() -> None:
    hold(choosing.check_whatever_fails)


def test_a_session_moves_only_when_its_instance_goes_or_its_tie_expires() -> None:
    hold(traffic.check_stickiness)


def test_what_arrives_is_served_dropped_or_in_flight_at_any_instant() -> None:
    hold(traffic.check_conservation)


def test_while_nothing_changes_turns_differ_by_one_and_weights_are_kept() -> None:
    hold(traffic.check_fairness)


def test_a_reconciler_that_dies_at_any_call_of_a_polite_change_drops_nothing() -> None:
    web = service("own", 2)
    case = Loaded(stack(web), stack(changed(web, "image")), scenario("own"), 1)
    whole = Play(case).run()
    assert whole.converged and not any(whole.dropped().values())
    for call in range(1, 1 + whole.stage.calls):
        for when in ("before", "after", "lost"):
            play = Play(case, kill=Kill(call, when)).run()  # type: ignore[arg-type]
            assert play.converged and not any(play.dropped().values()), (call, when)


def test_a_counterexample_shrinks_to_the_faults_that_matter() -> None:
    web = service("own", 1)
    under = scenario("own", traffic=[{"service": "web", "rate": {"constant": 1}}], lasts="12s")
    case = Loaded(stack(web), stack(changed(web, "image")), under, 1)

    def is_bad(chooser: Drawn) -> bool:
        """A lost reply of a start and a creation that fails before it: two, whatever else."""
        Play(case, chooser=chooser).run()
        told = {(name.split()[0], option) for _, name, _, option in chooser.chosen}
        return {("start", 3), ("create", 1)} <= told

    quick = settings(
        max_examples=2000, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    found = find(choosers(), is_bad, settings=quick)
    assert sorted(name.split()[0] for _, name, *_ in found.chosen) == ["create", "start"]

"""Since when a rollout makes no progress."""

from dataclasses import replace

from reconciler.plan.progress import progress_ns
from reconciler.plan.roster import Roster
from tests.support.making import S, instance


def test_a_drain_at_the_edge_is_no_lateness() -> None:
    leaving = instance(fields={"stop.drain": 60 * S})
    assert progress_ns(Roster(leaving=(leaving,)), 5 * S) == 5 * S
    draining = replace(leaving, draining_since_ns=10 * S)
    assert progress_ns(Roster(leaving=(draining,)), 5 * S) == 70 * S

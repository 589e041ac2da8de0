"""A whole stack is shut down: drain, waves, flush, and what is over when the total is."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.controller.interface import Anew, Policy
from reconciler.model.observed import Instance
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Shutdown
from reconciler.model.step import DeleteObject, Outcome, RouteInstance, SignalInstance
from reconciler.plan.shutdown import Ending
from tests.controller.hand import Hand, kinds, only
from tests.support.making import (
    DB,
    NATIVE,
    WEB,
    S,
    ended,
    instance,
    network,
    observed,
    stack,
    thing,
)

BACK = ResourceKey("network", "back")
OFF = {"image": "web:1", "stop.grace": 30 * S}


def quiet(key: ResourceKey = WEB, **more: Any) -> Instance:
    """Running, and disarmed already."""
    return instance(key=key, armed=False, **{"fields": OFF, **more})


def shut(seen: Any, *, native: bool = False, users: Any = None, **bounds: Any) -> Any:
    ending = Ending(Shutdown(**{k: v * S for k, v in bounds.items()}), users or {})
    policy = Policy(confirmed=True, ending=ending)
    hand = Hand(stack(), policy, NATIVE) if native else Hand(stack(), policy)
    return hand, hand.look(seen)


def test_at_first_the_edge_is_told_and_nothing_is_signalled() -> None:
    user, used = quiet(routed=True, depends=("service/db",)), quiet(DB)
    hand, steps = shut(observed([], [user, used]), drain=10)
    assert steps == [RouteInstance(WEB, user.id, "drain")]
    hand.end(only(steps))
    away = replace(user, routed=False, draining_since_ns=0)
    assert hand.look(observed([], [away, used]), 9 * S) == []
    assert hand.status(DB).message == "drains"
    (signal,) = hand.look(observed([], [away, used]), 10 * S)
    assert signal == SignalInstance(WEB, user.id, "SIGTERM")


def test_a_drain_is_over_early_when_the_edge_sees_everything_empty() -> None:
    user = quiet(draining_since_ns=0, drained=True)
    _, steps = shut(observed([], [user]), drain=10)
    assert kinds(steps) == ["signal"]


def test_a_routed_instance_is_disarmed_before_it_is_drained() -> None:
    one = instance(routed=True, fields={**OFF, "restart.policy": "always"})
    _, steps = shut(observed([], [one]), drain=10)
    assert kinds(steps) == ["update"]


@pytest.mark.parametrize(
    ("bounds", "kill_s"), [({}, 30), ({"stop": 5}, 5), ({"stop": 60}, 30), ({"total": 9}, 9),
                           ({"stop": 5, "total": 3}, 3)],
)  # fmt: skip
def test_what_does_not_end_is_killed_after_the_shortest_of_its_bounds(
    bounds: dict[str, int], kill_s: int
) -> None:
    one = quiet()
    hand, steps = shut(observed([], [one]), **bounds)
    hand.end(only(steps))
    assert hand.look(observed([], [one]), kill_s * S - 1) == []
    assert hand.said.wake_at_ns == kill_s * S
    kill = only(hand.look(observed([], [one]), kill_s * S))
    assert kill == SignalInstance(WEB, one.id, "SIGKILL")


def test_pre_stop_is_part_of_the_bound_and_leaves_two_seconds_of_it() -> None:
    one = quiet(fields={**OFF, "stop.pre_stop": 20 * S})
    hand, steps = shut(observed([], [one]), stop=5)
    assert steps == [] and hand.said.wake_at_ns == 3 * S
    hand.end(only(hand.look(observed([], [one]), 3 * S)))
    assert kinds(hand.look(observed([], [one]), 5 * S)) == ["signal"]


def test_when_the_total_is_over_what_is_used_is_still_killed_after_its_users() -> None:
    user, used = quiet(depends=("service/db",)), quiet(DB)
    hand, steps = shut(observed([], [user, used]), total=0)
    assert steps == [SignalInstance(WEB, user.id, "SIGKILL")]
    hand.end(only(steps))
    (gone,) = hand.look(observed([], [ended(user), used]))
    hand.end(gone)
    assert hand.look(observed([], [used])) == [SignalInstance(DB, used.id, "SIGKILL")]


def test_what_has_ended_is_kept_for_its_logs_and_holds_nobody_up() -> None:
    user, used = quiet(depends=("service/db",)), quiet(DB)
    seen = [network("back")], [ended(user, 2 * S), used]
    hand, steps = shut(observed(*seen), flush=4)
    assert steps == [SignalInstance(DB, used.id, "SIGTERM")]
    assert hand.status(WEB).message == "kept for its logs"
    hand.end(only(steps))
    both = [ended(user, 2 * S), ended(used, 6 * S)]
    assert hand.look(observed([network("back")], both), 7 * S) == []
    assert hand.status(BACK).message == "waits until all is flushed"
    assert hand.said.wake_at_ns == 10 * S
    assert kinds(hand.look(observed([network("back")], both), 10 * S)) == ["remove", "remove"]


def test_a_flush_is_over_with_the_total() -> None:
    _, steps = shut(observed([], [ended(quiet(), 10**18)]), flush=50, total=0)
    assert kinds(steps) == ["remove"]


def test_nobody_waits_for_one_that_cannot_be_ended() -> None:
    stuck, other = quiet(), ended(quiet(DB), 10**18)
    hand, steps = shut(observed([], [stuck, other]), flush=1)
    hand.end(only(steps), Outcome("terminal", "denied"))
    assert kinds(hand.look(observed([], [stuck, other]), 10**18 + 2 * S)) == ["remove"]


def test_one_that_takes_over_counts_from_its_own_beginning() -> None:
    one = quiet()
    for began_ns in (0, 100 * S):
        ending = Ending(Shutdown(drain=10 * S, total=60 * S), {})
        hand = Hand(stack(), Policy(confirmed=True, ending=ending))
        assert hand.look(observed([], [one]), began_ns) == []
        assert hand.look(observed([], [one]), began_ns + 10 * S - 1) == []
        assert kinds(hand.look(observed([], [one]), began_ns + 10 * S)) == ["signal"]


def test_a_lock_that_was_lost_for_a_while_does_not_lengthen_the_total() -> None:
    one = quiet()
    hand, steps = shut(observed([], [one]), total=9)
    hand.end(only(steps))
    hand.tell(Anew(), 8 * S)
    assert hand.look(observed([], [one]), 8 * S) == []  # it was asked for before
    (again,) = hand.look(observed([], [one]), 8 * S)
    assert again == SignalInstance(WEB, one.id, "SIGTERM")
    hand.end(again)
    (kill,) = hand.look(observed([], [one]), 9 * S)
    assert kill == SignalInstance(WEB, one.id, "SIGKILL")


def test_what_goes_from_a_stack_that_stays_is_bound_by_nothing() -> None:
    hand = Hand(stack(shutdown={"drain": "10s", "total": "0s"}), Policy(confirmed=True))
    assert kinds(hand.look(observed([], [quiet()]))) == ["signal"]
    assert hand.status().message == "stopping"


def test_workloads_of_a_cluster_go_after_their_users_with_what_time_they_have() -> None:
    web, db = thing(WEB, {"image": "web:1"}), thing(DB, {"image": "db:1"})
    users = {DB: (WEB,), WEB: ()}
    hand, steps = shut(observed([web, db]), native=True, users=users, stop=5, total=7)
    assert steps == [DeleteObject(WEB, web.id, "f1", 5 * S)]
    assert hand.status(DB).message == "waits for service/web to go"
    hand.end(only(steps))
    pod = quiet()
    assert hand.look(observed([db], [pod]), 4 * S) == []  # its pods have not ended
    assert hand.look(observed([db]), 4 * S) == [DeleteObject(DB, db.id, "f1", 3 * S)]


def test_in_a_cluster_the_rest_goes_when_what_was_flushed_had_its_time() -> None:
    kept = thing(ResourceKey("config", "m@1"))
    users = {WEB: ()}
    hand, steps = shut(observed([thing(WEB), kept]), native=True, users=users, flush=4)
    assert [step.key for step in steps] == [WEB]
    hand.end(only(steps))
    assert hand.look(observed([kept]), 3 * S) == []
    assert hand.said.wake_at_ns == 4 * S
    assert kinds(hand.look(observed([kept]), 4 * S)) == ["delete"]

"""The controller as a whole: what it looks at, when, and where everything stands."""

import pytest

from reconciler.controller.core import POLL_NS, RESYNC_NS, UNREACHABLE_NS, WHOLE_LOOK
from reconciler.controller.interface import Anew, Hinted, Looked, LookFailed, Policy, Redesired
from reconciler.model.observed import Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.step import Outcome, kind_of
from tests.controller.hand import Hand, kinds, only
from tests.support.making import (
    DB,
    NET,
    READY,
    WEB,
    S,
    asked,
    fact,
    good,
    live,
    network,
    observed,
    plan,
    stack,
    web,
)

NETS = stack(networks={"a": {}, "b": {}})
A, B = ResourceKey("network", "a"), ResourceKey("network", "b")


def pair() -> tuple[Hand, list]:  # type: ignore[type-arg]
    services = {
        "db": {"image": "web:1", **READY},
        "web": {"image": "web:1", "depends_on": {"service/db": "healthy"}, **READY},
    }
    made = stack(services=services)
    return Hand(made), [made]


def test_the_first_thing_it_wants_is_to_see_everything() -> None:
    hand = Hand(web())
    assert hand.said.steps == ()
    assert hand.said.look == Scope("shop", images=("web:1",), wanted=(NET,))
    assert hand.controller.verdict().kind == "running"


def test_only_one_look_is_under_way_at_a_time() -> None:
    hand = Hand(web())
    assert hand.tell(Hinted()).look is None
    hand.look(observed([network()]))
    assert hand.said.look is not None and hand.said.look.keys is None


def test_after_a_step_it_looks_at_what_was_touched_before_it_decides() -> None:
    hand = Hand(NETS)
    first, second = hand.look(observed())
    assert hand.said.look is None
    said = hand.end(first)
    assert said.steps == ()
    assert said.look is not None and said.look.keys == {A}
    assert hand.end(second).look is None  # the other look is still under way
    hand.look(observed([network("a")], keys=frozenset({A})))
    assert hand.said.look is not None and hand.said.look.keys == {B}


def test_a_view_from_before_the_last_step_ended_is_not_acted_upon() -> None:
    hand = Hand(NETS)
    first, second = hand.look(observed())
    hand.end(first)
    old_look = hand.said.look
    assert old_look is not None
    hand.tell(Hinted(frozenset({B})))
    hand.end(second)
    # What comes back began before `second` ended, and claims to be about both.
    steps = hand.look(observed(keys=frozenset({B})))
    assert steps == []
    assert hand.status(B).phase == "progressing"


def test_what_is_in_flight_is_not_decided_on() -> None:
    hand = Hand(NETS)
    hand.look(observed())
    hand.tell(Hinted())
    assert hand.look(observed()) == []


def test_many_wishes_to_look_become_one_whole_look() -> None:
    hand = Hand(stack(networks={f"n{n}": {} for n in range(WHOLE_LOOK + 1)}))
    hand.look(observed([network(f"n{n}") for n in range(WHOLE_LOOK + 1)]))
    keys = [ResourceKey("network", f"n{n}") for n in range(WHOLE_LOOK + 1)]
    said = hand.tell(Hinted(frozenset(keys[:-1])))
    assert said.look is not None and said.look.keys == frozenset(keys[:-1])
    hand.look(observed([network(k.name) for k in keys[:-1]], keys=frozenset(keys[:-1])))
    said = hand.tell(Hinted(frozenset(keys)))
    assert said.look is not None and said.look.keys is None


def test_what_is_on_its_way_is_looked_at_again_without_any_hint() -> None:
    made = web(**READY)
    hand = Hand(made)
    hand.show([live(made, ready=False)], [good(made)])
    assert hand.said.wake_at_ns is not None and hand.said.wake_at_ns <= POLL_NS
    hand.tick(POLL_NS)
    assert hand.said.look is not None and hand.said.look.keys == {WEB}
    assert hand.said.look.images == ("web:1",)


def test_a_time_that_comes_while_a_look_is_under_way_is_not_lost() -> None:
    """What is shown then is as it was, and only the time says that there is something to do."""
    made = web(termination={"pre_stop": "2s"})
    gone = stack()
    old = live(made, armed=False)
    hand = Hand(gone)
    assert hand.look(observed([], [old])) == []
    assert hand.said.wake_at_ns == 2 * S
    said = hand.tell(Hinted(frozenset({WEB})), S)
    assert said.look is not None and said.look.keys == {WEB}
    assert hand.tick(2 * S) == []
    signal = only(hand.look(observed([], [old], keys=frozenset({WEB}))))
    assert kinds([signal]) == ["signal"]


def test_what_depends_on_it_is_decided_in_the_same_turn() -> None:
    hand, [made] = pair()
    records = [good(made, DB)]
    assert hand.show([live(made, key=DB, ready=False)], records) == []
    assert hand.status(WEB).message == "waits until service/db is healthy"
    assert kinds(hand.show([live(made, key=DB)], records)) == ["record"]


def test_a_failure_stops_what_depends_on_it_and_nothing_else() -> None:
    made = stack(
        networks={"a": {}, "b": {}},
        services={"web": {"image": "web:1", "networks": ["a"]}},
    )
    hand = Hand(made)
    steps = hand.look(observed(images={"web:1": "x"}))
    assert {step.key for step in steps} == {A, B}
    for step in steps:
        hand.end(step, Outcome("terminal", "denied") if step.key == A else Outcome("done"))
    hand.look(observed([network("b")], keys=frozenset({A}), images={"web:1": "x"}), 9 * S)
    hand.look(observed([network("b")], images={"web:1": "x"}), 9 * S)
    assert hand.status(WEB).message == "waits for network/a, which is failed"
    assert hand.status(B).phase == "ready"
    assert hand.controller.verdict().kind == "failed"


def test_what_cannot_be_read_stops_what_it_gates_and_its_siblings_go_on() -> None:
    made = stack(services={"web": {"image": "web:1"}, "db": {"image": "web:1"}})
    hand = Hand(made)
    steps = hand.show(unobservable={WEB: "permission denied"})
    assert {step.key for step in steps} == {DB}
    assert hand.status(WEB).phase == "unobservable"
    assert hand.controller.verdict().kind == "running"


def test_an_unknown_outcome_is_decided_by_the_next_look_alone() -> None:
    hand = Hand(stack(networks={"a": {}}))
    hand.end(only(hand.look(observed())), Outcome("unknown", "no answer"))
    assert hand.look(observed([network("a")])) == []
    assert hand.controller.verdict().kind == "converged"


def test_a_silent_target_is_asked_less_often_and_then_given_up() -> None:
    hand = Hand(NETS)
    scope = Scope("shop")
    said = hand.tell(LookFailed(scope, "no answer", "R401"), 0)
    assert said.look is None and said.wake_at_ns == S
    assert hand.tell(Hinted(), S).look == hand.controller._scope
    said = hand.tell(LookFailed(scope, "no answer", "R401"), 40 * S)
    assert said.wake_at_ns == 70 * S
    hand.tell(Hinted(), 70 * S)
    hand.tell(LookFailed(scope, "no answer", "R401"), UNREACHABLE_NS + S)
    assert hand.controller.verdict().kind == "failed"
    assert hand.controller.verdict().message == "no answer"
    assert hand.said.look is None


def test_a_daemon_never_gives_a_silent_target_up() -> None:
    hand = Hand(NETS, Policy(follow=True))
    for second in (0, 100, 1000):
        hand.tell(LookFailed(Scope("shop"), "no answer"), second * S)
    assert hand.controller.verdict().kind == "running"
    assert hand.tell(Hinted(), 2000 * S).look is not None


def test_a_daemon_looks_at_everything_every_half_minute() -> None:
    hand = Hand(NETS, Policy(follow=True))
    hand.look(observed([network("a"), network("b")]), S)
    assert hand.controller.verdict().kind == "running"
    assert hand.said.wake_at_ns == RESYNC_NS
    hand.tick(RESYNC_NS)
    assert hand.said.look is not None and hand.said.look.keys is None


def test_time_never_goes_back() -> None:
    hand = Hand(web(**READY))
    hand.show(now_ns=50 * S)
    hand.tell(Hinted(), 10 * S)
    assert all(n.at_ns >= 50 * S for n in hand.said.notices)


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_approved_is_done(count: int) -> None:
    made = web(replicas=count)
    seen = observed([network()], images={"web:1": "a"})
    hand = Hand(made, Policy(approved={c.key: c for c in plan(made, seen).changes}))
    assert kinds(hand.look(seen)) == ["record"]


def test_what_is_no_longer_as_it_was_shown_is_refused_before_the_first_step() -> None:
    made = web()
    shown = plan(made, observed([network()]))
    hand = Hand(made, Policy(approved={c.key: c for c in shown.changes}))
    assert hand.show([live(made)], [good(made)]) == []
    assert hand.controller.verdict().kind == "stale"
    assert [d.code for d in hand.controller.stale_findings] == ["R310"]
    assert hand.tell(Hinted()).look is None


def test_an_approval_is_compared_once_and_not_with_its_own_work() -> None:
    made = stack(networks={"a": {}})
    shown = plan(made, observed())
    hand = Hand(made, Policy(approved={c.key: c for c in shown.changes}))
    hand.end(only(hand.look(observed())))
    hand.tell(Hinted())
    hand.look(observed([network("a")]))
    hand.look(observed([network("a")]))
    assert hand.controller.verdict().kind == "converged"


def test_another_desire_is_not_converged_before_it_was_looked_at() -> None:
    hand = Hand(stack(networks={"a": {}}))
    hand.look(observed([network("a")]))
    assert hand.controller.verdict().kind == "converged"
    said = hand.tell(Redesired(NETS, Policy()))
    assert hand.controller.verdict().kind == "running"
    assert said.look is not None and said.look.keys is None
    assert [step.key for step in hand.look(observed([network("a")]))] == [B]


def test_another_desire_gives_what_was_given_up_another_try() -> None:
    hand = Hand(stack(networks={"a": {}}))
    hand.end(only(hand.look(observed())), Outcome("terminal", "denied"))
    hand.look(observed())
    assert hand.controller.verdict().kind == "failed"
    hand.tell(Redesired(stack(networks={"a": {}}), Policy()))
    assert kinds(hand.look(observed(), 9 * S)) == ["apply"]


def test_what_is_gone_is_forgotten() -> None:
    hand = Hand(stack(), Policy(confirmed=True))
    hand.end(only(hand.look(observed([network("old")]))))
    hand.look(observed())
    assert hand.controller.statuses() == ()
    assert list(hand.controller._desk.slots) == [ResourceKey("stack", "shop")]


def test_the_same_events_give_the_same_answers() -> None:
    def told() -> list:  # type: ignore[type-arg]
        hand = Hand(stack(services={n: {"image": "web:1"} for n in "fbdace"}))
        said = [hand.show()]
        for step in list(said[0]):
            said.append([hand.end(step)])  # type: ignore[list-item]
        return said

    assert told() == told()
    assert [step.key.name for step in told()[0]] == list("abcdef")


def test_after_others_may_have_acted_nothing_is_decided_before_a_fresh_look() -> None:
    hand = Hand(web(), Policy(follow=True))
    seen = Looked(observed([network()], images={"web:1": "a"}))
    assert hand.said.look is not None
    said = hand.tell(Anew())
    assert (said.steps, said.look) == ((), None), "a look is under way"
    said = hand.tell(seen)
    assert said.steps == (), "that look was begun before"
    assert said.look is not None and said.look.keys is None
    assert kinds([each.step for each in hand.tell(seen).steps]) == ["record"]


def test_after_others_may_have_acted_a_stop_that_was_begun_is_decided_anew() -> None:
    old, new = web("web:1"), web("web:2")
    hand = Hand(new, Policy(follow=True))
    records = [good(old), fact("candidate", asked(new).revision, 2)]
    instances = [live(old), live(new)]
    assert kinds(hand.show(instances, records)) == ["update"]
    assert hand.controller._desk.slot(WEB).stops
    hand.tell(Anew())
    assert not hand.controller._desk.slot(WEB).stops


def test_a_pull_has_the_time_that_its_service_gives_it() -> None:
    hand = Hand(web("web:9", pull_timeout="90s"))
    said = hand.tell(Looked(observed([network()], images={"web:9": None})))
    assert [(kind_of(p.step), p.deadline_ns) for p in said.steps] == [("pull", 90 * S)]
    hand = Hand(web("web:9"))
    said = hand.tell(Looked(observed([network()], images={"web:9": None})))
    assert [p.deadline_ns for p in said.steps] == [600 * S]

"""The virtual driver, with controllers that follow a script."""

from collections.abc import Callable
from typing import Literal

import pytest

from reconciler.controller.interface import (
    Ended,
    Event,
    Hinted,
    Looked,
    LookFailed,
    Output,
    Perform,
    Policy,
    Redesired,
    Tick,
)
from reconciler.drivers.virtual import DAY_NS, Kill, RunResult, run
from reconciler.model.observed import Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Declared, Stack
from reconciler.model.status import Notice, Verdict
from reconciler.model.step import ApplyObject, CreateInstance, PullImage, RemoveInstance, Step
from reconciler.sim.cluster import SimCluster
from reconciler.sim.engine import SimEngine
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.world import World
from reconciler.targets.port import VirtualTarget, Wanted
from tests.sim.making import FIELDS, MS, NET, WEB, S

SCOPE = Scope("shop")
PULL = PullImage(WEB, "web:1")
NETWORK = ApplyObject(NET, {"internal": False})
CREATE = CreateInstance(WEB, "shop-web-0", 0, "r1", 0, FIELDS)
NOTHING = Output()


class Script:
    """A controller whose answer to each event is a function of it; remembers what it heard."""

    def __init__(
        self, target: VirtualTarget, answer: Callable[["Script", Event], Output | None]
    ) -> None:
        self.began_ns = target.now_ns
        self.answer = answer
        self.heard: list[tuple[int, Event]] = []
        self.asked: tuple[Wanted, ...] = ()
        self.now = Verdict("running")

    def handle(self, event: Event, now_ns: int) -> Output:
        self.heard.append((now_ns - self.began_ns, event))
        return self.answer(self, event) or NOTHING

    def verdict(self) -> Verdict:
        return self.now

    def wanted(self, scope: Scope) -> tuple[Wanted, ...]:
        return self.asked

    def times(self, kind: type[Event] | tuple[type[Event], ...]) -> list[int]:
        return [at for at, event in self.heard if isinstance(event, kind)]


def calm() -> SimEngine:
    world = World.fresh(1)
    world.latency_jitter_percent = 0
    return SimEngine(world, "shop")


def first(output: Output) -> Callable[[Script, Event], Output | None]:
    """Answers the first event alone."""
    return lambda script, event: output if len(script.heard) == 1 else None


def in_turn(*steps: Step, deadline_ns: int = 60 * S) -> Callable[[Script, Event], Output | None]:
    """One step after another, and converged after the last."""

    def answer(script: Script, event: Event) -> Output | None:
        done = len(script.times(Ended))
        if isinstance(event, Ended) or len(script.heard) == 1:
            if done == len(steps):
                script.now = Verdict("converged")
                return None
            return Output((Perform(steps[done], deadline_ns),))
        return None

    return answer


# -- events and time ----------------------------------------------------------------------


def test_the_first_event_says_that_anything_may_have_changed():
    target = calm()
    script = Script(target, first(NOTHING))
    result = run(script, target)
    assert script.heard == [(0, Hinted())]
    assert (result.now_ns, result.verdict.kind) == (target.now_ns, "running")


def test_a_step_takes_effect_and_then_its_end_is_told():
    target = calm()
    script = Script(target, in_turn(NETWORK))
    result = run(script, target)
    (call,) = result.calls
    took = target.world.latency_ns["apply network"]
    assert (call.step, call.at_ns) == (NETWORK, script.began_ns)
    assert call.outcome is not None and call.outcome is call.effect
    assert script.heard[-1] == (took, Ended(NETWORK, call.outcome))
    assert (
        target.world.holding("shop").objects[NET].created_at_ns == script.began_ns + took * 3 // 4
    )


def test_a_change_is_hinted_at_after_its_lag():
    target = calm()
    script = Script(target, first(Output((Perform(NETWORK, S),))))
    run(script, target)
    effect_ns = target.world.latency_ns["apply network"] * 3 // 4
    due_ns = effect_ns + target.world.event_lag_ns
    assert script.heard[-1] == (due_ns, Hinted(frozenset([NET])))


def test_an_observation_is_of_when_it_began_and_comes_back_later():
    target = calm()

    def answer(script: Script, event: Event) -> Output | None:
        return Output((Perform(NETWORK, S),), SCOPE) if len(script.heard) == 1 else None

    target.world.latency_ns = {**target.world.latency_ns, "look": 100 * MS}
    script = Script(target, answer)
    result = run(script, target)
    (at,) = script.times(Looked)
    looked = next(event for _, event in script.heard if isinstance(event, Looked))
    assert (at, looked.observed.began_at_ns) == (100 * MS, script.began_ns)
    assert looked.observed.objects == {}  # the network is made later
    assert result.observations == 1


def test_an_observation_that_fails_is_told_as_that():
    target = calm()
    install(target.world, [Fault("look_fails")])
    script = Script(target, first(Output(look=SCOPE)))
    run(script, target)
    (failed,) = [event for _, event in script.heard if isinstance(event, LookFailed)]
    assert (failed.scope, failed.code) == (SCOPE, "R420")


def test_what_is_wanted_is_previewed_with_the_observation():
    target = SimCluster(World.fresh(), "shop")
    script = Script(target, first(Output(look=SCOPE)))
    script.asked = (Wanted(WEB, {"image": "web:1"}),)
    run(script, target)
    looked = next(event for _, event in script.heard if isinstance(event, Looked))
    assert looked.predicted[WEB]["replicas"] == 1


def test_a_wake_up_comes_once_and_a_new_one_takes_its_place():
    target = calm()
    now = target.now_ns

    def answer(script: Script, event: Event) -> Output | None:
        wakes = {1: 5 * S, 2: 3 * S, 3: 9 * S}
        after = wakes.get(len(script.heard))
        return Output(wake_at_ns=now + after) if after else None

    script = Script(target, answer)
    run(script, target, inject=[(now + S, Tick())])
    assert script.times(Tick) == [S, 3 * S, 9 * S]


def test_a_wake_up_in_the_past_is_for_now():
    target = calm()
    script = Script(target, first(Output(wake_at_ns=target.now_ns - S)))
    run(script, target)
    assert script.times(Tick) == [0]


def test_a_controller_that_lets_no_time_pass_is_a_bug():
    target = calm()
    script = Script(target, lambda script, event: Output(wake_at_ns=target.now_ns))
    with pytest.raises(AssertionError, match="no time pass"):
        run(script, target)


def test_events_can_be_injected_at_a_time():
    target = calm()
    event = Redesired(Stack(Declared(name="shop")), Policy())
    script = Script(target, first(NOTHING))
    run(script, target, inject=[(target.now_ns + 7 * S, event)])
    assert script.heard[-1] == (7 * S, event)


def test_notices_are_collected():
    target = calm()
    notice = Notice(0, WEB, "wait", "for nothing")
    assert run(Script(target, first(Output(notices=(notice,)))), target).notices == [notice]


# -- ends ---------------------------------------------------------------------------------


def restless(script: Script, event: Event) -> Output:
    return Output(wake_at_ns=script.began_ns + script.heard[-1][0] + S)


def test_it_ends_with_the_verdict_or_goes_on_when_it_follows():
    def answer(script: Script, event: Event) -> Output:
        if len(script.heard) == 4:
            script.now = Verdict("converged")
        return restless(script, event)

    target = calm()
    result = run(Script(target, answer), target)
    assert (result.verdict.kind, len(result.calls)) == ("converged", 0)
    script = Script(target, answer)
    run(script, target, follow=True, max_ns=10 * S)
    assert len(script.times(Tick)) == 10


@pytest.mark.parametrize("limit", ["until_ns", "max_ns"])
def test_it_ends_when_time_is_up_at_exactly_that_time(limit: str):
    target = calm()
    end_ns = target.now_ns + 10 * S + 1
    script = Script(target, restless)
    if limit == "until_ns":
        result = run(script, target, until_ns=end_ns)
    else:
        result = run(script, target, max_ns=10 * S + 1)
    assert (result.now_ns, target.now_ns) == (end_ns, end_ns)
    assert len(script.times(Tick)) == 10


def test_it_ends_after_a_day_at_the_latest():
    target = calm()
    began_ns = target.now_ns

    def hourly(script: Script, event: Event) -> Output:
        return Output(wake_at_ns=began_ns + script.heard[-1][0] + 3600 * S)

    assert run(Script(target, hourly), target).now_ns == began_ns + DAY_NS


def test_it_ends_when_it_is_told_to_stop():
    target = calm()
    script = Script(target, restless)
    run(script, target, stop=lambda: len(script.heard) >= 5)
    assert len(script.heard) == 5


# -- replies that do not come -------------------------------------------------------------


def test_a_lost_reply_is_unknown_at_its_deadline():
    target = calm()
    install(target.world, [Fault("lost_reply", on="apply")])
    script = Script(target, in_turn(NETWORK, deadline_ns=30 * S))
    (call,) = run(script, target).calls
    assert script.times(Ended) == [30 * S]
    assert call.outcome is not None and call.outcome.kind == "unknown"
    assert call.effect is not None and call.effect.kind == "done"


def test_a_late_call_may_still_take_effect_after_its_deadline():
    target = calm()
    install(target.world, [Fault("delay", on="apply", for_ns=100 * S)])
    script = Script(target, first(Output((Perform(NETWORK, 10 * S),))))
    result = run(script, target)
    ended = next(event for _, event in script.heard if isinstance(event, Ended))
    assert (script.times(Ended), ended.outcome.kind) == ([10 * S], "unknown")
    assert target.world.holding("shop").objects[NET].created_at_ns > script.began_ns + 10 * S
    assert result.calls[0].effect is not None


def test_a_call_that_fails_before_its_effect_has_none():
    target = calm()
    install(target.world, [Fault("fail_before", on="apply")])
    (call,) = run(Script(target, in_turn(NETWORK)), target).calls
    assert call.outcome is not None and call.outcome.kind == "retryable"
    assert call.effect is None
    assert target.world.holding("shop").objects == {}


# -- death --------------------------------------------------------------------------------

STEPS = (NETWORK, PULL, CREATE, RemoveInstance(WEB, "absent"))


def killed(
    call: int, when: Literal["before", "after", "lost"]
) -> tuple[SimEngine, Script, RunResult]:
    target = calm()
    script = Script(target, in_turn(*STEPS))
    return target, script, run(script, target, kill=Kill(call, when))


def test_a_run_without_death_makes_every_call():
    target = calm()
    result = run(Script(target, in_turn(*STEPS)), target)
    assert [call.step for call in result.calls] == list(STEPS)
    assert (result.killed, result.creations, result.in_flight) == (False, 1, ())


def test_death_before_a_call_leaves_it_unsent():
    target, _, result = killed(3, "before")
    assert result.killed
    assert [call.step for call in result.calls] == [NETWORK, PULL]
    assert (result.in_flight, result.creations) == ((), 0)
    assert target.world.containers == {}


def test_death_after_a_call_leaves_its_effect_and_its_reply_unread():
    target, script, result = killed(3, "after")
    assert [call.outcome is None for call in result.calls] == [False, False, True]
    assert len(script.times(Ended)) == 2
    assert (result.in_flight, result.creations) == ((), 1)
    assert len(target.world.containers) == 1


def test_death_with_the_reply_lost_lets_the_effect_come_later():
    target, _, result = killed(3, "lost")
    assert target.world.containers == {}
    (left,) = result.in_flight
    assert left.perform.step == CREATE
    successor = Script(target, first(NOTHING))
    run(successor, target, in_flight=result.in_flight)
    assert len(target.world.containers) == 1
    assert result.creations == 1  # the first one's call made it after all
    assert successor.times(Ended) == []
    assert successor.heard[-1][1] == Hinted(frozenset([WEB]))


def test_calls_sent_together_survive_the_death_at_one_of_them():
    target = calm()
    keys = [ResourceKey("volume", name) for name in "abc"]
    steps = tuple(Perform(ApplyObject(key, {"driver": "local"}), S) for key in keys)
    result = run(Script(target, first(Output(steps))), target, kill=Kill(3, "before"))
    assert [left.perform for left in result.in_flight] == list(steps[:2])
    run(Script(target, first(NOTHING)), target, in_flight=result.in_flight)
    assert sorted(target.world.holding("shop").objects) == keys[:2]


# -- order --------------------------------------------------------------------------------


def test_two_runs_of_one_seed_are_the_same_to_the_nanosecond():
    histories = []
    for _ in range(2):
        target = SimEngine(World.fresh(9), "shop")
        script = Script(target, in_turn(*STEPS))
        result = run(script, target)
        histories.append((script.heard, result.calls, result.now_ns))
    assert histories[0] == histories[1]


def test_at_one_instant_the_world_comes_first_then_effects_then_replies():
    target = calm()
    target.world.latency_ns = dict.fromkeys(target.world.latency_ns, 0)
    target.world.event_lag_ns = 0
    script = Script(target, first(Output((Perform(NETWORK, S),), SCOPE, target.now_ns)))
    run(script, target)
    kinds = [type(event).__name__ for _, event in script.heard]
    assert kinds == ["Hinted", "Hinted", "Ended", "Looked", "Tick"]

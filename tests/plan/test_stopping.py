"""How an instance ends, step by step."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.observed import Instance
from reconciler.model.step import RemoveInstance, RouteInstance, SignalInstance, UpdateInstance
from reconciler.plan.stopping import DISARMED, Next, Stop, next_of, note
from tests.support.making import S, ended, instance

ARMED = {"image": "web:1", "restart.policy": "always"}


def running(**fields: Any) -> Instance:
    """Disarmed already."""
    return instance(armed=False, fields={**ARMED, **fields})


def what(found: Next) -> str:
    match found.step:
        case UpdateInstance():
            return "disarm"
        case SignalInstance(signal=signal):
            return signal
        case RemoveInstance():
            return "remove"
    return "nothing" if found.wake_at_ns is None else f"until {found.wake_at_ns // S}"


def test_the_engines_restart_policy_is_switched_off_first() -> None:
    one = instance(fields=ARMED)
    found = next_of(one, Stop(0), 0)
    assert found.step == UpdateInstance(one.key, one.id, DISARMED)


@pytest.mark.parametrize("fields", [{"restart.policy": "never"}, {}])
def test_what_no_engine_would_start_again_is_not_disarmed(fields: Any) -> None:
    assert what(next_of(instance(fields=fields), Stop(0), 0)) == "SIGTERM"


def test_the_whole_sequence_is_disarm_wait_signal_wait_kill_remove() -> None:
    timing = {"stop.pre_stop": 5 * S, "stop.grace": 30 * S}
    one, stop = instance(fields={**ARMED, **timing}), Stop(100 * S)
    assert what(next_of(one, stop, 100 * S)) == "disarm"
    one = replace(one, armed=False)
    assert what(next_of(one, stop, 101 * S)) == "until 105"
    found = next_of(one, stop, 105 * S)
    assert what(found) == "SIGTERM"
    assert isinstance(found.step, SignalInstance)
    note(stop, found.step, 105 * S)
    assert what(next_of(one, stop, 105 * S)) == "until 130"
    assert what(next_of(one, stop, 129 * S)) == "until 130"
    kill = next_of(one, stop, 130 * S)
    assert what(kill) == "SIGKILL"
    assert isinstance(kill.step, SignalInstance)
    note(stop, kill.step, 130 * S)
    assert what(next_of(one, stop, 131 * S)) == "until 140"
    assert what(next_of(one, stop, 140 * S)) == "SIGKILL"
    assert what(next_of(ended(one), stop, 141 * S)) == "remove"


def test_a_signal_that_was_not_delivered_is_sent_again() -> None:
    stop = Stop(0)
    assert what(next_of(running(), stop, 0)) == "SIGTERM"
    assert what(next_of(running(), stop, 50 * S)) == "SIGTERM"


@pytest.mark.parametrize(
    ("fields", "kill_s"),
    [
        ({}, 10), ({"stop.grace": 30 * S}, 30), ({"stop.grace": 0}, 2), ({"stop.grace": S}, 2),
        ({"stop.grace": 30 * S, "stop.pre_stop": 10 * S}, 20),
        ({"stop.grace": 30 * S, "stop.pre_stop": 29 * S}, 2),
        ({"stop.grace": 30 * S, "stop.pre_stop": 60 * S}, 2),
    ],
)  # fmt: skip
def test_pre_stop_uses_up_grace_and_leaves_two_seconds(fields: Any, kill_s: int) -> None:
    signalled = 1000 * S
    stop = Stop(0, signalled_ns=signalled)
    found = next_of(running(**fields), stop, signalled)
    assert found.wake_at_ns == signalled + kill_s * S
    assert what(next_of(running(**fields), stop, signalled + kill_s * S - 1)).startswith("until")
    assert what(next_of(running(**fields), stop, signalled + kill_s * S)) == "SIGKILL"


def test_the_signal_is_the_one_asked_for() -> None:
    assert what(next_of(running(**{"stop_signal": "SIGQUIT"}), Stop(0), 0)) == "SIGQUIT"


@pytest.mark.parametrize("phase", ["created", "exited", "dead"])
def test_what_does_not_run_is_removed_at_once(phase: Any) -> None:
    assert what(next_of(instance(phase=phase, fields=ARMED), Stop(0), 0)) == "remove"


def test_what_is_being_removed_is_left_alone() -> None:
    assert next_of(instance(phase="removing"), Stop(0), 0) == Next()


def test_what_stays_for_its_logs_is_not_removed() -> None:
    assert next_of(ended(instance()), Stop(0, keep=True), 0) == Next()
    assert what(next_of(running(), Stop(0, keep=True), 0)) == "SIGTERM"


@pytest.mark.parametrize("phase", ["running", "restarting", "paused"])
def test_whatever_may_come_back_is_signalled(phase: Any) -> None:
    one = instance(phase=phase, armed=False, fields=ARMED)
    assert what(next_of(one, Stop(0), 0)) == "SIGTERM"


def test_every_call_names_the_full_id() -> None:
    one = running()
    for found in (next_of(one, Stop(0), 0), next_of(ended(one), Stop(0), 0)):
        assert isinstance(found.step, SignalInstance | RemoveInstance)
        assert found.step.id == one.id


def test_the_times_are_those_wanted_now_and_not_those_it_was_made_with() -> None:
    one, stop = running(**{"stop.grace": 10 * S}), Stop(0, signalled_ns=0)
    wanted = {"stop.grace": 60 * S}
    assert what(next_of(one, stop, 10 * S)) == "SIGKILL"
    assert what(next_of(one, stop, 10 * S, wanted)) == "until 60"


def test_an_instance_is_drained_at_the_edge_before_its_signal() -> None:
    fields = {"stop.drain": 30 * S}
    routed = replace(running(**fields), routed=True)
    found = next_of(routed, Stop(0), 0)
    assert isinstance(found.step, RouteInstance) and found.step.state == "drain"
    draining = replace(routed, routed=False, draining_since_ns=5 * S)
    assert what(next_of(draining, Stop(0), 6 * S)) == "until 35"
    assert what(next_of(replace(draining, drained=True), Stop(0), 6 * S)) == "SIGTERM"
    assert what(next_of(draining, Stop(0), 35 * S)) == "SIGTERM"

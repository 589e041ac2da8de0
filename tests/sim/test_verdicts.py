"""Whether an instance is ready and live, by whoever asks: the engine, our prober, the kubelet."""

from reconciler.model.observed import Value
from reconciler.sim import harm, life
from reconciler.sim.behaviour import Behaviour
from reconciler.sim.faults import Fault
from reconciler.sim.probes import EXEC_NS
from reconciler.sim.world import World
from tests.sim.making import LIVENESS, STARTUP, Bench, S
from tests.sim.test_life import bench, events

CHECK: dict[str, Value] = {
    "kind": "exec", "command": ("ask",), "period": S, "timeout": S, "failures": 2,
    "successes": 1, "delay": 0,
}  # fmt: skip
READY = {f"readiness.{name}": value for name, value in CHECK.items()}
BOTH = {**READY, **{f"liveness.{name}": value for name, value in CHECK.items()}}


def test_a_command_is_first_asked_one_interval_after_the_start():
    b = bench(ready_ns=0)
    b.start(b.create(**READY))
    assert events(b, "ready", 10 * S) == [S + EXEC_NS]


def test_a_hung_check_costs_its_timeout_and_then_an_interval():
    b = bench(ready_ns=0)
    pod = b.create(**BOTH)
    b.start(pod)
    b.go(S + EXEC_NS)
    life.hang(b.world, pod)
    assert events(b, "dead", 10 * S) == [4 * S]
    assert (pod.ready, pod.live, pod.phase) == (False, False, "running")


def test_an_unhealthy_container_that_answers_is_healthy_again():
    b = bench(ready_ns=0)
    pod = b.up(**BOTH)
    life.hang(b.world, pod)
    b.go(20 * S)
    assert not b.seen(pod).live
    life.recover(b.world, pod)
    b.go(3 * S)
    assert (b.seen(pod).live, b.seen(pod).ready) == (True, True)


def test_a_readiness_check_says_nothing_of_life():
    b = bench(ready_ns=0)
    pod = b.up(**READY)
    life.hang(b.world, pod)
    b.go(20 * S)
    assert (b.seen(pod).ready, b.seen(pod).live) == (False, True)


def test_what_hangs_for_less_than_its_threshold_is_never_unready():
    b = bench(ready_ns=0)
    pod = b.up(**BOTH)
    harm.install(b.world, [Fault("hang", at_ns=0, for_ns=S)])
    assert events(b, "unready", 30 * S) == []
    assert pod.ready
    assert not pod.hung


def test_a_hang_that_ends_lets_the_stop_signal_through():
    b = bench(ready_ns=0, stop_ns=S)
    pod = b.up()
    b.disarm(pod)
    life.hang(b.world, pod)
    b.signal(pod)
    b.go(5 * S)
    assert pod.phase == "running"
    life.recover(b.world, pod)
    b.go(2 * S)
    assert pod.phase == "exited"


def test_within_a_start_period_it_may_fail_as_often_as_it_likes():
    b = bench(ready_ns=9 * S)
    pod = b.create(**{**BOTH, "readiness.delay": 20 * S})
    b.start(pod)
    assert events(b, "dead", 30 * S) == []
    assert pod.ready


def test_startup_by_http_gates_a_check_by_command():
    b = bench(ready_ns=4500 * 1_000_000)
    b.start(b.create(**{**READY, **STARTUP, "startup.failures": 9}))
    ready = events(b, "ready", 20 * S)
    assert len(ready) == 1
    assert 5 * S <= ready[0] <= 6 * S + 10 * EXEC_NS


def test_our_prober_asks_a_dead_one_nothing_more():
    b = bench(ready_ns=0)
    pod = b.up(**LIVENESS)
    life.hang(b.world, pod)
    b.go(20 * S)
    life.recover(b.world, pod)
    b.go(20 * S)
    assert (b.seen(pod).live, b.seen(pod).ready) == (False, False)


def test_what_an_error_state_refuses_it_refuses_after_a_hang_too():
    b = Bench(World.fresh(7))
    b.world.behaviours["service/web"] = Behaviour(
        ready_ns=0, start_ns=0, jitter_percent=0, needs=(("kafka", "error"),)
    )
    pod = b.up(**{**LIVENESS, "liveness.failures": 99})
    harm.install(b.world, [Fault("external_away", subject="kafka", at_ns=0, for_ns=5 * S)])
    b.go(2 * S)
    assert pod.error == "kafka is away"
    life.hang(b.world, pod)
    life.recover(b.world, pod)
    b.go(200 * S)
    assert not b.seen(pod).live
    assert "kafka is away" in b.seen(pod).message

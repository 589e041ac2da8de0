import pytest

from reconciler.sim import harm, life
from reconciler.sim.behaviour import Behaviour
from reconciler.sim.faults import Fault
from reconciler.sim.things import Container
from reconciler.sim.world import World
from tests.sim.making import JOB, LIVENESS, MS, STARTUP, WEB, Bench, S

STEADY = Behaviour(ready_ns=2 * S, jitter_percent=0)


def bench(**behaviour) -> Bench:
    """An engine that itself takes no time to restart what has crashed."""
    made = Bench(World.fresh(7))
    made.world.latency_ns = {**made.world.latency_ns, "restart": 0}
    behaviour = {"start_ns": 0, **behaviour}
    made.world.behaviours["service/web"] = Behaviour(**{"jitter_percent": 0, **behaviour})
    return made


def events(bench: Bench, what: str, for_ns: int) -> list[int]:
    """The times, from now, at which `what` happens within `for_ns`."""
    began, found = bench.world.now_ns, []
    bench.world.listeners.append(
        lambda world, told: found.append(world.now_ns - began) if told.what == what else None
    )
    bench.go(for_ns)
    return found


# -- the restart manager ------------------------------------------------------------------


def test_the_engine_waits_100_ms_doubling_up_to_a_minute():
    b = bench(crash_after_ns=1 * S)
    b.start(b.create())
    starts = events(b, "started", 400 * S)
    waits = [later - sooner - S for sooner, later in zip([0, *starts], starts, strict=False)]
    assert waits[:12] == [100 * MS << n for n in range(10)] + [60 * S, 60 * S]


def test_ten_seconds_of_running_reset_the_engines_wait():
    b = bench(crash_after_ns=10 * S)
    b.start(b.create())
    assert events(b, "restarting", 35 * S) == [10 * S, 20 * S + 100 * MS, 30 * S + 200 * MS]
    b = bench(crash_after_ns=10 * S - 1)
    b.start(b.create())
    assert len(events(b, "restarting", 31 * S)) == 3
    assert next(iter(b.world.containers.values())).restart_delay_ns == 400 * MS


def test_a_start_by_hand_resets_the_engines_wait():
    b = bench(crash_after_ns=1 * S)
    pod = b.create()
    b.start(pod)
    b.go(20 * S)
    assert pod.restart_delay_ns > 100 * MS
    b.signal(pod)
    b.go(S)
    assert pod.phase == "exited"
    b.start(pod)
    b.go(S)
    assert (pod.phase, pod.restart_delay_ns) == ("restarting", 100 * MS)


def test_between_two_restarts_it_counts_as_running_and_is_not_ready():
    b = bench(crash_after_ns=5 * S, crash_code=3)
    pod = b.create()
    b.start(pod)
    b.go(5 * S)
    seen = b.seen(pod)
    assert (seen.phase, seen.ready, seen.exit_code) == ("restarting", False, 3)
    assert seen.is_running
    assert seen.engine_restarts == 1
    assert seen.log_tail == ("ended with exit code 3",)


@pytest.mark.parametrize(("code", "phase"), [(0, "exited"), (1, "restarting")])
def test_on_failure_restarts_only_what_failed(code: int, phase: str):
    b = bench(run_ns=2 * S, exit_code=code)
    pod = b.create(restart__policy="on-failure")
    b.start(pod)
    b.go(2 * S)
    assert pod.phase == phase


def test_a_disarmed_container_stays_down():
    b = bench(crash_after_ns=5 * S)
    pod = b.create()
    b.start(pod)
    b.disarm(pod)
    b.go(20 * S)
    assert pod.phase == "exited"


def test_disarming_between_two_restarts_lets_it_start_once_more():
    b = bench(crash_after_ns=5 * S)
    pod = b.create()
    b.start(pod)
    b.go(5 * S)
    assert pod.phase == "restarting"
    b.disarm(pod)
    b.go(1 * S)
    assert pod.phase == "running"
    b.go(5 * S)
    assert pod.phase == "exited"


def test_a_signal_by_way_of_the_engine_cancels_its_restarts_even_when_armed():
    b = bench(stop_ns=1 * S)
    pod = b.up()
    b.signal(pod)
    b.go(60 * S)
    assert (pod.phase, pod.exit_code) == ("exited", 0)


def test_a_signal_between_two_restarts_ends_it_at_once():
    b = bench(crash_after_ns=5 * S)
    pod = b.create()
    b.start(pod)
    b.go(5 * S)
    b.signal(pod)
    assert pod.phase == "exited"
    b.go(60 * S)
    assert pod.starts == 1


def test_an_engine_that_restarts_brings_back_what_is_armed_and_only_that():
    b = bench(stop_ns=S)
    armed, disarmed, stopped = b.up(0), b.up(1), b.up(2)
    b.disarm(disarmed)
    b.signal(stopped)
    b.go(5 * S)
    harm.install(b.world, [Fault("engine_restart", at_ns=S)])
    b.go(2 * S)
    assert [pod.phase for pod in (armed, disarmed, stopped)] == ["running", "exited", "running"]


# -- probes -------------------------------------------------------------------------------


def test_without_a_readiness_probe_it_is_ready_once_it_runs():
    b = bench()
    pod = b.create(readiness__kind=None)
    b.start(pod)
    assert b.seen(pod).ready
    assert b.seen(pod).ready_since_ns == b.world.now_ns


def test_it_is_ready_at_the_first_question_that_it_answers():
    b = bench(ready_ns=2500 * MS)
    b.start(b.create())
    assert events(b, "ready", 10 * S) == [3 * S]


def test_readiness_waits_for_startup():
    b = bench(ready_ns=2500 * MS)
    startup = {**STARTUP, "startup.successes": 3, "startup.failures": 9}
    b.start(b.create(**startup, readiness__period=2 * S))
    # Startup passes at 3, 4 and 5 s; then our prober asks at once.
    assert events(b, "ready", 20 * S) == [5 * S]


def test_what_does_not_start_in_time_is_dead():
    b = bench(ready_ns=30 * S)
    pod = b.create(**STARTUP)
    b.start(pod)
    assert events(b, "dead", 60 * S) == [2 * S]  # refused at 0, 1 and 2 s
    assert (pod.ready, pod.live) == (False, False)


def test_liveness_without_startup_kills_what_starts_slowly():
    b = bench(ready_ns=30 * S)
    pod = b.create(**LIVENESS)
    b.start(pod)
    b.go(10 * S)
    assert not b.seen(pod).live


def test_what_hangs_loses_readiness_and_liveness_and_keeps_its_process():
    b = bench(ready_ns=S, hang_after_ns=5500 * MS)
    pod = b.create(**LIVENESS, liveness__failures=5)
    b.start(pod)
    b.go(5 * S)
    assert b.seen(pod).ready
    b.go(4 * S)  # failures at 6, 7 and 8 s, known at 9 s
    assert (b.seen(pod).ready, b.seen(pod).live) == (False, True)
    b.go(2 * S)
    assert (b.seen(pod).live, b.seen(pod).phase) == (False, "running")


def test_what_never_gets_ready_stays_alive():
    b = bench(never_ready=True)
    pod = b.create(**LIVENESS)
    b.start(pod)
    b.go(600 * S)
    assert (pod.ready, pod.live, pod.phase) == (False, True, "running")


def test_what_crashes_before_it_is_ready_never_was():
    b = bench(ready_ns=3 * S, crash_after_ns=1 * S, crashes=1)
    b.start(b.create())
    assert events(b, "ready", 10 * S) == [S + 100 * MS + 3 * S]


# -- stopping -----------------------------------------------------------------------------


def test_a_stop_takes_its_time_and_ends_readiness_at_once():
    b = bench(stop_ns=2 * S)
    pod = b.up()
    b.disarm(pod)
    b.signal(pod)
    assert (pod.ready, pod.phase) == (False, "running")
    b.go(2 * S - 1)
    assert pod.phase == "running"
    b.go(1)
    assert (pod.phase, pod.exit_code) == ("exited", 0)


def test_an_app_may_stay_ready_while_it_stops():
    b = bench(stop_ns=2 * S, unready_on_stop=False)
    pod = b.up()
    b.signal(pod)
    assert pod.ready


def test_what_ignores_the_stop_signal_is_killed():
    b = bench(ignores_stop=True)
    pod = b.up()
    b.disarm(pod)
    b.signal(pod)
    b.go(100 * S)
    assert pod.phase == "running"
    b.signal(pod, "SIGKILL")
    b.go(S)
    assert (pod.phase, pod.exit_code) == ("exited", 137)


def test_what_hangs_does_not_hear_the_stop_signal():
    b = bench(hang_after_ns=4 * S)
    pod = b.up()
    b.go(5 * S)
    b.signal(pod)
    b.go(100 * S)
    assert pod.phase == "running"


def test_its_own_stop_signal_stops_it_and_others_do_not():
    b = bench(stop_ns=S)
    pod = b.up(stop_signal="SIGQUIT")
    b.signal(pod, "SIGHUP")
    b.go(5 * S)
    assert pod.phase == "running"
    b.signal(pod, "SIGQUIT")
    b.go(5 * S)
    assert pod.phase == "exited"


def test_a_second_stop_signal_changes_nothing():
    b = bench(stop_ns=2 * S)
    pod = b.up()
    b.signal(pod)
    b.go(S)
    b.signal(pod)
    b.go(S)
    assert pod.phase == "exited"


def test_a_job_runs_and_ends_with_its_code():
    b = Bench()
    b.world.behaviours["job/migrate"] = Behaviour(run_ns=3 * S, exit_code=4, jitter_percent=0)
    pod = b.create(0, JOB, restart__policy="never", readiness__kind=None)
    b.start(pod)
    b.go(3 * S)
    seen = b.seen(pod)
    assert (seen.phase, seen.exit_code, seen.has_ended) == ("exited", 4, True)
    assert seen.finished_at_ns == b.world.now_ns


def test_running_out_of_memory_is_told():
    b = bench(crash_after_ns=4 * S, crash_code=137, oom=True)
    pod = b.up(restart__policy="never")
    b.go(2 * S)
    seen = b.seen(pod)
    assert (seen.oom_killed, seen.exit_code) == (True, 137)
    assert "out of memory" in seen.log_tail[0]


def test_a_host_port_is_held_while_it_runs_and_free_afterwards():
    b = bench(stop_ns=S)
    pod = b.up(**{"ports.80/tcp": ":8080"})
    assert b.world.ports == {"8080": pod.id}
    b.signal(pod)
    b.go(2 * S)
    assert b.world.ports == {}


# -- the kubelet's restarts ---------------------------------------------------------------


def test_the_kubelets_wait_is_none_then_10_s_doubling_to_5_min():
    world = World.fresh()
    pod = Container("id", "p", WEB, "shop", kubelet=True, policy="always", asked_restart="always")
    world.add_container(pod)
    waits = []
    for _ in range(8):
        life.start(world, pod, by_engine=True)
        world.now_ns += S
        life.end(world, pod, 1)
        waits.append(pod.restart_delay_ns // S)
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300]


def test_ten_minutes_without_failure_reset_the_kubelets_wait():
    world = World.fresh()
    pod = Container("id", "p", WEB, "shop", kubelet=True, policy="always", asked_restart="always")
    world.add_container(pod)
    for ran_ns in (S, S, S, 600 * S):
        life.start(world, pod, by_engine=True)
        world.now_ns += ran_ns
        life.end(world, pod, 1)
    assert pod.restart_delay_ns == 0

"""What becomes of instances when a node is lost, cut off, drained, or back."""

import random

import pytest

from reconciler.model.observed import Scope
from reconciler.sim import clock, outage, outcomes
from reconciler.sim.checkers import Expect, Singleton, watch
from reconciler.sim.faults import Fault, FaultKind
from reconciler.sim.harm import install
from reconciler.sim.site import Disruptions, Site
from reconciler.sim.things import Transition
from reconciler.sim.trace import Trace
from reconciler.sim.world import EPOCH_NS
from reconciler.sim.worldfile import decode, encode
from tests.sim.making import WEB, Bench, S
from tests.sim.test_cluster import Cluster
from tests.sim.test_nodes import MI, machines, on_nodes, pods, ready, site, spread

# -- a node is lost ----------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "grace_s"), [("1.20", 40), ("1.34", 50)])
def test_pods_of_a_lost_node_are_unready_after_the_grace_and_go_five_minutes_later(
    version: str, grace_s: int
):
    cluster = on_nodes(version=version)
    cluster.apply(replicas=3)
    cluster.until_done()
    trace = Trace(cluster.world, keep=True)
    began = cluster.world.now_ns
    install(cluster.world, [Fault("node_loss", subject="n-1")])
    cluster.go(400 * S)
    assert trace.lines is not None
    at = {what: when(trace.lines, what, began) for what in ("node unknown", "terminating")}
    # The last lease is up to 10 s old, the look that saw it and the one that finds out up to 5 s.
    assert grace_s - 10 <= at["node unknown"] <= grace_s + 10
    assert at["terminating"] - at["node unknown"] == 300
    assert ready(cluster) == 3
    assert spread(cluster)["n-1"] == 1  # it is being deleted, and nobody can say that it is gone


def when(lines: list[str], what: str, began_ns: int) -> float:
    """Seconds from then to the first line of this kind."""
    line = next(line for line in lines if f" {what} " in line)
    return float(line.split(" ", 1)[0]) - (began_ns - EPOCH_NS) / S


def test_a_lost_pod_is_taken_for_ready_until_the_node_controller_notices():
    cluster = on_nodes()
    cluster.apply(replicas=3)
    cluster.until_done()
    install(cluster.world, [Fault("node_loss", subject="n-1")])
    cluster.go(20 * S)
    assert ready(cluster) == 3
    assert [pod.may_act for pod in pods(cluster)].count(False) == 1
    cluster.go(50 * S)
    assert ready(cluster) == 2


def test_a_node_that_is_back_before_anybody_notices_restarts_its_pods_in_place():
    cluster = on_nodes()
    cluster.apply(replicas=3)
    cluster.until_done()
    names = {pod.name for pod in pods(cluster)}
    install(cluster.world, [Fault("node_loss", subject="n-1", for_ns=20 * S)])
    cluster.go(60 * S)
    assert {pod.name for pod in pods(cluster)} == names
    assert sorted(pod.engine_restarts for pod in pods(cluster)) == [0, 0, 1]
    assert ready(cluster) == 3


def test_a_node_that_is_back_late_ends_what_was_deleted_meanwhile():
    cluster = on_nodes()
    cluster.apply(replicas=3)
    cluster.until_done()
    install(cluster.world, [Fault("node_loss", subject="n-1", for_ns=500 * S)])
    cluster.go(560 * S)
    assert ready(cluster) == len(cluster.world.containers) == 3
    assert not any(machine.unknown for machine in site(cluster).machines.values())


def test_a_partition_that_heals_in_time_costs_readiness_and_no_process():
    cluster = on_nodes()
    cluster.apply(replicas=3)
    cluster.until_done()
    install(cluster.world, [Fault("node_partition", subject="n-1", for_ns=120 * S)])
    cluster.go(100 * S)
    assert ready(cluster) == 2
    assert all(pod.may_act for pod in pods(cluster))
    cluster.go(30 * S)
    assert ready(cluster) == 3
    assert all(pod.engine_restarts == 0 for pod in pods(cluster))


def two_at_once(workload: str) -> list[str]:
    policy = {"workload": workload, "rollout.strategy": "recreate"}
    cluster = on_nodes(policies={"service/web": policy})
    checker = Singleton({WEB: Expect(1, singleton=True)})
    watch(cluster.world, checker)
    cluster.apply(replicas=1)
    cluster.until_done()
    install(cluster.world, [Fault("node_partition", subject="n-0", for_ns=600 * S)])
    cluster.go(700 * S)
    assert ready(cluster) == 1
    return checker.violations


def test_a_singleton_on_a_node_that_is_cut_off_is_never_doubled_as_a_statefulset():
    assert two_at_once("statefulset") == []


def test_a_deployment_with_recreate_doubles_a_singleton_on_a_node_that_is_cut_off():
    assert len(two_at_once("deployment")) == 1


def test_an_engine_whose_machine_goes_down_comes_back_with_what_is_to_run_always():
    bench = Bench()
    bench.world.site = Site(machines(1), requests={"service/web": (600, MI)})
    first = bench.up(0)
    never = bench.up(1, restart__policy="never")
    install(bench.world, [Fault("node_loss", subject="n-0", for_ns=60 * S)])
    bench.go(S)
    assert (first.phase, never.phase) == ("exited", "exited")
    assert bench.world.unreachable_until_ns == bench.world.now_ns + 59 * S
    bench.go(65 * S)
    assert (first.phase, never.phase) == ("running", "exited")
    assert bench.world.site.placed == {first.id: "n-0"}


# -- an engine of several machines -----------------------------------------------------------------


def on_engines(count: int = 2) -> Bench:
    bench = Bench()
    bench.world.site = Site(machines(count), requests={"service/web": (600, MI)})
    return bench


@pytest.mark.parametrize("kind", ["node_loss", "node_partition", "node_drain"])
def test_steps_on_a_container_whose_machine_does_not_answer_are_tried_again(kind: FaultKind):
    bench = on_engines()
    there, beside = bench.up(0), bench.up(1)
    assert (there.home, beside.home) == ("n-0", "n-1")
    install(bench.world, [Fault(kind, subject="n-0", for_ns=120 * S)])
    bench.go(60 * S)
    assert bench.world.unreachable_until_ns <= bench.world.now_ns  # the other one answers
    for step in (bench.start, bench.disarm, bench.signal, bench.remove):
        outcome = step(there)
        assert (outcome.kind, outcome.code) == ("retryable", outcomes.UNREACHABLE), step
        assert "its machine does not answer" in outcome.message
    assert there.policy == "always"
    assert bench.signal(beside).kind == "done"
    bench.go(120 * S)
    assert bench.disarm(there).kind == "done"


def test_new_containers_of_an_engine_go_only_to_machines_that_answer():
    bench = on_engines(3)
    install(
        bench.world, [Fault("node_loss", subject="n-0"), Fault("node_partition", subject="n-1")]
    )
    bench.go(S)
    assert {bench.up(n).home for n in range(3)} == {"n-2"}
    over = bench.create(3)  # 3 x 600 of 2000 are taken
    outcome = bench.start(over)
    assert (outcome.kind, outcome.code) == ("retryable", outcomes.NO_ROOM)
    assert "2 node(s) did not answer" in outcome.message
    assert "1 Insufficient cpu" in outcome.message


def test_what_was_on_a_lost_machine_of_an_engine_hangs_and_starts_anew_with_it():
    bench = on_engines()
    there, never = bench.up(0), bench.up(2, restart__policy="never")
    never_too = bench.up(1, restart__policy="never")
    assert {there.home, never_too.home} == {"n-0"}
    install(bench.world, [Fault("node_loss", subject="n-0", for_ns=60 * S)])
    bench.go(0)
    assert bench.seen(there).phase == "running" and bench.seen(there).ready  # as last seen
    assert not there.may_act and never.may_act
    bench.go(30 * S)
    assert not bench.seen(there).ready  # our prober has no answer
    assert bench.seen(there).phase == "running" and never.ready
    bench.go(40 * S)
    assert (there.phase, never_too.phase) == ("running", "exited")
    assert (there.home, there.starts, there.ready) == ("n-0", 2, True)


def test_what_is_cut_off_with_a_machine_of_an_engine_hangs_and_goes_on_with_it():
    bench = on_engines()
    there = bench.up(0)
    install(bench.world, [Fault("node_partition", subject="n-0", for_ns=60 * S)])
    bench.go(30 * S)
    assert there.hung and there.may_act and not bench.seen(there).ready
    bench.go(40 * S)
    assert not there.hung and there.starts == 1 and bench.seen(there).ready


def test_what_an_engine_restarts_while_it_is_cut_off_is_not_reached_either():
    bench = on_engines()
    there = bench.up(0)
    install(bench.world, [Fault("node_partition", subject="n-0", for_ns=60 * S)])
    bench.go(S)
    install(bench.world, [Fault("crash", subject="service/web")])
    bench.go(20 * S)
    assert there.starts == 2 and there.hung and not there.ready
    bench.go(50 * S)
    assert not there.hung and there.starts == 2 and there.ready


def test_what_waits_between_two_restarts_is_lost_with_its_machine():
    bench = on_engines()
    there = bench.up(0)
    install(bench.world, [Fault("crash", subject="service/web")])
    bench.go(0)
    assert there.phase == "restarting"
    install(bench.world, [Fault("node_loss", subject="n-0", for_ns=30 * S)])
    bench.go(20 * S)
    assert there.starts == 1
    bench.go(20 * S)
    assert there.phase == "running" and there.starts == 2 and there.ready


def test_an_engine_s_only_machine_that_is_cut_off_serves_nobody_and_goes_on():
    bench = on_engines(1)
    there = bench.up(0)
    install(bench.world, [Fault("node_partition", subject="n-0", for_ns=60 * S)])
    bench.go(S)
    assert there.hung and there.may_act
    assert bench.world.unreachable_until_ns > bench.world.now_ns
    bench.go(70 * S)
    assert not there.hung and there.starts == 1 and there.ready


def test_an_engine_of_several_machines_in_an_outage_is_kept_in_the_file_and_in_a_clone():
    bench = on_engines(3)
    for number in range(4):
        bench.up(number)
    faults = [
        Fault("node_loss", subject="n-0", for_ns=90 * S),
        Fault("node_partition", subject="n-1", for_ns=60 * S),
    ]
    install(bench.world, faults)
    bench.go(30 * S)
    digests = []
    for world in (bench.world, decode(encode(bench.world)), bench.world.clone()):
        trace = Trace(world)
        clock.run_until(world, world.now_ns + 100 * S)
        digests.append(trace.digest)
        assert all(each.ready for each in world.containers.values())
    assert len(set(digests)) == 1


# -- drains ---------------------------------------------------------------------------------------


def test_a_drain_evicts_as_fast_as_the_budget_allows_and_never_faster():
    cluster = on_nodes(2, disruptions={"service/web": Disruptions(min_available="75%")})
    cluster.apply(replicas=4)
    cluster.until_done()
    least = [4]
    cluster.world.listeners.append(lambda world, told: least.append(ready(cluster)))
    trace = Trace(cluster.world)
    install(cluster.world, [Fault("node_drain", subject="n-0")])
    cluster.go(120 * S)
    assert min(least) == 3
    assert spread(cluster) == {"n-1": 4}
    assert ready(cluster) == 4
    assert trace.compact.count("4") > 0  # refused, and tried again 5 s later


def test_without_a_budget_a_drain_takes_all_at_once_and_the_node_takes_no_new_pod():
    cluster = on_nodes(2)
    cluster.apply(replicas=4)
    cluster.until_done()
    install(cluster.world, [Fault("node_drain", subject="n-0", for_ns=60 * S)])
    cluster.go(S)
    assert ready(cluster) == 2
    cluster.go(30 * S)
    assert spread(cluster) == {"n-1": 4}
    cluster.go(40 * S)
    cluster.apply(replicas=6)
    cluster.until_done()
    assert spread(cluster)["n-0"] == 2


@pytest.mark.parametrize(
    ("budget", "allowed"),
    [
        (Disruptions(min_available=2), 2),
        (Disruptions(min_available="60%"), 1),  # 2.4 rounds up to 3
        (Disruptions(max_unavailable=1), 1),
        (Disruptions(max_unavailable="30%"), 2),  # 1.2 rounds up to 2
        (Disruptions(min_available=9), -5),
    ],
)
def test_disruptions_allowed_are_healthy_less_desired(budget: Disruptions, allowed: int):
    cluster = on_nodes(disruptions={"service/web": budget})
    cluster.apply(replicas=4)
    cluster.until_done()
    assert outage.disruptions_allowed(cluster.world, "shop", WEB) == allowed


def test_a_pod_that_does_not_run_skips_the_budget():
    cluster = on_nodes(1, (900, MI), disruptions={"service/web": Disruptions(min_available=3)})
    cluster.apply(replicas=3)
    cluster.go(20 * S)
    waiting = next(pod for pod in pods(cluster) if pod.phase == "created")
    running = next(pod for pod in pods(cluster) if pod.ready)
    assert outage.evict(cluster.world, waiting)
    assert not outage.evict(cluster.world, running)


def test_without_declared_nodes_an_engine_is_one_machine():
    bench = Bench()
    container = bench.up(0)
    install(bench.world, [Fault("node_drain", for_ns=60 * S)])
    bench.go(S)
    assert container.phase == "exited"
    assert bench.world.unreachable_until_ns > bench.world.now_ns
    bench.go(65 * S)
    assert container.phase == "running"


def test_a_name_without_a_machine_strikes_nothing():
    cluster = on_nodes()
    trace = Trace(cluster.world)
    install(cluster.world, [Fault("node_loss", subject="elsewhere")])
    cluster.go(S)
    assert trace.compact == ""


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_nobody_holds_more_than_there_is_and_all_is_accounted_for(seed: int):
    rng = random.Random(seed)
    cluster = on_nodes(3, (500, 512 * MI))
    world = cluster.world

    def account(_: object, told: Transition) -> None:
        for machine in site(cluster).machines.values():
            held = list(machine.held.values())
            assert machine.used_cpu_m == sum(cpu for cpu, _ in held) <= 2000, (seed, told)
            assert machine.used_memory == sum(memory for _, memory in held) <= 4096 * MI
            assert {i for i, n in site(cluster).placed.items() if n == machine.name} == set(
                machine.held
            ), (seed, told)

    world.listeners.append(account)
    kinds = ("node_loss", "node_partition", "node_drain", "crash", "registry_outage")
    for step in range(12):
        cluster.apply(replicas=rng.randrange(1, 16), image=f"web:{rng.randrange(3)}")
        kind = rng.choice(kinds)
        subject = "*" if kind in ("crash", "registry_outage") else f"n-{rng.randrange(3)}"
        wait_ns = rng.randrange(1, 90) * S
        install(world, [Fault(kind, subject=subject, for_ns=rng.randrange(1, 500) * S)])  # type: ignore[arg-type]
        cluster.go(wait_ns)
        assert set(site(cluster).placed) <= set(world.containers), (seed, step)
    # Quiet: everything comes back, and what is wanted runs.
    cluster.apply(replicas=6, image="web:9")
    cluster.go(1500 * S)
    assert cluster.seen().status.done, (seed, cluster.seen().status.message)
    assert ready(cluster) == len(world.containers) == 6


# -- the file -------------------------------------------------------------------------------------


def test_a_site_in_the_middle_of_an_outage_is_kept_in_the_file_and_in_a_clone():
    cluster = on_nodes(disruptions={"service/web": Disruptions(max_unavailable=1)})
    cluster.apply(replicas=5)
    cluster.until_done()
    install(
        cluster.world,
        [Fault("node_loss", subject="n-1", for_ns=420 * S), Fault("node_drain", subject="n-2")],
    )
    cluster.go(60 * S)
    back, clone = decode(encode(cluster.world)), cluster.world.clone()
    assert encode(back) == encode(clone) == encode(cluster.world)
    digests = []
    for world in (cluster.world, back, clone):
        later = Cluster()
        later.world = world
        later.target = (
            type(cluster.target)(world, "shop") if world is not cluster.world else (cluster.target)
        )
        trace = Trace(world)
        clock.run_until(world, world.now_ns + 500 * S)
        digests.append(trace.digest)
        assert later.target.observe(Scope("shop")).instances
    assert len(set(digests)) == 1

"""Nodes: who is put where, and what becomes of it when a node is lost, drained or back."""

from collections import Counter
from typing import Any

import pytest

from reconciler.model.container import Amounts, Resources
from reconciler.model.service import Service
from reconciler.model.stack import Declared, Node, Stack
from reconciler.sim import nodes, outage
from reconciler.sim.machine import Machine
from reconciler.sim.site import Site, machines_of, site_of
from reconciler.sim.things import Container
from tests.sim.making import Bench, S
from tests.sim.test_cluster import Cluster

MI = 2**20


def machines(count: int = 3, cpu_m: int = 2000, memory: int = 4096 * MI) -> dict[str, Machine]:
    made = [Machine(f"n-{n}", cpu_m, memory, (cpu_m, memory)) for n in range(count)]
    return {machine.name: machine for machine in made}


def on_nodes(
    count: int = 3, asked: tuple[int, int] = (500, 512 * MI), *, version: str = "1.34", **more: Any
) -> Cluster:
    cluster = Cluster()
    cluster.world.kubernetes_version = version
    cluster.world.site = Site(machines(count), requests={"service/web": asked}, **more)
    return cluster


def site(cluster: Cluster) -> Site:
    assert cluster.world.site is not None
    return cluster.world.site


def spread(cluster: Cluster) -> Counter[str]:
    return Counter(site(cluster).placed.values())


def pods(cluster: Cluster) -> list[Container]:
    return [pod for pod in cluster.world.containers.values() if not pod.terminating]


def ready(cluster: Cluster) -> int:
    return sum(pod.ready for pod in pods(cluster))


# -- placement ------------------------------------------------------------------------------------


def test_nodes_have_their_capacity_less_what_is_kept_back():
    node = Node(
        cpu="4", memory=16 * 2**30, reserved_cpu="500m", reserved_memory=2 * 2**30,
        max_utilisation=80, count=2, startup="slow",
    )  # fmt: skip
    first, second = machines_of({"big": node})
    assert (first.name, second.name, first.slow) == ("big-0", "big-1", True)
    assert (first.cpu_m, first.memory_bytes) == (2800, 14 * 2**30 * 80 // 100)
    assert first.whole == (3500, 14 * 2**30)


def test_the_least_allocated_machine_takes_the_next_and_the_first_of_equals():
    free = machines()
    free["n-0"].hold("x", (500, 512 * MI))
    assert nodes.choose(free.values(), (100, MI)) is free["n-1"]
    free["n-1"].hold("y", (400, 0))
    assert nodes.choose(free.values(), (100, MI)) is free["n-2"]


def test_instances_of_a_service_are_spread_evenly():
    cluster = on_nodes()
    cluster.apply(replicas=6)
    cluster.until_done()
    assert spread(cluster) == {"n-0": 2, "n-1": 2, "n-2": 2}
    assert nodes.use(site(cluster))["n-0"] == (1000, 1024 * MI)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ((900, MI), "0/2 nodes are available: 2 Insufficient cpu."),
        ((1, 900 * MI), "0/2 nodes are available: 2 Insufficient memory (max_utilisation)."),
        ((900, 9000 * MI), "0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient memory."),
    ],
)
def test_what_fits_nowhere_waits_and_says_what_binds(asked: tuple[int, int], why: str):
    cluster = Cluster()
    small = [Machine(f"n{n}", 800, 800 * MI, (800, 1000 * MI)) for n in range(2)]
    cluster.world.site = Site({m.name: m for m in small}, requests={"service/web": asked})
    cluster.apply(replicas=1)
    cluster.go(30 * S)
    (pod,) = cluster.pods()
    assert (pod.phase, pod.message) == ("created", why)


def test_what_waits_is_placed_when_something_goes():
    cluster = on_nodes(1, (900, MI))
    cluster.apply(replicas=3)
    cluster.go(30 * S)
    assert sorted(pod.phase for pod in cluster.pods()) == ["created", "running", "running"]
    first = pods(cluster)[0]
    outage.evict(cluster.world, first)
    cluster.go(30 * S)
    assert ready(cluster) == 2
    # Its replacement waits behind the one that had waited before.
    assert [pod.phase for pod in pods(cluster)] == ["running", "running", "created"]


def test_a_rollout_whose_surge_does_not_fit_goes_on_with_what_it_may_lack():
    cluster = on_nodes(1, (500, MI))
    cluster.apply(replicas=4)
    cluster.until_done()
    cluster.apply(replicas=4, image="web:2")
    cluster.until_done()
    assert {pod.fields["image"] for pod in pods(cluster)} == {"web:2"}
    stuck = on_nodes(1, (500, MI), policies={"service/web": {"rollout.max_unavailable": 0}})
    stuck.apply(replicas=4)
    stuck.until_done()
    stuck.apply(replicas=4, image="web:2")
    stuck.go(120 * S)
    assert Counter(pod.fields["image"] for pod in pods(stuck)) == {"web:1": 4, "web:2": 1}
    assert not stuck.seen().status.done


def test_a_slow_machine_adds_ten_to_thirty_seconds_to_a_start():
    def starts(*, slow: bool) -> list[int]:
        cluster = on_nodes(1, (10, MI))
        site(cluster).machines["n-0"].slow = slow
        began = cluster.world.now_ns
        cluster.apply(replicas=8)
        cluster.until_done()
        return sorted((p.started_at_ns or 0) - began for p in pods(cluster))

    fast, slow = starts(slow=False), starts(slow=True)
    assert fast[-1] < 5 * S
    assert 10 * S < slow[0] < slow[-1] < 35 * S
    assert slow[-1] - slow[0] > 5 * S  # each draws its own


def test_a_request_that_nobody_states_is_the_limit():
    assert nodes.requested({"resources.memory_limit": 7}) == (0, 7)
    assert nodes.requested({"resources.memory_limit": 7, "resources.memory_request": 5}) == (0, 5)


def test_an_engine_takes_only_what_fits_its_one_node():
    bench = Bench()
    bench.world.site = Site(machines(1, 1000), requests={"service/web": (600, MI)})
    first = bench.up(0)
    second = bench.create(1)
    refused = bench.start(second)
    assert (refused.kind, refused.code) == ("retryable", "R620")
    assert "Insufficient cpu" in refused.message
    bench.signal(first)
    bench.go(5 * S)
    assert bench.start(second).kind == "done"


def test_a_stack_tells_its_nodes_its_requests_and_how_it_is_rolled():
    resources = Resources(requests=Amounts(cpu=250), limits=Amounts(memory=MI))
    services = {
        "web": Service(image="w", resources=resources), "one": Service(image="o", singleton=True)
    }  # fmt: skip
    stack = Stack(Declared(name="shop", services=services, nodes={"n": Node(cpu="1", count=2)}))
    made = site_of([stack])
    assert list(made.machines) == ["n-0", "n-1"]
    assert made.requests == {"service/web": (250, MI), "service/one": (0, 0)}
    assert made.policies["service/one"]["workload"] == "statefulset"


def test_what_runs_already_is_put_on_machines_even_where_it_does_not_fit():
    cluster = Cluster()
    cluster.apply(replicas=5)
    cluster.until_done()
    cluster.world.site = Site(machines(2, 1000), requests={"service/web": (500, MI)})
    nodes.board(cluster.world)
    assert spread(cluster) in ({"n-0": 3, "n-1": 2}, {"n-0": 2, "n-1": 3})
    assert max(cpu for cpu, _ in nodes.use(site(cluster)).values()) == 1500

"""Pods counted as they change: what was counted is what is there, and decides the same."""

from typing import Any

import pytest

from reconciler.sim import deployment, ranks
from reconciler.sim.behaviour import rule
from reconciler.sim.census import Census, Tally
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.things import Container, Transition
from reconciler.sim.trace import Trace
from reconciler.sim.world import World
from tests.sim.making import WEB, S
from tests.sim.test_cluster import Cluster
from tests.sim.test_nodes import on_nodes

FAULTS = [
    Fault("crash", subject="service/*", at_ns=3 * S, every_ns=4 * S, count=20, amount=3),
    Fault("hang", subject="service/*", at_ns=5 * S, every_ns=9 * S, count=9, amount=5),
]


def lively(version: str, **fields: Any) -> Cluster:
    """Changes of every kind, one in the middle of another."""
    cluster = Cluster()
    cluster.world.kubernetes_version = version
    cluster.world.rules = (rule("flaky", "crash", crashes=2),)
    install(cluster.world, FAULTS)
    images = ("web:1", "web:2", "web-flaky:3", "web:1", "web:4")
    for replicas, image in zip((12, 20, 7, 0, 15), images, strict=True):
        cluster.apply(replicas=replicas, image=image, **fields)
        cluster.go(4 * S)
    return cluster


@pytest.mark.parametrize("min_ready", [0, 3 * S])
def test_what_was_counted_as_it_changed_is_what_counting_anew_finds(min_ready: int):
    cluster = Cluster()
    compared = 0

    def compare(world: World, told: Transition) -> None:
        nonlocal compared
        held = world.holding("shop").census.get(WEB)
        if held is not None and told.what not in ("signalled", "status"):
            fresh = Census.of(world.of("shop", WEB))
            assert held.known.keys() == fresh.known.keys()
            assert all(held.known[id][1:] == fresh.known[id][1:] for id in fresh.known)
            assert held.tallies.keys() == fresh.tallies.keys()
            for revision, tally in fresh.tallies.items():
                counted = held.tallies[revision]
                assert (counted.there, counted.alive) == (tally.there, tally.alive)
                assert counted.ready == tally.ready
                seen = counted.available(world.now_ns, min_ready)
                assert seen == tally.available(world.now_ns, min_ready)
            compared += 1

    cluster.world.listeners.append(compare)
    install(cluster.world, FAULTS)
    for replicas, image in ((12, "web:1"), (20, "web:2"), (5, "web:3"), (9, "web:1")):
        cluster.apply(replicas=replicas, image=image, rollout__min_ready=min_ready)
        cluster.go(7 * S)
    assert compared > 200


@pytest.mark.parametrize("version", ["1.20", "1.34"])
def test_an_order_of_pods_that_is_kept_is_the_one_that_would_be_found(
    version: str, monkeypatch: pytest.MonkeyPatch
):
    histories = []
    for kept in (True, False):
        with monkeypatch.context() as patch:
            if not kept:
                patch.setattr(Tally, "next_to_go", lambda *_: None)
            cluster = Cluster()
            cluster.world.kubernetes_version = version
            trace = Trace(cluster.world, keep=True)
            for number in range(4):
                cluster.apply(replicas=40, image=f"web:{number}")
                cluster.go((3 + 8 * number) * S)
            histories.append(trace.lines)
    assert histories[0] == histories[1]


@pytest.mark.parametrize("version", ["1.20", "1.34"])
def test_ranks_of_pods_on_nodes_that_are_kept_are_those_that_would_be_found(
    version: str, monkeypatch: pytest.MonkeyPatch
):
    compared = 0
    kept = deployment._first_to_go

    def both(
        world: World, census: Census, each: deployment.ReplicaSet, count: int
    ) -> list[Container]:
        nonlocal compared
        pods = list(census.tally(each.revision).alive.values())
        related = [id for tally in census.tallies.values() for id in tally.alive]
        anew = ranks.first_to_go(
            pods, related, world.site, world.now_ns, log_scale=version != "1.20", most=count
        )
        found = kept(world, census, each, count)
        assert [pod.id for pod in found] == [pod.id for pod in anew]
        compared += 1
        return found

    monkeypatch.setattr(deployment, "_first_to_go", both)
    cluster = on_nodes(6, version=version)
    lost = Fault("node_loss", subject="n-1", at_ns=25 * S, for_ns=200 * S)
    install(cluster.world, [*FAULTS, lost])
    for replicas, image in ((40, "web:1"), (55, "web:2"), (12, "web:3"), (30, "web:1")):
        cluster.apply(replicas=replicas, image=image)
        cluster.go(90 * S)
    assert compared > 20


@pytest.mark.parametrize("version", ["1.20", "1.34"])
def test_a_copy_counts_for_itself_and_goes_on_alike(version: str):
    cluster = lively(version, rollout__min_ready=2 * S)
    twin = Cluster()
    twin.world = cluster.world.clone()
    twin.target = type(twin.target)(twin.world, "shop")
    assert twin.world.holding("shop").census == {}
    traces = [Trace(cluster.world), Trace(twin.world)]
    for each in (cluster, twin):
        each.go(60 * S)
    assert traces[0].digest == traces[1].digest
    assert len(traces[0].compact) > 30

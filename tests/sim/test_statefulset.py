"""Stateful sets: one pod of an ordinal at a time, in order."""

from typing import Any

from reconciler.sim import outage
from reconciler.sim.behaviour import rule
from reconciler.sim.checkers import Expect, Singleton, Surge, violations, watch
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.site import Site
from tests.sim.making import WEB, S
from tests.sim.test_cluster import Cluster


def stateful(replicas: int, **fields: Any) -> Cluster:
    cluster = Cluster()
    cluster.world.site = Site(policies={"service/web": {"workload": "statefulset"}})
    cluster.apply(replicas=replicas, **fields)
    return cluster


def trail(cluster: Cluster) -> list[str]:
    told: list[str] = []
    cluster.world.listeners.append(
        lambda world, t: (
            told.append(f"{t.what} {t.subject.rpartition('-')[2]}")
            if t.what in ("created", "ready", "removed")
            else None
        )
    )
    return told


def test_pods_come_in_order_each_when_the_one_before_is_ready():
    cluster = Cluster()
    told = trail(cluster)
    cluster.world.site = Site(policies={"service/web": {"workload": "statefulset"}})
    cluster.apply(replicas=3)
    cluster.until_done()
    assert told == [f"{what} {n}" for n in range(3) for what in ("created", "ready")]
    assert [pod.name for pod in cluster.pods()] == ["shop-web-0", "shop-web-1", "shop-web-2"]


def test_an_update_goes_from_the_highest_down_one_at_a_time_under_the_same_names():
    cluster = stateful(3)
    cluster.until_done()
    told = trail(cluster)
    cluster.apply(replicas=3, image="web:2")
    cluster.until_done()
    assert told == [f"{what} {n}" for n in (2, 1, 0) for what in ("removed", "created", "ready")]


def test_scaling_down_takes_the_highest():
    cluster = stateful(3)
    cluster.until_done()
    cluster.apply(replicas=1)
    cluster.go(30 * S)
    assert [pod.name for pod in cluster.pods()] == ["shop-web-0"]


def test_a_singleton_is_never_two_through_updates_crashes_and_evictions():
    cluster = stateful(1)
    single = Singleton({WEB: Expect(1, singleton=True)})
    surge = Surge({WEB: Expect(1)})
    watch(cluster.world, single, surge)
    cluster.until_done()
    for number in range(2, 6):
        cluster.apply(replicas=1, image=f"web:{number}")
        install(cluster.world, [Fault("crash", at_ns=number * S)])
        cluster.go(7 * S)
        for pod in list(cluster.world.containers.values()):
            outage.evict(cluster.world, pod)
        cluster.go(40 * S)
    assert violations([single, surge]) == []
    assert len(cluster.pods()) == 1


def test_a_pod_that_never_is_ready_stops_the_update_that_would_mend_it():
    cluster = stateful(2)
    cluster.world.rules = (rule("web:2", "never_ready"),)
    cluster.until_done()
    cluster.apply(replicas=2, image="web:2")
    cluster.go(60 * S)
    cluster.apply(replicas=2, image="web:3")
    cluster.go(120 * S)
    images = {pod.name: pod.fields["image"] for pod in cluster.pods()}
    assert images == {"shop-web-0": "web:1", "shop-web-1": "web:2"}
    broken = cluster.world.containers[cluster.world.names["shop-web-1"]]
    outage.evict(cluster.world, broken)
    cluster.until_done()
    assert {pod.fields["image"] for pod in cluster.pods()} == {"web:3"}

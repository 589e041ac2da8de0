"""Instances that somebody takes away behind the reconciler's back."""

from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from tests.sim.making import Bench, S
from tests.sim.test_cluster import Cluster


def test_a_container_that_is_removed_by_hand_is_gone_and_does_not_come_back_by_itself() -> None:
    bench = Bench()
    first, second = bench.up(0), bench.up(1)
    install(bench.world, [Fault("removed", subject="service/web", at_ns=5 * S, amount=1)])
    bench.go(60 * S)
    assert list(bench.world.containers) == [first.id]
    assert second.name not in bench.world.names


def test_a_pod_that_is_deleted_by_hand_is_replaced_by_its_cluster() -> None:
    cluster = Cluster()
    cluster.apply(replicas=2)
    cluster.until_done()
    before = {pod.id for pod in cluster.pods()}
    install(cluster.world, [Fault("removed", subject="service/web", at_ns=5 * S)])
    cluster.go(60 * S)
    after = {pod.id for pod in cluster.pods()}
    assert len(after) == 2
    assert len(after & before) == 1
    assert all(pod.ready for pod in cluster.pods())

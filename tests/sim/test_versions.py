"""What a cluster's version changes, and in which order its controllers make and end pods."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from reconciler.sim import outage
from reconciler.sim.behaviour import Behaviour
from reconciler.sim.machine import Machine
from reconciler.sim.ranks import first_to_go
from reconciler.sim.site import Site
from reconciler.sim.things import Container
from reconciler.sim.versions import TODAY, parsed, rules_of
from reconciler.spec.scenario_rules import NEWEST, OLDEST
from tests.sim.making import WEB, S
from tests.sim.test_cluster import Cluster
from tests.sim.test_nodes import on_nodes, pods

# -- versions and order -------------------------------------------------------------------------


def test_versions_differ_where_kubernetes_does():
    old, middle, today = rules_of("1.20"), rules_of("v1.23.4"), rules_of("1.34")
    assert (old.node_grace_ns, today.node_grace_ns) == (40 * S, 50 * S)
    assert (old.falls_back, today.falls_back) == (False, True)
    assert [r.readiness_while_ending for r in (old, middle, today)] == [True, False, True]
    with pytest.raises(ValueError, match="not a version"):
        rules_of("today")


@pytest.mark.parametrize(("version", "unready"), [("1.23", False), ("1.34", True)])
def test_readiness_of_an_ending_pod_is_asked_on_by_version(version: str, unready: bool):
    cluster = on_nodes(version=version)
    cluster.world.behaviours["service/web"] = Behaviour(stop_ns=20 * S)
    cluster.apply(replicas=1)
    cluster.until_done()
    (pod,) = pods(cluster)
    outage.evict(cluster.world, pod)
    cluster.go(2 * S)
    assert pod.ready
    cluster.go(4 * S)  # three failures, one a second, and the timeout of the last
    assert pod.ready is not unready


def pod_of(name: str, **more: Any) -> Container:
    fields = {"phase": "running", "ready": True, "ready_since_ns": 0, **more}
    return Container(name, name, WEB, "shop", **fields)


def order(*some: Container, placed: dict[str, str] | None = None, now_s: int = 1000) -> list[str]:
    where = Site({"a": Machine("a"), "b": Machine("b")}, placed=placed or {})
    found = first_to_go(some, [pod.id for pod in some], where, now_s * S, log_scale=True)
    return [pod.name for pod in found]


def test_pods_go_in_kubernetes_order():
    assert order(pod_of("r"), pod_of("p", phase="created", ready=False)) == ["p", "r"]
    assert order(pod_of("ready"), pod_of("not", ready=False)) == ["not", "ready"]
    # The node that has more of them gives one first.
    placed = {"x": "a", "y": "b", "z": "b"}
    assert order(pod_of("x"), pod_of("y"), pod_of("z"), placed=placed)[-1] == "x"
    # Ready more recently, by powers of two: 100 s and 200 s differ, 150 s and 200 s by id.
    young, old = pod_of("2", ready_since_ns=900 * S), pod_of("1", ready_since_ns=800 * S)
    assert order(young, old) == ["2", "1"]
    near = pod_of("3", ready_since_ns=850 * S)
    assert order(near, old) == ["1", "3"]
    exact = [pod.name for pod in first_to_go([old, near], [], None, 1000 * S, log_scale=False)]
    assert exact == ["3", "1"]
    assert order(pod_of("a"), pod_of("b", engine_restarts=2)) == ["b", "a"]


def test_pods_are_made_by_slow_start_one_then_two_then_four():
    cluster = Cluster()
    made: list[int] = []
    cluster.world.listeners.append(
        lambda world, told: made.append(world.now_ns) if told.what == "created" else None
    )
    cluster.apply(replicas=10)
    cluster.until_done()
    assert list(Counter(made).values()) == [1, 2, 4, 3]
    steps = sorted(set(made))
    assert {b - a for a, b in pairwise(steps)} == {cluster.world.latency_ns["apply"]}


def test_what_a_container_did_is_seen_at_the_kubelets_next_look():
    cluster = Cluster()
    cluster.apply(replicas=1)
    cluster.until_done()
    (pod,) = pods(cluster)
    outage.evict(cluster.world, pod)
    gone: list[int] = []
    ended: list[int] = []
    cluster.world.listeners.append(
        lambda world, told: (
            gone.append(world.now_ns)
            if told.what == "removed"
            else ended.append(world.now_ns)
            if told.what == "exited"
            else None
        )
    )
    cluster.go(10 * S)
    assert gone[0] % S == 0
    assert 0 <= gone[0] - ended[0] < S


def test_scenarios_take_the_versions_whose_rules_are_known():
    assert OLDEST <= parsed(TODAY) <= NEWEST
    assert NEWEST[1] - parsed(TODAY)[1] <= 2

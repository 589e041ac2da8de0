"""What limits, registries and externals do to instances."""

from typing import Any

import pytest

from reconciler.model.observed import Scope
from reconciler.model.step import PullImage
from reconciler.sim import memory
from reconciler.sim.behaviour import Behaviour
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.worldfile import decode, encode
from tests.sim.making import LIVENESS, WEB, Bench, S
from tests.sim.test_cluster import Cluster

MI = 2**20


def kafka(does: Any, *, for_s: int = 60, **fields: Any) -> Cluster:
    """One pod that needs Kafka, which goes away 10 s after it is ready."""
    cluster = Cluster()
    cluster.world.behaviours["service/web"] = Behaviour(needs=(("kafka", does),))
    cluster.apply(replicas=1, **fields)
    cluster.until_done()
    install(
        cluster.world, [Fault("external_away", subject="kafka", at_ns=10 * S, for_ns=for_s * S)]
    )
    return cluster


def pod(cluster: Cluster) -> Any:
    (only,) = cluster.target.observe(Scope("shop")).instances
    return only


def test_an_app_that_ends_without_its_external_is_restarted_with_backoff_until_it_is_back():
    cluster = kafka("exit")
    cluster.go(65 * S)
    assert not pod(cluster).ready
    restarts = pod(cluster).engine_restarts
    assert 3 <= restarts <= 4  # at once, then after 10, 20 and 40 s
    cluster.go(90 * S)
    assert pod(cluster).ready
    assert pod(cluster).engine_restarts <= restarts + 1


def test_an_app_that_is_useless_without_it_stays_so_unless_liveness_sees_it():
    blind = kafka("error", readiness__path="/up")
    blind.go(200 * S)
    assert (pod(blind).engine_restarts, pod(blind).ready) == (0, True)
    seen = kafka("error", readiness__path="/up", liveness__path="/healthy", **LIVENESS)
    seen.go(20 * S)
    assert pod(seen).engine_restarts >= 1
    seen.go(180 * S)
    assert (pod(seen).ready, pod(seen).live) == (True, True)


def test_readiness_sees_the_error_state_only_where_it_asks_what_liveness_asks():
    same = kafka("error", readiness__path="/health", liveness__path="/health", **LIVENESS)
    trail: list[str] = []
    same.world.listeners.append(lambda world, told: trail.append(told.what))
    same.go(20 * S)
    assert "unready" in trail
    assert trail.index("error") < trail.index("unready")


def test_an_app_that_is_unready_without_it_is_ready_when_it_is_back_and_keeps_its_process():
    cluster = kafka("unready")
    cluster.go(20 * S)
    assert not pod(cluster).ready
    cluster.go(60 * S)
    assert (pod(cluster).ready, pod(cluster).engine_restarts) == (True, 0)


def test_a_short_absence_is_not_noticed():
    cluster = kafka("unready", for_s=1)
    trail: list[str] = []
    cluster.world.listeners.append(lambda world, told: trail.append(told.what))
    cluster.go(60 * S)
    assert "unready" not in trail
    assert trail.count("external back") == 1


def test_a_pod_that_starts_while_it_is_away_is_not_ready_until_it_is_back():
    cluster = kafka("unready", for_s=120)
    cluster.go(15 * S)
    install(cluster.world, [Fault("crash", subject="service/web")])
    cluster.go(60 * S)
    assert (pod(cluster).phase, pod(cluster).ready) == ("running", False)
    cluster.go(60 * S)
    assert pod(cluster).ready


def test_an_absence_is_kept_in_the_file():
    cluster = kafka("error")
    cluster.go(12 * S)
    back = decode(encode(cluster.world))
    assert back.externals_away == cluster.world.clone().externals_away != {}
    assert encode(back) == encode(cluster.world)


# -- memory and processor ------------------------------------------------------------------------


def test_memory_that_grows_ends_in_a_kill_and_the_kill_comes_again():
    cluster = Cluster()
    cluster.world.behaviours["service/web"] = Behaviour(
        memory_bytes=100 * MI, memory_growth_bytes_per_s=10 * MI
    )
    cluster.apply(replicas=1, resources__memory_limit=200 * MI)
    cluster.until_done()
    container = next(iter(cluster.world.containers.values()))
    cluster.go(5 * S)
    used = memory.used_bytes(cluster.world, container)
    assert 150 * MI < used < 170 * MI
    cluster.go(6 * S)
    assert container.engine_restarts == 1
    cluster.go(12 * S)
    assert container.oom_killed
    assert "out of memory" in container.log[-1]


@pytest.mark.parametrize(
    ("behaviour", "limit", "after_ns"),
    [
        (Behaviour(memory_bytes=5), 4, 0),  # a heap larger than the limit
        (Behaviour(memory_bytes=4, memory_growth_bytes_per_s=2), 8, 2 * S + 1),
        (Behaviour(memory_bytes=4), 8, None),
        (Behaviour(memory_growth_bytes_per_s=2), None, None),
    ],
)
def test_when_growth_reaches_the_limit(behaviour: Behaviour, limit: int | None, after_ns: int):
    assert behaviour.oom_after_ns({"resources.memory_limit": limit}) == after_ns


def test_requests_that_leak_end_it_when_they_are_counted():
    bench = Bench()
    bench.world.behaviours["service/web"] = Behaviour(memory_bytes=10, memory_per_request=2)
    container = bench.up(resources__memory_limit=100)
    assert not memory.strain(bench.world, container, 45)
    assert memory.strain(bench.world, container, 46)
    assert bench.seen(container).oom_killed


def test_use_above_the_limit_takes_so_much_longer():
    assert memory.throttled_permille(400, 500) == 1000
    assert memory.throttled_permille(750, 500) == 1500
    assert memory.throttled_permille(750, None) == 1000


# -- the registry --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("registry_outage", ("retryable", "R428")), ("registry_denied", ("terminal", "R426"))],
)
def test_a_pull_fails_while_the_registry_is_away_or_refuses(kind: Any, outcome: tuple[str, str]):
    bench = Bench()
    install(bench.world, [Fault(kind, for_ns=30 * S)])
    bench.go(S)
    refused = bench.do(PullImage(WEB, "web:1"))
    assert (refused.kind, refused.code) == outcome
    bench.go(30 * S)
    assert bench.do(PullImage(WEB, "web:1")).kind == "done"


def test_a_cluster_pulls_again_with_backoff_and_needs_no_pull_of_what_is_there():
    cluster = Cluster()
    install(cluster.world, [Fault("registry_outage", for_ns=25 * S)])
    cluster.go(S)
    cluster.apply(replicas=1)
    cluster.go(20 * S)
    assert "cannot be pulled" in pod(cluster).message
    cluster.go(15 * S)
    assert pod(cluster).ready  # at 0, 10 and 30 s
    install(cluster.world, [Fault("registry_outage", for_ns=100 * S)])
    cluster.apply(replicas=3)
    cluster.until_done(20 * S)

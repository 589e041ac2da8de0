"""Horizontal autoscaling: Kubernetes' own arithmetic, and the controller over it.

Cases with a name are those of kubernetes ``pkg/controller/podautoscaler``
(`replica_calculator_test.go`, `horizontal_test.go`); the rest follow from its documentation.
"""

from collections.abc import Sequence
from fractions import Fraction

import pytest

from reconciler.model.lifecycle import Autoscale, MetricTarget, Stabilisation
from reconciler.model.resource import ResourceKey
from reconciler.sim import autoscaler, clock, scaling
from reconciler.sim.scaling import Pod, Scaler, by_average, by_resource, counting
from reconciler.sim.site import Site
from reconciler.sim.things import Container
from reconciler.sim.worldfile import decode, encode
from tests.sim.making import WEB, S
from tests.sim.test_cluster import Cluster

LONG_AGO = -3600 * S


def pods(usages: Sequence[int | None], requests: Sequence[int], **more: object) -> list[Pod]:
    """Pods that have been ready for an hour."""
    return [
        Pod(f"p{n}", usage=usage, request=request, started_ns=LONG_AGO, changed_ns=LONG_AGO, **more)  # type: ignore[arg-type]
        for n, (usage, request) in enumerate(zip(usages, requests, strict=True))
    ]


def cpu(seen: Sequence[Pod], target: int, replicas: int = 0) -> int | None:
    return by_resource(seen, target, replicas or len(seen), 0, cpu=True)


# -- the calculator ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usages", "requests", "target", "wanted"),
    [
        # TestReplicaCalcScaleUp: 30 % wanted, 300, 500 and 700 of 1000 used.
        ([300, 500, 700], [1000, 1000, 1000], 30, 5),
        # TestReplicaCalcScaleDown
        ([100, 300, 500, 250, 250], [1000] * 5, 50, 3),
        # TestReplicaCalcTolerance: 1010 of 1000 at 100 %.
        ([1010, 1030, 1020], [900, 1000, 1100], 100, 3),
        # The documentation's example: 200m where 100m is wanted doubles, 50m halves.
        ([200], [100], 100, 2),
        ([50, 50], [100, 100], 100, 1),
    ],
)
def test_replicas_follow_usage_over_request(
    usages: list[int], requests: list[int], target: int, wanted: int
):
    assert cpu(pods(usages, requests), target) == wanted


@pytest.mark.parametrize(("used", "wanted"), [(90, 10), (110, 10), (89, 9), (111, 12), (100, 10)])
def test_within_a_tenth_of_the_target_nothing_is_changed(used: int, wanted: int):
    assert cpu(pods([used] * 10, [100] * 10), 100) == wanted


def test_use_counts_in_whole_percent_as_kubernetes_counts_it():
    # 110.9 % is 110 %, which is within the tolerance.
    assert cpu(pods([1109] * 10, [1000] * 10), 100) == 10


def test_missing_pods_use_nothing_on_the_way_up():
    assert cpu(pods([None, 500, 700], [1000] * 3), 30) == 4  # 40 % of three: 4/3 · 3


def test_missing_pods_use_all_of_their_request_on_the_way_down():
    # TestReplicaCalcMissingMetrics: 24 % of those that are known, 62 % with the others.
    assert cpu(pods([400, 95, None, None], [1000] * 4), 100) == 3
    # TestReplicaCalcMissingMetricsNoChangeEq
    assert cpu(pods([1000, None], [1000, 1000]), 100) == 2


def unready(usage: int) -> Pod:
    return Pod("young", usage=usage, request=1000, ready=False, started_ns=-60 * S, changed_ns=0)


def test_the_direction_must_not_flip_for_what_is_not_known():
    # TestReplicaCalcMissingMetricsUnreadyChange
    assert cpu([unready(100), *pods([450, None], [1000] * 2)], 50) == 3
    # TestReplicaCalcMissingMetricsUnreadyScaleUp, …ScaleDown
    assert cpu([unready(100), *pods([2000, None], [1000] * 2)], 50) == 4
    assert cpu([unready(100), *pods([100, 100, None], [1000] * 3)], 50) == 3


def test_missing_pods_use_the_target_where_that_is_above_their_request():
    assert cpu(pods([100, None], [100, 100]), 200) == 2  # (100 + 200) of 200 is 150 %: 0.75 · 2


def test_unready_pods_count_nothing_on_the_way_up_and_are_left_out_on_the_way_down():
    # TestReplicaCalcScaleUpUnreadyLessScale: (500 + 700) of 3000 is 40 %.
    assert cpu([unready(300), *pods([500, 700], [1000, 1000])], 30) == 4
    assert cpu([unready(900), *pods([100, 100, 100], [1000] * 3)], 50) == 1


def test_failed_and_deleted_pods_are_ignored():
    gone = [
        Pod("failed", "failed", usage=900, request=1000, started_ns=LONG_AGO),
        Pod("deleted", deleted=True, usage=900, request=1000, started_ns=LONG_AGO),
    ]
    assert cpu([*gone, *pods([500, 700], [1000, 1000])], 30, 2) == 4


def test_nothing_is_known_without_samples_or_without_requests():
    assert cpu(pods([None, None], [100, 100]), 50) is None
    assert cpu(pods([100], [0]), 50) is None
    assert cpu([], 50, 1) is None


@pytest.mark.parametrize(
    ("pod", "how"),
    [
        (Pod("p", usage=1, started_ns=-400 * S, changed_ns=-390 * S), "ready"),
        # Younger than 5 min: not ready, or without a whole window since it became so.
        (Pod("p", usage=1, started_ns=-100 * S, ready=False, changed_ns=-50 * S), "unready"),
        (Pod("p", usage=1, started_ns=-100 * S, changed_ns=-10 * S), "unready"),
        (Pod("p", usage=1, started_ns=-100 * S, changed_ns=-15 * S), "ready"),
        # Older: only when it never was ready.
        (Pod("p", usage=1, started_ns=-400 * S, ready=False, changed_ns=-395 * S), "unready"),
        (Pod("p", usage=1, started_ns=-400 * S, ready=False, changed_ns=-60 * S), "ready"),
        (Pod("p", "pending"), "unready"),
        (Pod("p", usage=None), "missing"),
        (Pod("p", deleted=True, usage=1), "ignored"),
    ],
)
def test_how_a_pod_counts_for_cpu(pod: Pod, how: str):
    assert counting(pod, 0, cpu=True) == how


def test_for_memory_an_unready_pod_counts_as_any_other():
    pod = Pod("p", usage=1, started_ns=-100 * S, ready=False)
    assert counting(pod, 0, cpu=False) == "ready"


def test_a_number_of_the_service_is_shared_out():
    assert by_average(500_000, 50_000, 2) == 10  # 500 queued, 50 each
    assert by_average(104_000, 50_000, 2) == 2  # within a tenth
    assert by_average(0, 50_000, 3) == 0
    assert by_average(None, 50_000, 2) is None


def test_of_several_metrics_the_most_wins_and_none_goes_down_while_one_is_unknown():
    assert scaling.most_of([3, 7, 5], 4) == 7
    assert scaling.most_of([None, 7], 4) == 7
    assert scaling.most_of([None, 2], 4) is None
    assert scaling.most_of([None], 4) is None


# -- decisions over time -----------------------------------------------------------------------


def decide(scaler: Scaler, wishes: list[int], replicas: int) -> list[int]:
    """One wish every 15 s."""
    made = []
    for number, wish in enumerate(wishes):
        replicas = scaler.decide(wish, replicas, number * scaling.SYNC_NS)
        made.append(replicas)
    return made


def test_up_at_most_doubles_or_adds_four_in_one_period():
    assert decide(Scaler(1, 100), [50, 50, 50, 50, 50], 1) == [5, 10, 20, 40, 50]


def test_down_goes_to_the_most_that_was_wished_for_within_five_minutes():
    made = decide(Scaler(1, 100), [10, *[4] * 25], 10)
    assert made[:20] == [10] * 20
    assert made[20:22] == [4, 4]  # 300 s after the last wish for ten


def test_the_first_look_counts_as_a_wish_for_what_is_there():
    made = decide(Scaler(1, 100), [2] * 22, 8)
    assert made.index(2) == 20


def test_up_waits_for_its_own_window_when_it_has_one():
    made = decide(Scaler(1, 100, up_ns=60 * S), [6] * 6, 3)
    assert made == [3, 3, 3, 3, 6, 6]


def test_replicas_outside_of_the_bounds_come_back_at_once():
    scaler = Scaler(2, 5)
    assert scaler.decide(None, 9, 0) == 5
    assert scaler.decide(None, 1, 15 * S) == 2
    assert scaler.decide(50, 5, 30 * S) == 5


def test_without_a_wish_nothing_is_changed():
    assert Scaler(1, 9).decide(None, 4, 0) == 4


def test_within_is_exact_at_its_edges():
    assert scaling.within(Fraction(11, 10))
    assert not scaling.within(Fraction(1100001, 1000000))


# -- the controller ------------------------------------------------------------------------------


class Load:
    """Usage that a test sets: all pods alike."""

    def __init__(self) -> None:
        self.cpu: int | None = None
        self.memory: int | None = None
        self.queue: float | None = None

    def cpu_m(self, container: Container) -> int | None:
        return self.cpu

    def memory_bytes(self, container: Container) -> int | None:
        return self.memory

    def metric(self, service: ResourceKey, name: str) -> float | None:
        return self.queue if (service, name) == (WEB, "queued") else None


def scaled(cluster: Cluster, load: Load, **bounds: object) -> None:
    cluster.world.site = Site(requests={"service/web": (250, 512 * 2**20)})
    cluster.world.usage = load
    cluster.apply(replicas=2)
    autoscale = Autoscale(min=2, max=10, **bounds)  # type: ignore[arg-type]
    autoscaler.install(cluster.world, "shop", WEB, autoscale)


def alive(cluster: Cluster) -> int:
    return sum(not pod.terminating for pod in cluster.world.containers.values())


def test_pods_are_added_under_load_and_go_five_minutes_after_it(cluster: Cluster):
    load = Load()
    scaled(cluster, load, cpu=70)
    load.cpu = 350  # 140 % of 250m: twice the target
    cluster.go(40 * S)
    assert alive(cluster) == 4
    load.cpu = 175
    cluster.go(60 * S)
    assert alive(cluster) == 4
    load.cpu = 60
    cluster.go(290 * S)
    assert alive(cluster) == 4
    cluster.go(60 * S)
    assert alive(cluster) == 2


def test_a_queue_scales_by_its_depth(cluster: Cluster):
    load = Load()
    scaled(cluster, load, metrics=(MetricTarget(name="queued", average=50.0),))
    load.queue = 400.0
    cluster.go(60 * S)
    assert alive(cluster) == 8
    load.queue = 4000.0
    cluster.go(60 * S)
    assert alive(cluster) == 10  # the maximum


def test_what_the_autoscaler_has_set_an_apply_of_the_same_does_not_undo(cluster: Cluster):
    load = Load()
    scaled(cluster, load, memory=50, stabilisation=Stabilisation(down=0))
    load.memory = 512 * 2**20
    cluster.go(60 * S)
    assert alive(cluster) > 2
    before = alive(cluster)
    cluster.apply(replicas=2)
    load.memory = 256 * 2**20
    cluster.go(30 * S)
    assert alive(cluster) == before
    assert cluster.seen().fields["replicas"] == 2


def test_what_an_autoscaler_remembers_is_kept_in_the_file(cluster: Cluster):
    load = Load()
    scaled(cluster, load, cpu=70, metrics=(MetricTarget(name="queued", average=0.5),))
    load.cpu = 350
    cluster.go(70 * S)
    world = cluster.world
    back = decode(encode(world))
    back.usage = load
    assert back.site == world.site
    assert encode(back) == encode(world)
    for each in (world.clone(), back):
        each.usage = load
        assert each.site == world.site
        clock.run_until(each, world.now_ns + 60 * S)
    assert world.site is not None
    assert world.site.scalers["shop service/web"].wishes


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()

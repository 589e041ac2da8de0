"""Kubernetes' arithmetic of horizontal autoscaling. Pure, and in integers alone.

Source: kubernetes ``pkg/controller/podautoscaler/{replica_calculator,horizontal}.go`` and
``metrics/utilization.go``. Ratios are fractions, so that the bounds of the tolerance are
exact: at 1.1 times the target nothing is changed, a little above it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

from reconciler.model.lifecycle import Autoscale
from reconciler.model.units import NS_PER_S

SYNC_NS = 15 * NS_PER_S
WINDOW_NS = 15 * NS_PER_S  # what a sample of usage is taken over
CPU_INITIALISATION_NS = 300 * NS_PER_S
INITIAL_READINESS_NS = 30 * NS_PER_S
TOLERANCE = Fraction(1, 10)
RATE_PERIOD_NS = 15 * NS_PER_S
UP_PODS, UP_PERCENT = 4, 100  # the more of the two, in one period
DOWN_PERCENT = 100

Counting = Literal["ready", "unready", "missing", "ignored"]


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod as the autoscaler sees it. Usage and request in one unit; None: no sample.

    `sample_ns` is when the sample was taken, `changed_ns` when readiness last changed.
    """

    name: str
    phase: Literal["pending", "running", "failed"] = "running"
    deleted: bool = False
    ready: bool = True
    started_ns: int | None = 0
    changed_ns: int = 0
    sample_ns: int = 0
    usage: int | None = None
    request: int = 0


def counting(pod: Pod, now_ns: int, *, cpu: bool) -> Counting:
    """How a pod counts: ``groupPods``.

    Of CPU, the sample of a pod younger than 5 min counts only when it is ready and a whole
    window lies after its last change of readiness; that of an older one unless it never was
    ready.
    """
    if pod.deleted or pod.phase == "failed":
        return "ignored"
    if pod.phase == "pending":
        return "unready"
    if pod.usage is None:
        return "missing"
    if cpu and _cpu_unready(pod, now_ns):
        return "unready"
    return "ready"


def _cpu_unready(pod: Pod, now_ns: int) -> bool:
    if pod.started_ns is None:
        return True
    if pod.started_ns + CPU_INITIALISATION_NS > now_ns:
        return not pod.ready or pod.sample_ns < pod.changed_ns + WINDOW_NS
    return not pod.ready and pod.started_ns + INITIAL_READINESS_NS > pod.changed_ns


def within(ratio: Fraction) -> bool:
    """Whether it is so near to the target that nothing is changed: from 0.9 to 1.1."""
    return 1 - TOLERANCE <= ratio <= 1 + TOLERANCE


def by_resource(
    pods: Sequence[Pod], target_percent: int, replicas: int, now_ns: int, *, cpu: bool
) -> int | None:
    """Replicas that usage of a resource asks for: ``GetResourceReplicas``; None: not known."""
    groups = {pod.name: counting(pod, now_ns, cpu=cpu) for pod in pods}
    of: dict[Counting, list[Pod]] = {"ready": [], "unready": [], "missing": [], "ignored": []}
    for pod in pods:
        of[groups[pod.name]].append(pod)
    counted = [(pod.usage or 0, pod.request) for pod in of["ready"]]
    ratio = _utilisation_ratio(counted, target_percent)
    if ratio is None or not all(pod.request for pod in pods if groups[pod.name] != "ignored"):
        return None
    up_with_unready = bool(of["unready"]) and ratio > 1
    if not up_with_unready and not of["missing"]:
        return replicas if within(ratio) else _ceil(ratio * len(of["ready"]))
    if ratio < 1:
        # As if it used all of its request, or of the target where that is more.
        percent = max(100, target_percent)
        counted += [(pod.request * percent // 100, pod.request) for pod in of["missing"]]
    elif ratio > 1:
        counted += [(0, pod.request) for pod in of["missing"]]
    if up_with_unready:
        counted += [(0, pod.request) for pod in of["unready"]]
    again = _utilisation_ratio(counted, target_percent)
    assert again is not None
    if within(again) or (ratio < 1 < again) or (again < 1 < ratio):
        return replicas
    wanted = _ceil(again * len(counted))
    turned = (again < 1 and wanted > replicas) or (again > 1 and wanted < replicas)
    return replicas if turned else wanted


def _utilisation_ratio(counted: Sequence[tuple[int, int]], target_percent: int) -> Fraction | None:
    """Use of what was requested, in whole percent as Kubernetes counts it, over the target."""
    requests = sum(request for _, request in counted)
    if not counted or not requests:
        return None
    return Fraction(sum(usage for usage, _ in counted) * 100 // requests, target_percent)


def by_average(total_m: int | None, average_m: int, replicas: int) -> int | None:
    """Replicas that a number of the whole service asks for, so much for each of them.

    ``GetExternalPerPodMetricReplicas``, in thousandths; None where the number is not known.
    """
    if total_m is None or average_m <= 0:
        return None
    if replicas and within(Fraction(total_m, average_m * replicas)):
        return replicas
    return -(-total_m // average_m)


def most_of(wishes: Sequence[int | None], replicas: int) -> int | None:
    """What several metrics come to: the most; none goes down while one of them is unknown."""
    known = [wish for wish in wishes if wish is not None]
    if not known:
        return None
    most = max(known)
    return None if len(known) < len(wishes) and most < replicas else most


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


@dataclass(slots=True)
class Scaler:
    """An autoscaler and what it remembers: wishes (when, how many), and changes it made.

    Amounts are as `reconciler.model.lifecycle.Autoscale` has them; metrics are (name, average
    in thousandths). `scaled` are (when, change), positive on the way up.
    """

    least: int
    most: int
    cpu: int | None = None
    memory: int | None = None
    metrics: tuple[tuple[str, int], ...] = ()
    up_ns: int = 0
    down_ns: int = 300 * NS_PER_S
    wishes: list[tuple[int, int]] = field(default_factory=list)
    scaled: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def of(cls, autoscale: Autoscale) -> "Scaler":
        """The autoscaler that a service asks for."""
        metrics = tuple((each.name, round(each.average * 1000)) for each in autoscale.metrics)
        return cls(
            autoscale.min, autoscale.max, autoscale.cpu, autoscale.memory, metrics,
            autoscale.stabilisation.up, autoscale.stabilisation.down,
        )  # fmt: skip

    def clone(self) -> "Scaler":
        """A copy of its own."""
        return replace(self, wishes=list(self.wishes), scaled=list(self.scaled))

    @classmethod
    def decoded(cls, data: Mapping[str, Any]) -> "Scaler":
        """The autoscaler that a world's file tells of."""
        pairs = {name: [(a, b) for a, b in data[name]] for name in ("metrics", "wishes", "scaled")}
        return cls(**{**data, **pairs, "metrics": tuple(pairs["metrics"])})

    def decide(self, wish: int | None, replicas: int, now_ns: int) -> int:
        """How many replicas there shall be, by the wish of this moment; it is remembered.

        Stabilised, then bounded by what a period may add or take, and by least and most.
        Outside of the bounds the metrics are not asked.
        """
        if not self.wishes:
            self.wishes.append((now_ns, replicas))
        if replicas > self.most:
            return self._moved(self.most, replicas, now_ns)
        if replicas < self.least:
            return self._moved(self.least, replicas, now_ns)
        if wish is None:
            return replicas
        wanted = self._rated(self._stabilised(wish, replicas, now_ns), replicas, now_ns)
        return self._moved(max(self.least, min(self.most, wanted)), replicas, now_ns)

    def _stabilised(self, wish: int, replicas: int, now_ns: int) -> int:
        """Up to the least, down to the most that was wished for within each window."""
        up = min([wish, *(w for at, w in self.wishes if at > now_ns - self.up_ns)])
        down = max([wish, *(w for at, w in self.wishes if at > now_ns - self.down_ns)])
        longest = max(self.up_ns, self.down_ns)
        self.wishes = [(at, w) for at, w in self.wishes if at > now_ns - longest]
        self.wishes.append((now_ns, wish))
        return min(max(replicas, up), down)

    def _rated(self, wanted: int, replicas: int, now_ns: int) -> int:
        """At most +4 or +100 % in 15 s, whichever is more; down as far as one likes."""
        self.scaled = [(at, by) for at, by in self.scaled if at > now_ns - RATE_PERIOD_NS]
        began = replicas - sum(by for _, by in self.scaled)
        if wanted > replicas:
            most = max(began + UP_PODS, began + -(-began * UP_PERCENT // 100))
            return min(wanted, max(most, replicas))
        return max(wanted, began * (100 - DOWN_PERCENT) // 100)

    def _moved(self, wanted: int, replicas: int, now_ns: int) -> int:
        if wanted != replicas:
            self.scaled.append((now_ns, wanted - replicas))
        return wanted

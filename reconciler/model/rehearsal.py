"""What came of a scenario: one run by seed, and the report over all of them. Times are ns.

Every time in a run counts from its beginning. Frozen plain data: runs travel between
processes and into JSON as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.model.diagnostic import Position

Origin = Literal["measured", "given", "assumed"]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why requests or sessions were dropped, and what is to blame.

    `code` is one of R62x to R65x; `path` and `position` name the field, where one is to blame.
    `requests` and `sessions` count what was dropped for it, `moved` sessions that changed their
    instance. All are 0 where it explains a check that is missed by something else.
    `first_ns` is when it first showed, None where that is not known.
    """

    code: str
    service: str
    text: str
    fix: str = ""
    requests: int = 0
    sessions: int = 0
    path: str = ""
    position: Position | None = None
    first_ns: int | None = None
    instances: tuple[str, ...] = ()
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """A part of an instance's life in one state, for the timeline."""

    service: str
    instance: str
    revision: str
    state: Literal["waiting", "starting", "ready", "unready", "draining", "down"]
    from_ns: int
    to_ns: int
    node: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that a reader of the timeline wants to know of: a step, a fault, a verdict."""

    at_ns: int
    kind: Literal["change", "fault", "rollout", "drop", "verdict", "scale"]
    text: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """What happened to a service's traffic from `at_ns` on, until the next slice."""

    at_ns: int
    ready: int
    served: int
    dropped: int
    sessions: int  # open at its end
    sessions_cut: int


@dataclass(frozen=True, slots=True)
class ServiceRun:
    """One service's numbers in one run.

    `dropped` by reason: ``refused`` ``unready`` ``no_server`` ``cut`` ``timeout`` ``limited``
    ``full`` ``error``. Arrivals = served + dropped + in flight at the end. `floor` is what the
    rollout promises at least, of the stack that is wanted last; `floors` which was in force
    from when on (none before the first), `tightest` the ready and the floor when they were the
    closest. Peaks are of one instance, in percent of its limit.
    """

    service: str
    arrivals: int = 0
    served: int = 0
    retried: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    in_flight: int = 0
    sessions_begun: int = 0
    sessions_ended: int = 0
    sessions_cut: int = 0
    sessions_moved: int = 0
    sessions_open: int = 0
    latency_ns: Mapping[str, int] = field(default_factory=dict)  # p50 p90 p99 p999 max
    wanted: int = 0
    floor: int = 0
    least_ready: int = 0
    most_instances: int = 0
    replicas_last: int = 0
    restarts: int = 0
    cpu_peak_percent: int = 0
    memory_peak_percent: int = 0
    queue_peak: int = 0
    slices: tuple[Slice, ...] = ()
    floors: tuple[tuple[int, int], ...] | None = None  # None: `floor` all the time
    tightest: tuple[int, int] | None = None
    sessions_remapped: int = 0  # of those that moved: as what tied them was changed

    @property
    def floor_steps(self) -> tuple[tuple[int, int], ...]:
        """From when on which floor was in force."""
        return ((0, self.floor),) if self.floors is None else self.floors

    @property
    def closest(self) -> tuple[int, int]:
        """The ready and the floor that was in force, when they were the closest."""
        return self.tightest or (self.least_ready, self.floor)

    @property
    def dropped_total(self) -> int:
        """Requests that were not answered as they should."""
        return sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of a scenario in one run: what was said, what came of it.

    `beyond`: how far on the wrong side of its bound the value is, in the check's own unit, less
    than 0 on the right one. It orders the runs of one check.
    """

    text: str
    holds: bool
    value: str
    beyond: float = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One seed's run.

    `converged_ns`: the longest that it took until all was as wanted, after the last change or
    after something ceased to be; None: not all is as wanted at the end.
    """

    seed: int
    digest: str
    verdict: str
    lasted_ns: int
    changed_ns: int
    converged_ns: int | None
    services: tuple[ServiceRun, ...] = ()
    causes: tuple[Cause, ...] = ()
    spans: tuple[Span, ...] = ()
    moments: tuple[Moment, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    violations: tuple[str, ...] = ()
    budgets: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # name → used, limit
    events: int = 0
    plan: tuple[str, ...] = ()  # what the first change was shown to do
    idle: tuple[str, ...] = ()  # faults that never struck

    @property
    def dropped_total(self) -> int:
        """Requests that were dropped, of all services."""
        return sum(service.dropped_total for service in self.services)

    @property
    def sessions_cut(self) -> int:
        """Connections that were cut, of all services."""
        return sum(service.sessions_cut for service in self.services)

    @property
    def holds(self) -> bool:
        """Whether every check holds, and nothing that must never happen did."""
        return all(check.holds for check in self.checks) and not self.violations


@dataclass(frozen=True, slots=True)
class Assumption:
    """One value of the model's, and where it comes from."""

    what: str
    value: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Figure:
    """One number over all seeds: quantiles, and the mean with its 95 % confidence interval.

    `by_seed` holds the values themselves, so that two reports can be compared seed by seed.
    """

    name: str
    unit: str
    least: float
    median: float
    p90: float
    most: float
    mean: float
    low: float
    high: float
    by_seed: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """A rehearsal: what was rehearsed, and what came of it over all seeds.

    `edges` are the graph's, as (from, to, condition). `replay` runs the worst seed again.
    `faults`: those without which that run would not fail as it does, empty where it fails
    without any; None where it holds, or nothing goes wrong in it.
    """

    title: str
    plan: tuple[str, ...]
    runs: tuple[Run, ...]
    figures: tuple[Figure, ...]
    causes: tuple[Cause, ...]
    assumptions: tuple[Assumption, ...]
    nodes: tuple[str, ...] = ()
    edges: tuple[tuple[str, str, str], ...] = ()
    worst_seed: int = 0
    replay: str = ""
    faults: tuple[str, ...] | None = None

    @property
    def holds(self) -> bool:
        """Whether every check holds in every run."""
        return all(run.holds for run in self.runs)

    @property
    def idle(self) -> tuple[str, ...]:
        """The faults that struck in no run."""
        first = self.runs[0].idle if self.runs else ()
        return tuple(text for text in first if all(text in run.idle for run in self.runs))

    @property
    def worst(self) -> Run:
        """The run of the worst seed."""
        return next(run for run in self.runs if run.seed == self.worst_seed)

"""The figures of a report over many seeds, and which run is the worst."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from reconciler.model.rehearsal import Figure, Run, ServiceRun
from reconciler.model.statistics import figure


def figures_of(runs: Sequence[Run]) -> tuple[Figure, ...]:
    """What a report tells of all runs: what was dropped, how long it took, and what was left."""
    made = [
        figure("requests dropped", "", {r.seed: r.dropped_total for r in runs}, 0),
        figure("sessions cut", "", {r.seed: r.sessions_cut for r in runs}, 0),
        figure("sessions moved", "", {r.seed: _moved(r) for r in runs}, 0),
    ]
    lasted = {r.seed: r.converged_ns / 1e9 for r in runs if r.converged_ns is not None}
    if lasted:
        made.append(figure("time to convergence", "s", lasted, 0))
    names = sorted({service.service for run in runs for service in run.services})
    loaded = {s.service for run in runs for s in run.services if s.arrivals or s.sessions_begun}
    for name in names:
        made.extend(_of_service(runs, name, losses=len(loaded) > 1))
    made.extend(_of_budgets(runs))
    return tuple(made)


def _of_budgets(runs: Sequence[Run]) -> Iterator[Figure]:
    """The most that was used of each budget, in percent of its limit."""
    for name in sorted({name for run in runs for name in run.budgets}):
        shares = {
            run.seed: 100 * run.budgets[name][0] / run.budgets[name][1]
            for run in runs
            if run.budgets.get(name, (0, 0))[1]
        }
        if shares:
            yield figure(f"budget {name}", "%", shares, 0)


def _of_service(runs: Sequence[Run], name: str, *, losses: bool) -> list[Figure]:
    """One service's numbers; with `losses`, what it dropped by itself, as far as it did."""
    services = {run.seed: s for run in runs for s in run.services if s.service == name}
    made = [
        figure(f"{name}: least ready", "", _each(services, lambda s: s.least_ready), 0),
        figure(f"{name}: most instances", "", _each(services, lambda s: s.most_instances), 0),
    ]
    loaded = {seed: s for seed, s in services.items() if s.arrivals}
    for quantile_name in ("p50", "p99"):
        values = {
            seed: s.latency_ns[quantile_name] / 1e6
            for seed, s in loaded.items()
            if quantile_name in s.latency_ns
        }
        if values:
            made.append(figure(f"{name}: {quantile_name}", "ms", values, 0))
    peaks: list[tuple[str, str, Callable[[ServiceRun], int]]] = [
        ("cpu peak", "%", lambda s: s.cpu_peak_percent),
        ("memory peak", "%", lambda s: s.memory_peak_percent),
        ("queue peak", "", lambda s: s.queue_peak),
        ("restarts", "", lambda s: s.restarts),
    ]
    if losses:
        peaks[:0] = [
            ("requests dropped", "", lambda s: s.dropped_total),
            ("sessions cut", "", lambda s: s.sessions_cut),
        ]
    for what, unit, value_of in peaks:
        values = _each(services, value_of)
        if any(values.values()):
            made.append(figure(f"{name}: {what}", unit, values, 0))
    return made


def worst_of(runs: Sequence[Run]) -> Run:
    """The run to look at first: most checks missed, then most dropped, then the longest."""
    return max(
        runs,
        key=lambda run: (
            sum(not check.holds for check in run.checks) + len(run.violations),
            run.dropped_total + run.sessions_cut,
            run.converged_ns if run.converged_ns is not None else 1 << 62,
            -run.seed,
        ),
    )


def _each(
    services: Mapping[int, ServiceRun], value_of: Callable[[ServiceRun], int]
) -> dict[int, float]:
    return {seed: value_of(service) for seed, service in services.items()}


def _moved(run: Run) -> int:
    return sum(service.sessions_moved for service in run.services)

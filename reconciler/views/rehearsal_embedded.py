"""What the page's charts are drawn from: a few runs of a report, times in ms."""

from collections.abc import Sequence
from typing import Any

from reconciler.model.rehearsal import Moment, Report, Run, ServiceRun
from reconciler.views.rehearsal_runs import (
    chosen,
    numbers,
    ready_steps,
    rows_of,
    window,
)

MOST_RUNS = 9
MOST_ITEMS = 30_000  # spans, slices and moments, of all runs together: about a megabyte
MOST_MOMENTS = 1_000  # of a run
STATES = ("waiting", "starting", "ready", "unready", "draining", "down")
_MS = 1_000_000


def embedded(reports: Sequence[Report]) -> dict[str, Any]:
    """The runs that the page can show, and the choice among them; the same of two reports."""
    picked = _picked(reports)
    return {
        "seeds": [[run.seed, text] for run, text in picked],
        "reports": [
            {"runs": [_run(_of_seed(report, run.seed)) for run, _ in picked]} for report in reports
        ],
    }


def left_out(reports: Sequence[Report]) -> str:
    """What the page does not show; nothing where it shows all."""
    shown, there = len(_picked(reports)), len(reports[0].runs)
    if shown == there:
        return ""
    return (
        f"{shown} of {there} runs are in this page: the worst, the median, the best and some "
        "between. Any other is shown by the replay command with its seed."
    )


def _picked(reports: Sequence[Report]) -> list[tuple[Run, str]]:
    """Runs of the first report that all others have too, with what the choice says of each."""
    most = MOST_RUNS
    items = sum(_items(run) for report in reports for run in report.runs)
    each = items // max(sum(len(report.runs) for report in reports), 1)
    if each:
        most = max(3, min(MOST_RUNS, MOST_ITEMS // (each * len(reports))))
    seeds = [{run.seed for run in report.runs} for report in reports]
    both = set.intersection(*seeds)
    found = [(run, name) for run, name in chosen(reports[0], most) if run.seed in both]
    return [(run, _text(run, name)) for run, name in found or chosen(reports[0], 1 + 2)[:1]]


def _items(run: Run) -> int:
    slices = sum(len(service.slices) for service in run.services)
    return len(run.spans) + slices + min(len(run.moments), MOST_MOMENTS)


def _of_seed(report: Report, seed: int) -> Run:
    return next((run for run in report.runs if run.seed == seed), report.worst)


def _text(run: Run, name: str) -> str:
    lost = f"{run.dropped_total:,} dropped, {run.sessions_cut:,} cut"
    return f"seed {run.seed}{f' ({name})' if name else ''}: {lost}, {run.verdict}"


def _run(run: Run) -> dict[str, Any]:
    return {
        "seed": run.seed,
        "lasted": run.lasted_ns // _MS,
        "window": [at_ns // _MS for at_ns in window(run)],
        "moments": [[m.at_ns // _MS, m.kind, m.text, m.service] for m in _moments(run)],
        "services": [_service(run, service) for service in run.services],
    }


def _moments(run: Run) -> Sequence[Moment]:
    """All of them, or changes, verdicts and the first of the others, in their order."""
    if len(run.moments) <= MOST_MOMENTS:
        return run.moments
    order = sorted(run.moments, key=lambda each: each.kind not in ("change", "verdict"))
    return sorted(order[:MOST_MOMENTS], key=lambda each: each.at_ns)


def _service(run: Run, service: ServiceRun) -> dict[str, Any]:
    instances = [
        [
            name, spans[0].revision, spans[0].node,
            [[STATES.index(s.state), s.from_ns // _MS, s.to_ns // _MS] for s in spans],
        ]
        for name, spans in rows_of(run, service.service).items()
    ]  # fmt: skip
    return {
        "name": service.service, "note": numbers(service),
        "wanted": service.wanted,
        "floors": [[at_ns // _MS, floor] for at_ns, floor in service.floor_steps],
        "instances": instances,
        "ready": [[at_ns // _MS, count] for at_ns, count in ready_steps(run, service)],
        "slices": [
            [s.at_ns // _MS, s.served, s.dropped, s.sessions, s.sessions_cut]
            for s in service.slices
        ],
    }  # fmt: skip

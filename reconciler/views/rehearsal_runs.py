"""The runs of a report: which to look at, when something happens in one, and to what."""

import re

from reconciler.model.rehearsal import Report, Run, ServiceRun, Span
from reconciler.model.units import NS_PER_S


def failures(run: Run) -> int:
    """Checks that fail, and things that must never happen and did."""
    return sum(not check.holds for check in run.checks) + len(run.violations)


def ranked(report: Report) -> list[Run]:
    """All runs, the worst first: it is the report's own, then most failures, most dropped."""

    def badness(run: Run) -> tuple[bool, int, int, int, int]:
        late = run.converged_ns if run.converged_ns is not None else 1 << 62
        lost = run.dropped_total + run.sessions_cut
        return run.seed == report.worst_seed, failures(run), lost, late, -run.seed

    return sorted(report.runs, key=badness, reverse=True)


def chosen(report: Report, most: int) -> list[tuple[Run, str]]:
    """At most `most` runs (3 or more): worst, median, best, and between; with what each is."""
    runs = ranked(report)
    last = len(runs) - 1
    names = {last // 2: "median", last: "best", 0: "worst"}
    places = range(len(runs))
    if len(runs) > most:
        picked = {round(last * step / (most - 1)) for step in range(most)}
        # The median takes the place of its neighbour, where it is none of them itself.
        picked.discard(min(picked - {0, last}, key=lambda place: abs(place - last // 2)))
        places = sorted(picked | {last // 2})  # type: ignore[assignment]
    return [(runs[place], names.get(place, "")) for place in places]


def window(run: Run) -> tuple[int, int]:
    """From shortly before the first thing that happens to shortly after the last, in ns."""
    times = [moment.at_ns for moment in run.moments]
    times += [span.from_ns for span in run.spans if span.from_ns > 0]
    for service in run.services:
        times += [each.at_ns for each in service.slices if each.dropped or each.sessions_cut]
    if not times:
        return 0, run.lasted_ns
    first, last = min(times), max(times)
    margin = max((last - first) // 12, 2 * NS_PER_S)
    return max(first - margin, 0), min(max(last + margin, first + margin), run.lasted_ns)


def ready_steps(run: Run, service: ServiceRun) -> list[tuple[int, int]]:
    """When how many instances are ready, from each time on to the next."""
    changes: dict[int, int] = {0: 0}
    for span in run.spans:
        if span.service == service.service and span.state == "ready":
            changes[span.from_ns] = changes.get(span.from_ns, 0) + 1
            changes[span.to_ns] = changes.get(span.to_ns, 0) - 1
    if len(changes) == 1:
        return [(each.at_ns, each.ready) for each in service.slices]
    steps, count = [], 0
    for at_ns in sorted(changes):
        count += changes[at_ns]
        if at_ns < run.lasted_ns:
            steps.append((at_ns, count))
    return steps


def rows_of(run: Run, service: str) -> dict[str, list[Span]]:
    """The life of each instance of a service: the older first, ordinal 2 before ordinal 10."""
    rows: dict[str, list[Span]] = {}
    for span in sorted((s for s in run.spans if s.service == service), key=_order):
        rows.setdefault(span.instance, []).append(span)
    return rows


def _order(span: Span) -> tuple[int, list[tuple[int, str]]]:
    words = re.split(r"(\d+)", span.instance)
    return span.from_ns, [(int(w), "") if w.isdecimal() else (-1, w) for w in words]


def numbers(service: ServiceRun) -> str:
    """``3 wanted, floor 3; 31 of 60,112 requests dropped, 11 of 51 sessions cut``."""
    texts = [f"{service.wanted} wanted" + f", floor {service.floor}" * (service.floor > 0)]
    if service.arrivals:
        texts.append(f"{service.dropped_total:,} of {service.arrivals:,} requests dropped")
    if service.sessions_begun:
        texts.append(f"{service.sessions_cut:,} of {service.sessions_begun:,} sessions cut")
    return "; ".join(texts)

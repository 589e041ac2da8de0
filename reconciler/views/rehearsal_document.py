"""A rehearsal for machines. Times are ns from a run's beginning."""

from collections.abc import Mapping
from typing import Any

from reconciler.model.rehearsal import Cause, Figure, Report, Run, ServiceRun
from reconciler.views.documents import Document, document
from reconciler.views.rehearsal_facts import (
    CheckSummary,
    budgets_of,
    checks_of,
    seeds_of,
    violations_of,
)


def rehearsal_document(report: Report) -> Document:
    """The report: totals over all runs, each run's numbers, and the worst run's timeline."""
    return document(
        "rehearsal",
        title=report.title,
        holds=report.holds,
        runs=len(report.runs),
        worst_seed=report.worst_seed,
        replay=report.replay or None,
        changes=list(report.plan),
        figures=[figure_document(figure) for figure in report.figures],
        checks=[check_document(check) for check in checks_of(report)],
        violations=violations_of(report),
        causes=[
            {**cause_document(cause), "runs": seeds_of(report, cause)} for cause in report.causes
        ],
        faults=None if report.faults is None else list(report.faults),
        never_struck=list(report.idle),
        assumptions=[
            {"what": each.what, "value": each.value, "origin": each.origin}
            for each in report.assumptions
        ],
        budgets=_budgets(budgets_of(report)),
        graph={
            "nodes": list(report.nodes),
            "edges": [{"from": a, "to": b, "condition": how} for a, b, how in report.edges],
        },
        by_seed=[_run(run) for run in report.runs],
        timeline=_timeline(report.worst),
    )


def figure_document(figure: Figure) -> dict[str, Any]:
    """One number over all seeds."""
    return {
        "name": figure.name, "unit": figure.unit or None,
        "least": figure.least, "median": figure.median, "p90": figure.p90, "most": figure.most,
        "mean": figure.mean, "confidence95": [figure.low, figure.high],
    }  # fmt: skip


def cause_document(cause: Cause) -> dict[str, Any]:
    """One cause; line and column count from 1."""
    at = cause.position
    return {
        "code": cause.code, "service": cause.service, "text": cause.text, "fix": cause.fix or None,
        "requests": cause.requests, "sessions": cause.sessions, "moved": cause.moved,
        "path": cause.path or None,
        "position": at and {"file": at.file, "line": at.line, "column": at.column},
        "first_ns": cause.first_ns, "instances": list(cause.instances),
    }  # fmt: skip


def check_document(check: CheckSummary) -> dict[str, Any]:
    """One check over all runs."""
    return {
        "check": check.text, "holds": check.holds, "failed": check.failed, "runs": check.runs,
        "value": check.value, "seed": check.seed,
    }  # fmt: skip


def _run(run: Run) -> dict[str, Any]:
    return {
        "seed": run.seed, "holds": run.holds, "verdict": run.verdict, "digest": run.digest,
        "lasted_ns": run.lasted_ns, "changed_ns": run.changed_ns, "converged_ns": run.converged_ns,
        "events": run.events,
        "checks": [{"check": c.text, "holds": c.holds, "value": c.value} for c in run.checks],
        "violations": list(run.violations),
        "budgets": _budgets(run.budgets),
        "services": [_service(service) for service in run.services],
    }  # fmt: skip


def _budgets(budgets: Mapping[str, tuple[float, float]]) -> list[dict[str, Any]]:
    return [{"name": name, "used": used, "limit": limit} for name, (used, limit) in budgets.items()]


def _service(service: ServiceRun) -> dict[str, Any]:
    return {
        "service": service.service, "arrivals": service.arrivals, "served": service.served,
        "dropped": dict(service.dropped), "in_flight": service.in_flight,
        "retried": service.retried,
        "sessions": {
            "begun": service.sessions_begun, "ended": service.sessions_ended,
            "cut": service.sessions_cut, "moved": service.sessions_moved,
            "open": service.sessions_open,
        },
        "latency_ns": dict(service.latency_ns),
        "instances": {
            "wanted": service.wanted, "floor": service.floor, "least_ready": service.least_ready,
            "most": service.most_instances, "last": service.replicas_last,
            "restarts": service.restarts,
            "floors": [{"at_ns": at_ns, "floor": n} for at_ns, n in service.floor_steps],
        },
        "cpu_peak_percent": service.cpu_peak_percent,
        "memory_peak_percent": service.memory_peak_percent,
        "queue_peak": service.queue_peak,
    }  # fmt: skip


def _timeline(run: Run) -> dict[str, Any]:
    return {
        "seed": run.seed,
        "spans": [
            {
                "service": s.service, "instance": s.instance, "revision": s.revision,
                "state": s.state, "from_ns": s.from_ns, "to_ns": s.to_ns, "node": s.node or None,
            }
            for s in run.spans
        ],
        "moments": [
            {"at_ns": m.at_ns, "kind": m.kind, "text": m.text, "service": m.service or None}
            for m in run.moments
        ],
        "slices": {
            service.service: [
                {
                    "at_ns": s.at_ns, "ready": s.ready, "served": s.served, "dropped": s.dropped,
                    "sessions": s.sessions, "sessions_cut": s.sessions_cut,
                }
                for s in service.slices
            ]
            for service in run.services
            if service.slices
        },
    }  # fmt: skip

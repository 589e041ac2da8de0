"""Numbers of a run that checks may name, and how those of several services make one."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from reconciler.model.rehearsal import ServiceRun

Unit = Literal["count", "duration", "percent"]
Over = Literal["sum", "largest", "smallest", "share"]

_REASONS = ("refused", "unready", "no_server", "cut", "timeout", "limited", "full", "error")


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that checks may name: where it comes from, and how services make one.

    `needs` is what a scenario must have for it: traffic, sessions, work, or nothing.
    """

    unit: Unit
    over: Over
    of: Callable[[ServiceRun], float | None]
    meaning: str
    needs: Literal["", "traffic", "sessions", "work"] = "traffic"


def _field(name: str) -> Callable[[ServiceRun], float | None]:
    return operator.attrgetter(name)


def _reason(name: str) -> Callable[[ServiceRun], float | None]:
    return lambda run: run.dropped.get(name, 0)


def _latency(name: str) -> Callable[[ServiceRun], float | None]:
    return lambda run: run.latency_ns.get(name)


def _share(run: ServiceRun) -> float | None:
    return 100 * run.dropped_total / run.arrivals if run.arrivals else None


METRICS: Mapping[str, Metric] = {
    "arrivals": Metric("count", "sum", _field("arrivals"), "requests that came"),
    "served": Metric("count", "sum", _field("served"), "requests answered as they should be"),
    "dropped": Metric("count", "sum", _field("dropped_total"), "requests that were not"),
    **{
        name: Metric("count", "sum", _reason(name), f"requests dropped for the reason `{name}`")
        for name in _REASONS
    },
    "error_share": Metric("percent", "share", _share, "share of requests that were dropped"),
    "retried": Metric("count", "sum", _field("retried"), "further tries by clients"),
    "in_flight": Metric("count", "sum", _field("in_flight"), "requests under way at the end"),
    **{
        name: Metric("duration", "largest", _latency(name), meaning)
        for name, meaning in {
            "p50": "median time to an answer",
            "p90": "time within which 90 % were answered",
            "p99": "time within which 99 % were answered",
            "p999": "time within which 99.9 % were answered",
            "max": "longest time to an answer",
        }.items()
    },
    "sessions_begun": Metric(
        "count", "sum", _field("sessions_begun"), "connections that began", "sessions"
    ),
    "sessions_ended": Metric(
        "count", "sum", _field("sessions_ended"), "connections that ended by themselves",
        "sessions",
    ),
    "sessions_cut": Metric(
        "count", "sum", _field("sessions_cut"), "connections cut before their end", "sessions"
    ),
    "sessions_moved": Metric(
        "count", "sum", _field("sessions_moved"), "sessions that changed their instance",
        "sessions",
    ),
    "sessions_open": Metric(
        "count", "sum", _field("sessions_open"), "connections open at the end", "sessions"
    ),
    "available": Metric(
        "count", "smallest", _field("least_ready"),
        "least ready instances from the first change on; without a service the least of those "
        "with traffic", "",
    ),
    "replicas": Metric("count", "sum", _field("replicas_last"), "replicas at the end", ""),
    "instances": Metric(
        "count", "sum", _field("most_instances"), "most instances at once, surge included", ""
    ),
    "restarts": Metric("count", "sum", _field("restarts"), "restarts of instances", ""),
    "queue": Metric("count", "largest", _field("queue_peak"), "longest queue of work", "work"),
    "cpu": Metric(
        "percent", "largest", _field("cpu_peak_percent"),
        "most processor of one instance, of its limit",
    ),
    "memory": Metric(
        "percent", "largest", _field("memory_peak_percent"),
        "most memory of one instance, of its limit", "",
    ),
}  # fmt: skip

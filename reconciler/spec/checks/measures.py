"""Checks of metrics."""

from collections.abc import Iterator

from reconciler.model.stack import Stack
from reconciler.model.traffic import Metric
from reconciler.spec.checks.base import Check, Finding

# What each format cannot be read without.
NEEDED = {
    "json": ("pointer",),
    "redis-list": ("source", "key"),
    "rabbitmq-queue": ("source", "key"),
    "command": ("command",),
}


def _unreadable(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        for metric_name, metric in service.metrics.items():
            missing = [field for field in NEEDED.get(metric.format, ()) if not _has(metric, field)]
            if missing:
                yield Finding(
                    ("services", name, "metrics", metric_name),
                    f"service/{name}: the metric {metric_name!r} is read as {metric.format} and "
                    f"has no {' and no '.join(missing)}",
                )


def _has(metric: Metric, field: str) -> bool:
    return bool(getattr(metric, field))


CHECKS = (
    Check(
        code="R290",
        title="A metric that cannot be read.",
        severity="error",
        why="Each format needs to be told where the number is: json a pointer, a queue or list "
        "its source and key, a command the command.",
        fix="give the metric what its format needs",
        find=_unreadable,
    ),
)

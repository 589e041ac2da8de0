"""Checks of what waits for health: rollouts and dependents."""

from collections.abc import Iterator

from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.model.units import format_duration
from reconciler.spec.checks.base import Check, Finding, called, longest_start_ns, workloads


def _deadline_before_start(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        probe = service.startup or service.readiness
        if probe is None:
            continue
        longest = longest_start_ns(probe) + service.rollout.min_ready
        if longest > service.rollout.deadline:
            yield Finding(
                ("services", name, "rollout", "deadline"),
                f"service/{name} may take {format_duration(longest)} to become available, and "
                f"its rollout fails after {format_duration(service.rollout.deadline)}",
            )


def _min_ready_too_long(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        rollout = service.rollout
        if rollout.min_ready >= rollout.deadline:
            yield Finding(
                ("services", name, "rollout", "min_ready"),
                f"service/{name} must be ready for {format_duration(rollout.min_ready)}, and its "
                f"rollout fails after {format_duration(rollout.deadline)}",
            )


def _healthy_unasked(stack: Stack) -> Iterator[Finding]:
    declared = stack.declared
    for section, name, workload in workloads(stack):
        for text, condition in workload.depends_on.items():
            if condition != "healthy":
                continue
            kind, _, needed = text.partition("/")
            if kind == "service" and (service := declared.services.get(needed)) is not None:
                if _is_asked(service):
                    continue
                told = "; an image's own HEALTHCHECK may exist, and is not seen from here"
            elif kind == "external" and (external := declared.external.get(needed)) is not None:
                if external.probe is not None or external.address:
                    continue
                told = ""
            else:
                continue
            yield Finding(
                (section, name, "depends_on", text),
                f"{called(section, name)} waits until {text} is healthy, and {text} has no "
                f"probe{told}",
                f"give {text} a probe, or wait for `started`" if kind == "service" else "",
            )


def _is_asked(service: Service) -> bool:
    return bool(service.readiness or service.startup or service.liveness)


CHECKS = (
    Check(
        code="R216",
        title="The rollout's deadline is over before a slow start is.",
        severity="warning",
        why="delay + period × failures of the startup probe (of readiness where there is none), "
        "and min_ready, are what the service says it may take. A deadline within fails good "
        "revisions; the time to pull the image comes on top.",
        fix="raise rollout.deadline",
        find=_deadline_before_start,
    ),
    Check(
        code="R219",
        title="min_ready is as long as the rollout's deadline.",
        severity="error",
        why="No instance can count as available before the rollout has failed.",
        fix="make rollout.min_ready shorter than rollout.deadline",
        source="Kubernetes, apps/v1: progressDeadlineSeconds must exceed minReadySeconds",
        find=_min_ready_too_long,
    ),
    Check(
        code="R220",
        title="Something waits for `healthy`, and nothing tells of health.",
        severity="warning",
        why="Without a probe a running container counts as healthy, however little it can do.",
        fix="give it a probe, or wait for `started`",
        find=_healthy_unasked,
    ),
)

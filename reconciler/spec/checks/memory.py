"""Checks of heaps and requests against limits."""

import re
from collections.abc import Iterator

from reconciler.model.stack import Stack
from reconciler.model.units import format_cpu, format_size, parse_size_bytes
from reconciler.spec.checks.base import Check, Finding, Path, called, workloads

HEAP_SHARE_MOST = 75  # percent of the limit
_XMX = re.compile(r"-(?:Xmx|XX:MaxHeapSize=)(\d+)([kKmMgGtT]?)(?=$|[\s\"',])")
_RAM_SHARE = re.compile(r"-XX:MaxRAMPercentage=(\d+(?:\.\d+)?)")


def _heaps(stack: Stack) -> Iterator[tuple[Path, str, float, int]]:
    """Where a heap is asked for, of whom, its bytes, and the memory limit."""
    for section, name, workload in workloads(stack):
        limit = workload.resources.limits.memory
        if not limit:
            continue
        for variable, value in workload.environment.items():
            heap = _heap_bytes(value.value, limit) if value.value else None
            if heap is not None:
                path: Path = (section, name, "environment", variable)
                yield path, called(section, name), heap, limit
        for field, words in (("entrypoint", workload.entrypoint), ("command", workload.command)):
            heap = _heap_bytes(" ".join(words), limit) if words else None
            if heap is not None:
                yield (section, name, field), called(section, name), heap, limit


def _heap_bytes(text: str, limit: int) -> float | None:
    """The heap that these options ask for; of several the last counts, as for the JVM."""
    if "-X" not in text:
        return None
    sizes = _XMX.findall(text)
    if sizes:
        number, unit = sizes[-1]
        return parse_size_bytes(number + (f"{unit.upper()}i" if unit else ""))
    shares = _RAM_SHARE.findall(text)
    return limit * float(shares[-1]) / 100 if shares else None


def _heap_is_limit(stack: Stack) -> Iterator[Finding]:
    for path, subject, heap, limit in _heaps(stack):
        if heap >= limit:
            yield Finding(
                path,
                f"{subject} has a heap of {format_size(int(heap))} and a memory limit of "
                f"{format_size(limit)}",
            )


def _heap_near_limit(stack: Stack) -> Iterator[Finding]:
    for path, subject, heap, limit in _heaps(stack):
        if limit * HEAP_SHARE_MOST < heap * 100 < limit * 100:
            yield Finding(
                path,
                f"{subject} has a heap of {format_size(int(heap))}, "
                f"{heap * 100 / limit:.0f} % of its memory limit of {format_size(limit)}",
            )


def _requests_beyond_limits(stack: Stack) -> Iterator[Finding]:
    for section, name, workload in workloads(stack):
        asked, most = workload.resources.requests, workload.resources.limits
        if asked.cpu and most.cpu and asked.cpu > most.cpu:
            yield Finding(
                (section, name, "resources", "requests", "cpu"),
                f"{called(section, name)} requests {format_cpu(asked.cpu)} CPU and is limited to "
                f"{format_cpu(most.cpu)}",
            )
        if asked.memory and most.memory and asked.memory > most.memory:
            yield Finding(
                (section, name, "resources", "requests", "memory"),
                f"{called(section, name)} requests {format_size(asked.memory)} of memory and is "
                f"limited to {format_size(most.memory)}",
            )


CHECKS = (
    Check(
        code="R264",
        title="The heap is as large as the memory limit.",
        severity="error",
        why="A JVM needs memory beside its heap (metaspace, stacks, code, buffers): when the "
        "heap fills, the kernel kills the process before the collector helps.",
        fix="set -Xmx to at most three quarters of the memory limit",
        find=_heap_is_limit,
    ),
    Check(
        code="R265",
        title="The heap leaves less than a quarter of the memory limit.",
        severity="warning",
        why="Whether the rest is enough for what a JVM needs beside its heap depends on threads "
        "and buffers, so this is a warning.",
        fix="set -Xmx to at most three quarters of the memory limit",
        find=_heap_near_limit,
    ),
    Check(
        code="R266",
        title="A request is larger than its limit.",
        severity="error",
        why="Nothing can be promised that may not be used; Kubernetes refuses it.",
        fix="make the request at most the limit",
        source="Kubernetes, core/v1 validation of ResourceRequirements",
        find=_requests_beyond_limits,
    ),
)

"""Checks of what is requested against what the nodes have."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from reconciler.model.peak import peak_of
from reconciler.model.stack import Node, Stack
from reconciler.model.units import format_cpu, format_size, parse_cpu_m
from reconciler.spec.checks.base import Check, Finding, called, workloads


@dataclass(frozen=True, slots=True)
class _Room:
    """What one kind of node has for instances; infinite where it does not say."""

    cpu_m: float
    memory_bytes: float
    count: int


def _cpu_m(text: str) -> int | None:
    try:
        return parse_cpu_m(text)
    except ValueError:
        return None


def _room_of(node: Node) -> _Room | None:
    """None when an amount cannot be read, which R260 tells."""
    cpu, kept = _cpu_m(node.cpu), _cpu_m(node.reserved_cpu)
    if cpu is None or kept is None:
        return None
    memory = node.memory - node.reserved_memory
    return _Room(
        (cpu - kept) * node.max_utilisation / 100 if cpu else inf,
        memory * node.max_utilisation / 100 if node.memory else inf,
        node.count,
    )


def _rooms(stack: Stack) -> list[_Room]:
    found = [_room_of(node) for node in stack.declared.nodes.values()]
    return [room for room in found if room is not None and room.count > 0]


def _fits_nowhere(stack: Stack) -> Iterator[Finding]:
    rooms = _rooms(stack)
    if not rooms:
        return
    for section, name, workload in workloads(stack):
        asked = workload.resources.requests
        cpu, memory = asked.cpu or 0, asked.memory or 0
        if any(cpu <= room.cpu_m and memory <= room.memory_bytes for room in rooms):
            continue
        yield Finding(
            (section, name, "resources", "requests"),
            f"{called(section, name)} requests {_amounts(cpu, memory)}, and no node has that free",
        )


def _too_much_wanted(stack: Stack) -> Iterator[Finding]:
    yield from _too_much(stack, peak=False)


def _too_much_at_peak(stack: Stack) -> Iterator[Finding]:
    if not any(_too_much(stack, peak=False)):
        yield from _too_much(stack, peak=True)


def _too_much(stack: Stack, *, peak: bool) -> Iterator[Finding]:
    rooms = _rooms(stack)
    if not rooms:
        return
    cpu = memory = 0
    for service in stack.declared.services.values():
        asked = service.resources.requests
        if asked.cpu or asked.memory:
            instances = peak_of(service) if peak else service.wanted
            cpu += instances * (asked.cpu or 0)
            memory += instances * (asked.memory or 0)
    has_cpu = sum(room.cpu_m * room.count for room in rooms)
    has_memory = sum(room.memory_bytes * room.count for room in rooms)
    when = "with surge and autoscale maximum, " if peak else ""
    if cpu > has_cpu:
        yield Finding(
            ("nodes",),
            f"{when}the services request {format_cpu(cpu)} CPU, and the nodes have "
            f"{format_cpu(int(has_cpu))}",
        )
    if memory > has_memory:
        yield Finding(
            ("nodes",),
            f"{when}the services request {format_size(memory)} of memory, and the nodes have "
            f"{format_size(int(has_memory))}",
        )


def _amounts(cpu_m: int, memory_bytes: int) -> str:
    said = [f"{format_cpu(cpu_m)} CPU"] if cpu_m else []
    return " and ".join(said + ([f"{format_size(memory_bytes)} of memory"] if memory_bytes else []))


def _unreadable_nodes(stack: Stack) -> Iterator[Finding]:
    for name, node in stack.declared.nodes.items():
        for field, text in (("cpu", node.cpu), ("reserved_cpu", node.reserved_cpu)):
            if _cpu_m(text) is None:
                yield Finding(("nodes", name, field), f"node {name}: {text!r} is not a CPU amount")


def _slow_for_people(stack: Stack) -> Iterator[Finding]:
    nodes = stack.declared.nodes
    if not nodes or any(node.startup == "fast" for node in nodes.values()):
        return
    for name, service in stack.declared.services.items():
        if service.workload == "interactive":
            yield Finding(
                ("services", name, "workload"),
                f"service/{name} is interactive, and all nodes start slowly",
            )


CHECKS = (
    Check(
        code="R257",
        title="An instance requests more than any node has.",
        severity="error",
        why="A node has (capacity − reserved) × max_utilisation. What fits on none is never "
        "placed.",
        fix="lower the request, or declare a node that is large enough",
        find=_fits_nowhere,
    ),
    Check(
        code="R258",
        title="The services request more than all nodes have.",
        severity="error",
        why="Some instances would never be placed, even with nothing else on the nodes.",
        fix="lower requests or replicas, or declare more nodes",
        find=_too_much_wanted,
    ),
    Check(
        code="R259",
        title="At their peak, the services request more than all nodes have.",
        severity="warning",
        why="A rollout's surge or the autoscaler's maximum finds no room: the rollout stops, or "
        "the load is not met. It need not come to that, so this is a warning.",
        fix="lower max_surge or autoscale.max, or declare more nodes",
        find=_too_much_at_peak,
    ),
    Check(
        code="R260",
        title="A node's CPU cannot be read.",
        severity="error",
        why="What a node has is counted against what is requested of it.",
        fix="write it like 250m, 1 or 1.5",
        find=_unreadable_nodes,
    ),
    Check(
        code="R261",
        title="Interactive work on slow-starting nodes.",
        severity="warning",
        why="A node of start-up class slow takes 10 to 30 s until an instance runs: people wait "
        "that long at every scale-up and restart.",
        fix="declare fast nodes, or set workload to batch",
        find=_slow_for_people,
    ),
)

"""A rolling update as the traffic kernel sees it: which endpoints come, drain and go, and when.

Scripted by the arithmetic of a rolling update with a surge of a quarter: as many new instances
as the surge allows are started, and as each becomes ready an old one is drained and stopped.
Whoever has a world makes the same calls from its transitions (`reconciler.sim.traffic.flow`);
`changes` is where the two could be exchanged.
"""

import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.sim.traffic import tables
from reconciler.sim.traffic.kernel import ABSENT, CLOSED, DRAIN, POISSON, SERVES, UP

NS = 10**9
READY_S = 20  # from an instance's start until it is ready
DRAIN_S = 30  # from the edge's last request to an old one until it is stopped
PLACES = 8
WORK_NS = 20_000_000
CLIENTS = 1 << 16
NETWORK = 10 << 24


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """At this time, this slot is so from now on; ``gone``: what is in flight there is cut."""

    at_ns: int
    slot: int
    what: str  # ready, drain, gone


def changes(instances: int, begin_s: int) -> Iterator[Change]:
    """The update's changes in order of time: slots from `instances` on take the others' place."""
    surge = -(-instances // 4)
    pending = [Change((begin_s + READY_S) * NS, instances + n, "ready") for n in range(surge)]
    started = surge
    heapq.heapify(pending)
    while pending:
        change = heapq.heappop(pending)
        yield change
        if change.what == "ready":
            old = change.slot - instances
            heapq.heappush(pending, Change(change.at_ns, old, "drain"))
            heapq.heappush(pending, Change(change.at_ns + DRAIN_S * NS, old, "gone"))
        elif change.what == "gone" and started < instances:
            at_ns = change.at_ns + READY_S * NS
            heapq.heappush(pending, Change(at_ns, instances + started, "ready"))
            started += 1


def through_update(
    make: Callable[[int, int, int], Any], rule: int, instances: int, per_s: int, seconds: int
) -> tuple[Any, float]:
    """Traffic for so long, the update in its middle: the kernel, and the processor time in s."""
    kernel = make(1, rule, 2 * instances)
    for slot in range(instances):
        kernel.set_slot(slot, UP, SERVES, 1, PLACES, 128)
    kernel.set_clients(CLIENTS, NETWORK, CLIENTS)
    kernel.set_service_table(tables.exponential(WORK_NS))
    kernel.set_arrivals(POISSON, NS, per_s)
    began = time.process_time()
    for change in changes(instances, seconds // 2):
        kernel.run(change.at_ns)
        match change.what:
            case "ready":
                kernel.set_slot(change.slot, UP, SERVES, 1, PLACES, 128)
            case "drain":
                kernel.set_slot(change.slot, DRAIN, SERVES, 1, PLACES, 128)
            case _:
                kernel.cut(change.slot, change.at_ns)
                kernel.set_slot(change.slot, ABSENT, CLOSED)
    kernel.run(seconds * NS)
    return kernel, time.process_time() - began

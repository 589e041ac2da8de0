"""Virtual time: entries of the heap happen, in order of time, class and number."""

from collections.abc import Callable, Mapping
from heapq import heappop

from reconciler.sim import (
    autoscaler,
    controllers,
    deployment,
    harm,
    kubelet,
    life,
    needs,
    outage,
    traffic,
)
from reconciler.sim.world import Payload, World

HANDLERS: Mapping[str, Callable[[World, Payload], None]] = {
    "exit": life.on_exit,
    "restart": life.on_restart,
    "verdict": life.on_verdict,
    "hang": life.on_hang,
    "recover": life.on_recover,
    "up": life.on_up,
    "drain": life.on_drain,
    "drained": traffic.on_drained,
    "edge": traffic.on_edge,
    "sample": traffic.on_sample,
    "strain": traffic.on_strain,
    "fault": harm.on_fault,
    "port free": harm.on_port_free,
    "sync": controllers.on_sync,
    "pods": deployment.on_pods,
    "hpa": autoscaler.on_hpa,
    "schedule": kubelet.on_schedule,
    "lack": needs.on_lack,
    "external back": needs.on_external_back,
    "node unknown": outage.on_node_unknown,
    "node evict": outage.on_node_evict,
    "node drain": outage.on_node_drain,
    "node back": outage.on_node_back,
    "pod pull": kubelet.on_pod_pull,
    "pod start": kubelet.on_pod_start,
    "pod signal": kubelet.on_pod_signal,
    "pod gone": kubelet.on_pod_gone,
}


def run_until(world: World, to_ns: int) -> None:
    """Let everything happen that is due at or before `to_ns`; then it is `to_ns`."""
    heap, handlers, pop = world.heap, HANDLERS, heappop
    while heap and heap[0][0] <= to_ns:
        world.now_ns, _, _, kind, payload = pop(heap)
        handlers[kind](world, payload)
    assert to_ns >= world.now_ns, "time goes forwards only"
    world.now_ns = to_ns


def next_ns(world: World) -> int | None:
    """When something happens next by itself, or None."""
    return world.heap[0][0] if world.heap else None

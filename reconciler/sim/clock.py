"""Virtual time: entries of the heap happen, in order of time, class and number."""

from collections.abc import Callable, Mapping
from heapq import heappop

from reconciler.sim import deployment, harm, kubelet, life
from reconciler.sim.world import Payload, World

HANDLERS: Mapping[str, Callable[[World, Payload], None]] = {
    "exit": life.on_exit,
    "restart": life.on_restart,
    "ready": life.on_ready,
    "unready": life.on_unready,
    "dead": life.on_dead,
    "hang": life.on_hang,
    "fault": harm.on_fault,
    "sync": deployment.on_sync,
    "pod pull": kubelet.on_pod_pull,
    "pod start": kubelet.on_pod_start,
    "pod signal": kubelet.on_pod_signal,
    "pod gone": kubelet.on_pod_gone,
}


def run_until(world: World, to_ns: int) -> None:
    """Let everything happen that is due at or before `to_ns`; then it is `to_ns`."""
    heap, handlers = world.heap, HANDLERS
    while heap and heap[0][0] <= to_ns:
        at_ns, _, _, kind, payload = heappop(heap)
        world.now_ns = at_ns
        handlers[kind](world, payload)
    assert to_ns >= world.now_ns, "time goes forwards only"
    world.now_ns = to_ns


def next_ns(world: World) -> int | None:
    """When something happens next by itself, or None."""
    return world.heap[0][0] if world.heap else None

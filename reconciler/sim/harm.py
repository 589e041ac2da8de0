"""Faults at work: what strikes a call, and what strikes the world at a time."""

from collections.abc import Iterable
from dataclasses import astuple

from reconciler.sim import kubelet, life, needs, outage, power
from reconciler.sim.faults import Fault
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import FAULT, Payload, World

LASTING = (
    "node_loss", "node_partition", "node_drain", "registry_outage", "registry_denied",
    "external_away",
)  # fmt: skip


def install(world: World, faults: Iterable[Fault]) -> None:
    """Let these go wrong from now on; earlier ones stay."""
    for fault in faults:
        if fault.is_timed:
            world.push(world.now_ns + fault.at_ns, FAULT, "fault", astuple(fault))
        else:
            world.faults = (*world.faults, fault)
            world.fault_hits.append(0)


def struck(world: World, kinds: tuple[str, ...], on: str, key: str, subject: str) -> list[Fault]:
    """The faults that strike this call, look or event; it is counted."""
    found = []
    for index, fault in enumerate(world.faults):
        if fault.kind in kinds and fault.fits(on, key, subject):
            world.fault_hits[index] += 1
            if fault.strikes(world.fault_hits[index]):
                found.append(fault)
    return found


def on_fault(world: World, payload: Payload) -> None:
    """Entry ``fault``: the fields of a timed `Fault`."""
    fault = Fault(*payload)
    if fault.kind == "unreachable":
        world.unreachable_until_ns = max(world.unreachable_until_ns, world.now_ns + fault.for_ns)
        world.emit("unreachable", None, str(fault.for_ns))
    elif fault.kind == "engine_restart":
        _engine_restart(world)
    elif fault.kind == "edit":
        _edit(world, fault)
    elif fault.kind in LASTING:
        _long_fault(world, fault)
    else:
        _strike_instance(world, fault)
    later = fault.later()
    if later is not None:
        world.push(world.now_ns + fault.every_ns, FAULT, "fault", astuple(later))


def _strike_instance(world: World, fault: Fault) -> None:
    running = [
        c
        for c in world.containers.values()
        if c.owned and c.phase == "running" and fault.fits("", str(c.key), c.name)
    ]
    if not running:
        return
    container = running[fault.amount % len(running)]
    if fault.kind == "hang":
        life.hang(world, container)
        if fault.for_ns:
            payload = (container.id, container.epoch)
            world.push(world.now_ns + fault.for_ns, FAULT, "recover", payload)
    elif fault.kind == "removed":
        _remove(world, container)
    else:
        oom = fault.kind == "oom"
        life.end(world, container, life.OOM_CODE if oom else 1, oom=oom)


def _remove(world: World, container: Container) -> None:
    """``docker rm --force`` by hand; a pod is deleted, and has its grace."""
    if container.kubelet:
        kubelet.end_pod(world, container)
        return
    container.cancelled = True
    life.end(world, container, life.OOM_CODE)
    world.drop_container(container)


def _edit(world: World, fault: Fault) -> None:
    for held in world.stacks.values():
        for key, thing in held.objects.items():
            if fault.fits("", str(key), thing.id):
                edit_object(world, thing, fault.field, fault.value)
    for container in world.containers.values():
        if (
            container.owned
            and not container.kubelet
            and fault.fits("", str(container.key), container.name)
        ):
            edit_container(world, container, fault.field, fault.value)


def edit_container(world: World, container: Container, path: str, value: str) -> None:
    """Another actor changes a field of a container behind our back."""
    container.fields = {**container.fields, path: value}
    if path == "restart.policy":
        container.policy = value
    world.emit("edited", container, path)


def _engine_restart(world: World) -> None:
    """The engine goes down and comes back, without live restore.

    Every process ends; containers whose policy is ``always`` come back even when they were
    stopped by hand. A kubelet restarts its own by its own rules.
    """
    world.emit("engine restarts", None)
    there = list(world.containers.values())
    engines = [container for container in there if not container.kubelet]
    for container in there:
        if container.kubelet:
            life.end(world, container, life.OOM_CODE)
    power.off(world, engines)
    power.on(world, engines)


def _long_fault(world: World, fault: Fault) -> None:
    """What lasts for a time: machines, the registry, externals."""
    until_ns = world.now_ns + (fault.for_ns or outage.FOR_GOOD_NS)
    if fault.kind == "registry_outage":
        world.images.out_until_ns = max(world.images.out_until_ns, until_ns)
        world.emit("registry away", None)
    elif fault.kind == "registry_denied":
        world.images.locked_until_ns = max(world.images.locked_until_ns, until_ns)
        world.emit("registry refuses", None)
    elif fault.kind == "external_away":
        needs.leave(world, fault.subject, fault.for_ns)
    else:
        for machine in outage.matching(world, fault.subject):
            if fault.kind == "node_drain":
                outage.drain(world, machine, fault.for_ns)
            else:
                cut = fault.kind == "node_partition"
                outage.lose(world, machine, cut=cut, for_ns=fault.for_ns)


def edit_object(world: World, thing: Thing, path: str, value: str) -> None:
    """Another actor changes a field of an object behind our back.

    A field that we do not set stays another's.
    """
    if path in thing.fields:
        thing.fields = {**thing.fields, path: value}
    else:
        thing.defaults = {**thing.defaults, path: value}
    thing.generation += 1
    world.touch_object(thing, "edited", path)

"""Faults at work: what strikes a call, and what strikes the world at a time."""

import re
from collections.abc import Iterable
from dataclasses import replace

from reconciler.model.observed import Value
from reconciler.sim import kubelet, life, limits, needs, nodes, outage, power
from reconciler.sim.faults import TIMED_FAULTS, Fault, values_of
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import FAULT, Payload, World

OF_REGISTRY = ("image_missing", "registry_outage", "registry_denied", "registry_limited")


def install(world: World, faults: Iterable[Fault]) -> None:
    """Let these go wrong from now on; earlier ones stay."""
    for fault in faults:
        world.keeps_views = world.keeps_views or fault.kind == "stale_view"
        if fault.is_timed:
            world.push(world.now_ns + fault.at_ns, FAULT, "fault", values_of(fault))
        else:
            _befall(world, fault)


def _befall(world: World, fault: Fault) -> None:
    world.faults = (*world.faults, fault.befalling(world.now_ns))
    world.fault_hits.append(0)


def struck(world: World, kinds: tuple[str, ...], on: str, key: str, subject: str) -> list[Fault]:
    """The faults that strike this call, look or event; it is counted."""
    found = []
    for index, fault in enumerate(world.faults):
        if fault.until_ns and world.now_ns >= fault.until_ns:
            continue
        if fault.kind in kinds and fault.fits(on, key, subject):
            world.fault_hits[index] += 1
            if fault.strikes(world.fault_hits[index]):
                found.append(fault)
                if not fault.is_in_world:
                    world.faults_struck[str(fault.number)] = world.now_ns
    return found


def called(world: World, on: str, key: str, subject: str) -> None:
    """A call is sent: what is to break in the world at that does, at once."""
    for fault in struck(world, TIMED_FAULTS, on, key, subject):
        world.push(world.now_ns, FAULT, "fault", values_of(replace(fault, on="", every_ns=0)))


def on_fault(world: World, payload: Payload) -> None:
    """Entry ``fault``: the fields of a `Fault` whose time has come."""
    fault = Fault(*payload)
    if not fault.is_in_world or fault.on:
        _befall(world, fault)
        return
    if _break(world, fault):
        world.faults_struck[str(fault.number)] = world.now_ns
    later = fault.later()
    if later is not None:
        world.push(world.now_ns + fault.every_ns, FAULT, "fault", values_of(later))


def _break(world: World, fault: Fault) -> bool:
    """Let it strike; whether it found what to strike."""
    now = world.now_ns
    if fault.kind == "unreachable":
        world.unreachable_until_ns = max(world.unreachable_until_ns, now + fault.for_ns)
        world.emit("unreachable", None, str(fault.for_ns))
    elif fault.kind == "throttled":
        world.throttle = limits.a_second(now, fault.for_ns, fault.amount)
        world.emit("throttled", None, str(fault.amount))
    elif fault.kind == "engine_restart":
        _engine_restart(world)
    elif fault.kind == "edit":
        return _edit(world, fault)
    elif fault.kind == "port_taken":
        return _take_port(world, str(fault.amount), fault.for_ns)
    elif fault.kind in OF_REGISTRY:
        _registry(world, fault)
    elif fault.is_of_instances:
        return _strike_instance(world, fault)
    else:
        return _long_fault(world, fault)
    return True


def _registry(world: World, fault: Fault) -> None:
    """What a registry answers for a time, or for good."""
    images, until_ns = world.images, world.now_ns + (fault.for_ns or outage.FOR_GOOD_NS)
    if fault.kind == "registry_outage":
        images.out_until_ns = max(images.out_until_ns, until_ns)
        world.emit("registry away", None)
    elif fault.kind == "registry_denied":
        images.locked_until_ns = max(images.locked_until_ns, until_ns)
        world.emit("registry refuses", None)
    elif fault.kind == "registry_limited":
        images.limit = limits.in_all(world.now_ns, until_ns - world.now_ns, fault.amount)
        world.emit("registry limits", None, str(fault.amount))
    else:
        images.gone[fault.subject] = max(images.gone.get(fault.subject, 0), until_ns)
        world.emit("image gone", None, subject=fault.subject)


def _take_port(world: World, port: str, for_ns: int) -> bool:
    """Somebody's container takes a host port, and gives it back."""
    name = f"stranger-{port}"
    if port in world.ports or name in world.names:
        world.emit("port held", None, subject=port)
        return False
    stranger = world.add_foreign(name, ports=port)
    assert isinstance(stranger, Container)
    world.emit("port taken", None, subject=port)
    if for_ns:
        world.push(world.now_ns + for_ns, FAULT, "port free", (stranger.id, port))
    return True


def on_port_free(world: World, payload: Payload) -> None:
    """Entry ``port free``: id of its holder, port."""
    holder, port = payload
    if world.ports.get(port) == holder:
        del world.ports[port]
        world.containers[holder].phase = "exited"
        world.drop_container(world.containers[holder])


def _strike_instance(world: World, fault: Fault) -> bool:
    running = [
        c
        for c in world.containers.values()
        if c.owned and c.phase == "running" and fault.fits("", str(c.key), c.name)
    ]
    if not running:
        return False
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
    return True


def _remove(world: World, container: Container) -> None:
    """``docker rm --force`` by hand; a pod is deleted, and has its grace."""
    world.emit("taken away", None, subject=container.name)
    if container.kubelet:
        kubelet.end_pod(world, container)
        return
    container.cancelled = True
    life.end(world, container, life.OOM_CODE)
    world.drop_container(container)


def _edit(world: World, fault: Fault) -> bool:
    """Whether anything that it fits has the field, or others beside it in its section."""
    struck = False
    for held in world.stacks.values():
        for key, thing in held.objects.items():
            if fault.fits("", str(key), thing.id):
                there = thing.observed().fields
                struck = struck or _is_known(fault.field, there)
                value = _as(there.get(fault.field), fault.value)
                edit_object(world, thing, fault.field, value)
    for container in world.containers.values():
        if (
            container.owned
            and not container.kubelet
            and fault.fits("", str(container.key), container.name)
        ):
            struck = struck or _is_known(fault.field, container.fields)
            value = _as(container.fields.get(fault.field), fault.value)
            edit_container(world, container, fault.field, value)
    return struck


def _is_known(path: str, there: Iterable[str]) -> bool:
    section = path.rpartition(".")[0]
    return any(name == path or (section and name.startswith(f"{section}.")) for name in there)


def _as(old: Value | None, text: str) -> Value:
    """A value as the field has it: a number stays a number, a list a list."""
    if isinstance(old, bool):
        return text == "true"
    if isinstance(old, int) and re.fullmatch(r"-?\d+", text):
        return int(text)
    return tuple(text.split()) if isinstance(old, tuple) else text


def edit_container(world: World, container: Container, path: str, value: Value) -> None:
    """Another actor changes a field of a container behind our back."""
    container.fields = {**container.fields, path: value}
    if path == "restart.policy":
        container.policy = str(value)
    world.emit("edited", container, path)


def _engine_restart(world: World) -> None:
    """The engine goes down and comes back, without live restore.

    Every process ends; containers whose policy is ``always`` come back even when they were
    stopped by hand. A kubelet restarts its own by its own rules.
    """
    world.emit("engine restarts", None)
    there = list(world.containers.values())
    engines = [c for c in there if not c.kubelet and nodes.answers(world, c)]
    for container in there:
        if container.kubelet:
            life.end(world, container, life.OOM_CODE)
    power.off(world, engines)
    power.on(world, engines)


def _long_fault(world: World, fault: Fault) -> bool:
    """What lasts for a time: machines, externals."""
    if fault.kind == "external_away":
        needs.leave(world, fault.subject, fault.for_ns)
        return True
    machines = outage.matching(world, fault.subject)
    for machine in machines:
        if fault.kind == "node_drain":
            outage.drain(world, machine, fault.for_ns)
        else:
            cut = fault.kind == "node_partition"
            outage.lose(world, machine, cut=cut, for_ns=fault.for_ns)
    return bool(machines)


def edit_object(world: World, thing: Thing, path: str, value: Value) -> None:
    """Another actor changes a field of an object behind our back.

    A field that we do not set stays another's.
    """
    if path in thing.fields:
        thing.fields = {**thing.fields, path: value}
    else:
        thing.defaults = {**thing.defaults, path: value}
    thing.generation += 1
    world.touch_object(thing, "edited", path)

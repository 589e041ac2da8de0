"""Machines that are lost, drained, and come back.

A node renews its lease every 10 s; the node controller looks every 5 s, and one not heard of
for the grace (40 s, or 50 s from 1.32 on) counts as unknown: its pods are not ready and leave
the endpoints. They are deleted 300 s later, which replaces those of a Deployment at once, and
those of a StatefulSet only when the kubelet says that they are gone.
Source: kubernetes ``pkg/controller/nodelifecycle``, taint-based eviction.
"""

from collections.abc import Iterable
from operator import attrgetter

from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_S, amount_of
from reconciler.sim import deployment, kubelet, life, nodes, power, verdicts
from reconciler.sim.machine import Machine
from reconciler.sim.probes import HANGS
from reconciler.sim.site import Site
from reconciler.sim.things import Container
from reconciler.sim.versions import rules_of
from reconciler.sim.world import FAULT, LIFE, PROBE, SYNC, Payload, World

LEASE_NS = 10 * NS_PER_S
LOOK_NS = 5 * NS_PER_S
TOLERATED_NS = 300 * NS_PER_S
EVICT_AGAIN_NS = 5 * NS_PER_S  # kubectl drain, on 429
ENGINE_STOP_NS = 15 * NS_PER_S  # dockerd --shutdown-timeout
ENGINE = "engine"
CUT_OFF = "cut off"  # what is said of a machine that lives and is not reached
FOR_GOOD_NS = 10 * 365 * 86_400 * NS_PER_S


def matching(world: World, name: str) -> list[Machine]:
    """The machines that `name` means: one, all of a kind (``small``), the first for ``*``.

    Where none is declared everything is on one, called ``engine``.
    """
    if world.site is None:
        world.site = Site()
    machines = world.site.machines
    if not machines:
        machines[ENGINE] = Machine(ENGINE)
        nodes.board(world)
    if name in ("", "*"):
        return list(machines.values())[:1]
    return [each for each in machines.values() if name in (each.name, _kind(each.name))]


def _kind(name: str) -> str:
    stem, _, number = name.rpartition("-")
    return stem if number.isdecimal() else name


def on_board(world: World, machine: Machine) -> list[Container]:
    """The instances on a machine, oldest first; ended ones of an engine count as there."""
    site = world.site
    assert site is not None
    containers = world.containers
    found = sorted([containers[id] for id in machine.held], key=attrgetter("since_version"))
    alone = len(site.machines) == 1
    found += [
        each
        for each in containers.values()
        if not each.kubelet and each.id not in site.placed and (alone or each.home == machine.name)
    ]
    return found


def lose(world: World, machine: Machine, *, cut: bool = False, for_ns: int = 0) -> None:
    """A machine loses its power, or (`cut`) its network while its processes live on."""
    if not machine.reachable:
        return
    there = on_board(world, machine)
    machine.off, machine.cut = not cut, cut
    machine.epoch += 1
    world.emit("node lost", None, CUT_OFF if cut else "", subject=machine.name)
    for pod in there:
        if pod.kubelet:
            _darken(world, pod, cut=cut)
    engines = [container for container in there if not container.kubelet]
    if engines or not there:
        _engine_away(world, machine, engines, cut=cut, for_ns=for_ns)
    if any(pod.kubelet for pod in there):
        world.push(_noticed_ns(world, machine), SYNC, "node unknown", (machine.name, machine.epoch))
    if for_ns:
        world.push(world.now_ns + for_ns, FAULT, "node back", (machine.name, machine.epoch))


def _darken(world: World, pod: Container, *, cut: bool) -> None:
    """Nobody reaches it. Without power its process is gone, and nobody has said so yet."""
    if not pod.kubelet and pod.phase != "running":
        pod.epoch += not cut  # cut off, its engine goes on to start it
        return
    if not pod.running:
        pod.epoch += 1  # what it waited for does not come
        return
    pod.hung, pod.struck = True, "lost"
    if not cut:
        pod.gone = True
        pod.epoch += 1
    world.emit("hung", pod, "its node is lost")
    if not pod.kubelet:  # who asks it is elsewhere; a kubelet is beside it
        verdicts.turn(world, pod, HANGS)


def _engine_away(
    world: World, machine: Machine, there: Iterable[Container], *, cut: bool, for_ns: int
) -> None:
    """What is on an engine's machine; with all that there is, the engine does not answer.

    Of one of several nobody hears that its processes are gone, until it is back.
    """
    assert world.site is not None
    alone = len(world.site.machines) == 1
    if alone and not cut:
        for container in there:
            container.struck = "lost" if container.running else ""
        power.off(world, there)
    else:
        for container in there:
            _darken(world, container, cut=cut)
    if alone:
        until_ns = world.now_ns + (for_ns or FOR_GOOD_NS)
        world.unreachable_until_ns = max(world.unreachable_until_ns, until_ns)


def _noticed_ns(world: World, machine: Machine) -> int:
    """When the node controller has it: the grace counts from the look that saw the last lease."""
    now, grace_ns = world.now_ns, rules_of(world.kubernetes_version).node_grace_ns
    offset = world.streams.below(f"node {machine.name} lease", LEASE_NS)
    renewed = now - (now - offset) % LEASE_NS
    seen = -(-renewed // LOOK_NS) * LOOK_NS
    return (seen + grace_ns) // LOOK_NS * LOOK_NS + LOOK_NS


def _turned(world: World, machine: Machine) -> None:
    assert world.site is not None
    world.site.turned(machine)


def _current(world: World, payload: Payload) -> Machine | None:
    machine = world.site.machines.get(payload[0]) if world.site is not None else None
    return machine if machine is not None and machine.epoch == payload[1] else None


def on_node_unknown(world: World, payload: Payload) -> None:
    """Entry ``node unknown``: name, epoch. Its pods leave the endpoints."""
    if machine := _current(world, payload):
        machine.unknown = True
        _turned(world, machine)
        world.emit("node unknown", None, subject=machine.name)
        for pod in on_board(world, machine):
            life.become_unready(world, pod)
        world.push(world.now_ns + TOLERATED_NS, SYNC, "node evict", payload)


def on_node_evict(world: World, payload: Payload) -> None:
    """Entry ``node evict``: name, epoch. Its pods are deleted; its kubelet does not hear it."""
    if machine := _current(world, payload):
        for pod in on_board(world, machine):
            if pod.kubelet:
                kubelet.end_pod(world, pod)


def on_node_back(world: World, payload: Payload) -> None:
    """Entry ``node back``: name, epoch."""
    machine = _current(world, payload)
    if machine is None:
        return
    was_off = machine.off
    machine.off = machine.cut = machine.unknown = machine.cordoned = False
    machine.epoch += 1
    _turned(world, machine)
    world.emit("node back", None, subject=machine.name)
    there = on_board(world, machine)
    for pod in there:
        if pod.kubelet:
            _wake(world, pod)
    engines = [container for container in there if not container.kubelet]
    for container in engines:
        if container.hung and not container.gone and container.struck == "lost":
            container.struck = ""
            life.recover(world, container)
    if was_off:
        power.off(world, [each for each in engines if each.gone or each.phase == "restarting"])
        power.on(world, engines)
    nodes.try_again(world)


def _wake(world: World, pod: Container) -> None:
    """Its kubelet is heard again: it ends what was deleted, and restarts what has died."""
    gone, pod.gone, pod.hung = pod.gone, False, False
    if not gone:
        pod.struck = ""
    if pod.phase == "restarting":
        world.push(world.now_ns, LIFE, "restart", (pod.id, pod.epoch))
    elif gone:
        life.end(world, pod, life.OOM_CODE)
    elif not pod.running:
        kubelet.begin(world, pod)
    elif pod.terminating:
        kubelet.stop_process(world, pod)
    else:
        world.emit("up", pod)
        if not pod.ready and pod.live:
            payload = (pod.id, pod.epoch, pod.turns, "ready", "")
            world.push(verdicts.seen_ns(world.now_ns + 1), PROBE, "verdict", payload)


# -- drains ---------------------------------------------------------------------------------


def drain(world: World, machine: Machine, for_ns: int = 0) -> None:
    """``kubectl drain``: no new pods, and each one there is evicted as its budget allows.

    An engine's containers are stopped as dockerd does when its machine goes down in order.
    """
    machine.cordoned = True
    machine.epoch += 1
    _turned(world, machine)
    world.emit("node drained", None, subject=machine.name)
    engines = [c for c in on_board(world, machine) if not c.kubelet]
    for container in engines:
        container.struck = "drained" if container.running else ""
        life.signal(world, container, "SIGTERM")
        world.push(world.now_ns + ENGINE_STOP_NS, LIFE, "pod signal", (container.id, "SIGKILL"))
    if engines:
        machine.off = True
        _engine_away(world, machine, (), cut=True, for_ns=for_ns)
    world.push(world.now_ns, SYNC, "node drain", (machine.name, machine.epoch))
    if for_ns:
        world.push(world.now_ns + for_ns, FAULT, "node back", (machine.name, machine.epoch))


def on_node_drain(world: World, payload: Payload) -> None:
    """Entry ``node drain``: name, epoch. Evictions that were refused are tried again."""
    machine = _current(world, payload)
    if machine is None or not machine.cordoned:
        return
    pods = [pod for pod in on_board(world, machine) if pod.kubelet and not pod.terminating]
    if not all([evict(world, pod) for pod in pods]):
        world.push(world.now_ns + EVICT_AGAIN_NS, SYNC, "node drain", payload)


def evict(world: World, pod: Container) -> bool:
    """The eviction API: the pod is deleted, or (False, a 429) its budget does not allow it.

    Pending, ended and terminating pods skip the budget; one that runs and is not ready may go
    where enough others are healthy.
    """
    if pod.phase == "running" and not pod.terminating:
        allowed = disruptions_allowed(world, pod.stack, pod.key)
        if allowed is not None and allowed < (1 if pod.ready else 0):
            world.emit("eviction refused", pod, "its budget allows none")
            return False
    pod.struck = pod.struck or "drained"
    kubelet.end_pod(world, pod)
    return True


def disruptions_allowed(world: World, stack: str, key: ResourceKey) -> int | None:
    """healthy - desired, below 0 when too few are; None where there is no budget.

    Shares of either kind round up (kubernetes ``pkg/controller/disruption``).
    """
    site = world.site
    budget = site.disruptions.get(str(key)) if site is not None else None
    thing = world.holding(stack).objects.get(key)
    if budget is None or thing is None or thing.state is None:
        return None
    expected = deployment.replicas_of(world, thing)
    if budget.min_available is not None:
        desired = amount_of(budget.min_available, expected, up=True)
    else:
        desired = expected - amount_of(budget.max_unavailable or 0, expected, up=True)
    healthy = sum(pod.ready and not pod.terminating for pod in world.of(stack, key))
    return healthy - max(0, desired)

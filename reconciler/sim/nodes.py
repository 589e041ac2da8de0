"""Placement: on which machine an instance goes, by what it requests.

As kube-scheduler does with its defaults, in outline: filter by room (NodeResourcesFit), then
score by what is left (LeastAllocated, over CPU and memory alike), then spread. Where that
leaves a tie the machine that was declared first is taken, while kube-scheduler draws lots.
Source: kubernetes ``pkg/scheduler/framework/plugins/noderesources``.
"""

from collections import Counter
from collections.abc import Collection, Iterable

from reconciler.model.observed import Fields
from reconciler.model.units import NS_PER_S
from reconciler.sim.machine import Asked, Machine
from reconciler.sim.placing import Placing
from reconciler.sim.site import Site
from reconciler.sim.things import Container
from reconciler.sim.world import SYNC, World

# What a pod without requests counts as in scores, not in room: ``DefaultMilliCPURequest`` …
UNSAID: Asked = (100, 200 * 1024 * 1024)

SLOW_LEAST_NS = 10 * NS_PER_S
SLOW_MOST_NS = 30 * NS_PER_S

SCORE_MOST = 100


def requests_of(site: Site, container: Container) -> Asked:
    """What a container is promised: millicores and bytes."""
    known = site.requests.get(str(container.key))
    return known if known is not None else requested(container.fields)


def requested(fields: Fields) -> Asked:
    """What fields of an instance request; a limit alone is a request too."""
    cpu = fields.get("resources.cpu_request", fields.get("resources.cpu_limit"))
    memory = fields.get("resources.memory_request", fields.get("resources.memory_limit"))
    return (cpu if isinstance(cpu, int) else 0, memory if isinstance(memory, int) else 0)


def choose(
    machines: Iterable[Machine], asked: Asked, beside: Counter[str] | None = None
) -> Machine | None:
    """The machine for an instance that asks for so much; None where none has room.

    `beside` counts the instances of the same resource by machine: of equal scores the one with
    fewest of them is taken.
    """
    best: Machine | None = None
    best_rank = (0, 0)
    for machine in machines:
        if not machine.schedulable or not machine.has_room(asked):
            continue
        rank = (least_allocated(machine, asked), -(beside[machine.name] if beside else 0))
        if best is None or rank > best_rank:
            best, best_rank = machine, rank
    return best


def least_allocated(machine: Machine, asked: Asked) -> int:
    """How much is left with it, 0 to 100: the mean of the shares of CPU and of memory."""
    cpu_m, memory = machine.cpu_m, machine.memory_bytes
    of_cpu = _left(cpu_m, machine.used_cpu_m + (asked[0] or UNSAID[0])) if cpu_m else 0
    of_memory = _left(memory, machine.used_memory + (asked[1] or UNSAID[1])) if memory else 0
    if cpu_m and memory:
        return (of_cpu + of_memory) // 2
    if cpu_m or memory:
        return of_cpu + of_memory
    # Without a bound, the fewer it holds the better.
    return SCORE_MOST - min(len(machine.held), SCORE_MOST)


def _left(capacity: int, used: int) -> int:
    return max(0, capacity - used) * SCORE_MOST // capacity


def refusal(machines: Collection[Machine], asked: Asked, *, known: bool = False) -> str:
    """Why none takes it, in kube-scheduler's words: ``0/3 nodes are available: …``.

    Where an instance would fit but for max_utilisation, that is what binds, and it is said.
    `known`: who asks knows which machines do not answer.
    """
    reasons: Counter[str] = Counter()
    for machine in machines:
        if known and not machine.reachable:
            reasons["node(s) did not answer"] += 1
        elif machine.unknown:
            reasons["node(s) had untolerated taint {node.kubernetes.io/unreachable: }"] += 1
        elif machine.cordoned:
            reasons["node(s) were unschedulable"] += 1
        else:
            for what in machine.lacking(asked):
                reasons[f"Insufficient {what}{_but_for(machine, what, asked)}"] += 1
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return f"0/{len(machines)} nodes are available: {told or 'there are none'}."


def _but_for(machine: Machine, what: str, asked: Asked) -> str:
    index = 0 if what == "cpu" else 1
    whole = machine.whole[index]
    used = machine.used_cpu_m if what == "cpu" else machine.used_memory
    fits = whole is not None and used + asked[index] <= whole
    return " (max_utilisation)" if fits else ""


def place(world: World, container: Container) -> str:
    """Give a container its machine, or say why there is none; then it waits for one."""
    site = world.site
    if site is None or not site.machines or container.id in site.placed:
        return ""
    asked = requests_of(site, container)
    machine = _best(world, site, container)
    if machine is None:
        if not container.kubelet:  # it is started again by whoever wants it
            return refusal(site.machines.values(), asked, known=True)
        site.waiting[container.id] = None
        return placing_of(world, site).refusal(asked, refusal)
    put(site, container, machine, asked)
    world.emit("placed", container, machine.name)
    return ""


def placing_of(world: World, site: Site) -> Placing:
    """Who is where; found anew in a copy, from a file, and where machines have come."""
    found = site.placing
    if found is None or len(found.machines) != len(site.machines):
        owners = ((id, world.containers[id]) for id in site.placed)
        found = site.placing = Placing.of(
            site.machines.values(),
            least_allocated,
            ((id, site.placed[id], (owner.stack, owner.key)) for id, owner in owners),
        )
    return found


def put(site: Site, container: Container, machine: Machine, asked: Asked) -> None:
    """It is there from now on; a container of an engine is its machine's also when it has ended."""
    site.put(container.id, machine, asked, (container.stack, container.key))
    if not container.kubelet:
        container.home = machine.name


def answers(world: World, container: Container) -> bool:
    """Whether the machine that it is on hears what it is told; True for what is on none."""
    site = world.site
    if site is None:
        return True
    machine = site.machine_of(container.id) or site.machines.get(container.home)
    return machine is None or machine.reachable


def _best(world: World, site: Site, container: Container) -> Machine | None:
    """Engines know at once which machines are away; a cluster's control plane learns it."""
    owner, asked = (container.stack, container.key), requests_of(site, container)
    placing, machines = placing_of(world, site), site.machines.values()
    if container.kubelet or all(machine.reachable for machine in machines):
        return placing.best(owner, asked)
    there = [machine for machine in machines if machine.reachable]
    return choose(there, asked, placing.spread(owner))


def board(world: World) -> None:
    """Put everything that runs already on a machine, on the least allocated where none has room.

    For a world in which a live stack is mirrored, and for one whose site comes late.
    """
    site = world.site
    if site is None or not site.machines:
        return
    for container in world.containers.values():
        if container.running and container.id not in site.placed:
            asked = requests_of(site, container)
            machine = _best(world, site, container) or max(
                site.machines.values(), key=lambda each: least_allocated(each, asked)
            )
            put(site, container, machine, asked)


def slow_start_ns(world: World, container: Container) -> int:
    """What a start takes more on a slow machine: 10 to 30 s, from a stream of its own.

    Counted for the machine the container is on, or else would be put on now.
    """
    site = world.site
    if site is None:
        return 0
    machine = site.machine_of(container.id) or _best(world, site, container)
    if machine is None or not machine.slow:
        return 0
    span_ns = SLOW_MOST_NS - SLOW_LEAST_NS + 1
    return SLOW_LEAST_NS + world.streams.below(f"{container.key} slow start", span_ns)


def use(site: Site) -> dict[str, tuple[int, int]]:
    """What is requested of each machine: millicores, bytes."""
    return {name: (each.used_cpu_m, each.used_memory) for name, each in site.machines.items()}


def try_again(world: World) -> None:
    """Let the pods that fit nowhere be looked at once more."""
    if world.site is not None and world.site.waiting:
        world.push(world.now_ns, SYNC, "schedule", ())

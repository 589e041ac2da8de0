"""What externals that go away for a time do to the apps that need them.

A `Behaviour` says for each external what its app does without it: ``exit`` ends, ``error`` stays
up and is useless until it is started again, ``unready`` fails its readiness until the external
is back.
"""

from reconciler.sim import life, verdicts
from reconciler.sim.probes import REFUSES
from reconciler.sim.things import Container
from reconciler.sim.world import FAULT, LIFE, Payload, World

EXIT_CODE = 1


def leave(world: World, name: str, for_ns: int = 0) -> None:
    """An external goes away, for good when `for_ns` is 0."""
    until_ns = world.now_ns + for_ns if for_ns else -1
    world.externals_away[name] = until_ns
    world.emit("external away", None, subject=name)
    for container in list(world.containers.values()):
        if container.phase == "running" and not container.gone:
            _miss(world, container, name, container.behaviour.needs_timeout_ns)
    if for_ns:
        world.push(until_ns, FAULT, "external back", (name, until_ns))


def _miss(world: World, container: Container, name: str, after_ns: int) -> None:
    if name in dict(container.behaviour.needs):
        payload = (container.id, container.epoch, name)
        world.push(world.now_ns + after_ns, LIFE, "lack", payload)


def on_lack(world: World, payload: Payload) -> None:
    """Entry ``lack``: id, epoch, external. Its app has waited long enough."""
    container = world.containers.get(payload[0])
    if container is None or container.epoch != payload[1] or container.hung:
        return
    name = payload[2]
    does = dict(container.behaviour.needs).get(name)
    if does is None or name not in world.externals_away:
        return
    world.emit("lack", container, f"{name}: {does}")
    if does == "exit":
        life.end(world, container, EXIT_CODE)
    elif does == "error":
        _fail(world, container, name)
    else:
        verdicts.turn(world, container, REFUSES, "readiness")


def _fail(world: World, container: Container, name: str) -> None:
    """The error state. Liveness sees it; readiness only where it asks the same."""
    container.error = f"{name} is away"
    world.emit("error", container, name)
    verdicts.resume(world, container)


def on_external_back(world: World, payload: Payload) -> None:
    """Entry ``external back``: name, and until when it was to be away."""
    name, until_ns = payload
    if world.externals_away.get(name) != until_ns:
        return
    del world.externals_away[name]
    world.emit("external back", None, subject=name)
    for container in list(world.containers.values()):
        needs = dict(container.behaviour.needs)
        if container.phase == "running" and needs.get(name) == "unready" and not container.hung:
            began = container.started_at_ns or world.now_ns
            verdicts.resume(world, container, began + container.behaviour.ready_ns)

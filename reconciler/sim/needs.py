"""What externals that go away for a time do to the apps that need them.

A `Behaviour` says for each external what its app does without it: ``exit`` ends, ``error`` stays
up and is useless until it is started again, ``unready`` fails its readiness until the external
is back.
"""

from reconciler.sim import life
from reconciler.sim.probes import asking
from reconciler.sim.things import Container
from reconciler.sim.world import FAULT, LIFE, PROBE, Payload, World

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
        readiness = asking(container.fields, "readiness")
        if readiness is not None:
            began = container.started_at_ns or world.now_ns
            world.push(readiness.fails_at(began, world.now_ns), PROBE, "lack unready", payload)


def _fail(world: World, container: Container, name: str) -> None:
    """The error state. Liveness sees it; readiness only where it asks the same."""
    began, now = container.started_at_ns or world.now_ns, world.now_ns
    token, fields = (container.id, container.epoch), container.fields
    readiness, liveness = asking(fields, "readiness"), asking(fields, "liveness")
    world.emit("error", container, name)
    if liveness is not None:
        why = f"liveness probe failed: {name} is away"
        world.push(liveness.fails_at(began, now), PROBE, "dead", (*token, why))
    if readiness is not None and _asks(container, "readiness") == _asks(container, "liveness"):
        world.push(readiness.fails_at(began, now), PROBE, "unready", token)


def _asks(container: Container, probe: str) -> tuple[object, ...]:
    names = ("kind", "port", "path", "command", "service", "file")
    return tuple(container.fields.get(f"{probe}.{name}") for name in names)


def on_lack_unready(world: World, payload: Payload) -> None:
    """Entry ``lack unready``: id, epoch, external. Its readiness has failed, if it still does."""
    container = world.containers.get(payload[0])
    if container is None or container.epoch != payload[1]:
        return
    if payload[2] in world.externals_away:
        life.become_unready(world, container)


def on_external_back(world: World, payload: Payload) -> None:
    """Entry ``external back``: name, and until when it was to be away."""
    name, until_ns = payload
    if world.externals_away.get(name) != until_ns:
        return
    del world.externals_away[name]
    world.emit("external back", None, subject=name)
    for container in list(world.containers.values()):
        if container.phase != "running" or dict(container.behaviour.needs).get(name) != "unready":
            continue
        readiness = asking(container.fields, "readiness")
        if readiness is not None and not container.ready:
            began = container.started_at_ns or world.now_ns
            up = max(world.now_ns, began + container.behaviour.ready_ns)
            token = (container.id, container.epoch)
            world.push(readiness.passes_at(began, up), PROBE, "ready", token)

"""A world in which runs what was observed somewhere else: a live stack, to rehearse on.

Ids, names, revisions and fields are those that were seen, so that a plan made against the
mirror is the plan that would be made against the original.
"""

from reconciler.model.observed import Foreign, Instance, Observed, ObservedObject
from reconciler.sim import life
from reconciler.sim.behaviour import Behaviour
from reconciler.sim.engine import held_by
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import World

FIRST_ID = 1 << 32  # what was seen may be of a simulated world too, even one of the same seed


def mirror(world: World, observed: Observed) -> None:
    """Put everything that was observed into an empty world, at the time it was seen."""
    world.now_ns = observed.target_now_ns
    world.ids = max(world.ids, FIRST_ID)
    stack = observed.scope.stack
    held = world.holding(stack)
    for reference, image_id in observed.images.items():
        if image_id is not None:
            world.images.local[reference] = world.images.remote[reference] = image_id
            world.images.stored[image_id] = None
    for thing in observed.objects.values():
        world.add_object(_thing(stack, thing))
    for instance in observed.instances:
        world.images.stored[instance.image_id] = None
        container = world.add_container(_container(world, stack, instance))
        if container.running:
            _go_on(world, container)
    for record in observed.records:
        held.records[record.id] = record
    held.frozen_records = None
    for foreign in observed.foreign:
        _stand(world, foreign)


def _thing(stack: str, seen: ObservedObject) -> Thing:
    own = {path: value for path, value in seen.fields.items() if path not in seen.defaults}
    return Thing(seen.id, seen.key, stack, own, seen.defaults, owned=seen.owned, status=seen.status)


def _container(world: World, stack: str, seen: Instance) -> Container:
    asked = str(seen.fields.get("restart.policy", "never"))
    return Container(
        seen.id, seen.name, seen.key, stack, seen.ordinal, seen.revision, seen.attempt,
        seen.streak, fields=seen.fields, defaults=seen.defaults, depends=seen.depends,
        holds=held_by(seen.fields), image_id=seen.image_id,
        behaviour=world.behaviour_of(seen.key, seen.fields, seen.image_id),
        phase=seen.phase, ready=seen.ready, live=seen.live,
        policy=asked if seen.armed else "never",
        asked_restart=asked if seen.armed else "always",
        created_at_ns=seen.created_at_ns, started_at_ns=seen.started_at_ns,
        ready_since_ns=seen.ready_since_ns, finished_at_ns=seen.finished_at_ns,
        exit_code=seen.exit_code, oom_killed=seen.oom_killed, starts=1,
        engine_restarts=seen.engine_restarts, message=seen.message, log=seen.log_tail,
    )  # fmt: skip


def _go_on(world: World, container: Container) -> None:
    """What runs holds its ports; how it will behave from here on is the world's to say."""
    for port in life.host_ports(container):
        world.ports[port] = container.id
    behaviour: Behaviour = container.behaviour
    if container.key.kind == "job" and behaviour.run_ns is not None:
        token = (container.id, container.epoch)
        code = (*token, behaviour.exit_code, False)
        world.push(world.now_ns + behaviour.run_ns, 0, "exit", code)


def _stand(world: World, foreign: Foreign) -> None:
    """Somebody else's, with the name and the host ports that stand in the way."""
    made = world.add_foreign(foreign.name)
    assert isinstance(made, Container)
    fields = {}
    for published in foreign.host_ports:
        address, _, transport = published.rpartition("/")
        ip, _, port = address.rpartition(":")
        fields[f"ports.{port}/{transport}"] = f"{ip}:{port}"
        world.ports[port] = made.id
    made.fields = fields

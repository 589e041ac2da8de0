"""The controllers of a simulated cluster: each runs when its object wakes it."""

from reconciler.model.fields import revision_of
from reconciler.model.observed import Status
from reconciler.model.resource import ResourceKey
from reconciler.sim import deployment, statefulset
from reconciler.sim.deployment import Rollout, int_of, new_pod, set_status, settings, template_of
from reconciler.sim.things import Thing
from reconciler.sim.world import Payload, World


def on_sync(world: World, payload: Payload) -> None:
    """Entry ``sync``: stack, kind, name and id of a workload's object."""
    stack, kind, name, id = payload
    thing = world.holding(stack).objects.get(ResourceKey(kind, name))
    if thing is None or thing.id != id:
        return
    rollout: Rollout = thing.state
    rollout.pending = False
    if rollout.timer_ns is not None and world.now_ns >= rollout.timer_ns:
        rollout.timer_ns = None
    if kind == "job":
        _job(world, thing)
    elif settings(world, thing).get("workload") == "statefulset":
        statefulset.sync(world, thing)
    else:
        deployment.sync(world, thing)


def _job(world: World, thing: Thing) -> None:
    """One pod at a time until one succeeds, or none is left to try."""
    template = template_of(thing.fields)
    revision = revision_of(template, ())
    pods = [p for p in world.of(thing.stack, thing.key) if p.revision == revision]
    failed = [p for p in pods if p.phase == "exited" and p.exit_code]
    if any(p.phase == "exited" and p.exit_code == 0 for p in pods):
        set_status(world, thing, Status(True, True, "", revision))
    elif len(failed) > int_of(world, thing, "retries"):
        set_status(world, thing, Status(False, False, "backoff limit exceeded", revision))
    else:
        if len(failed) == len(pods):
            new_pod(world, thing, revision, template)
        set_status(world, thing, Status(False, True, "running", revision))

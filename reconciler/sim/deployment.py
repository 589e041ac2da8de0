"""The simulated Deployment controller with its ReplicaSets.

Pods are containers of the world. A controller keeps what it needs in its object's `state`
and runs a moment after anything it watches has changed.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.fields import revision_of
from reconciler.model.observed import Fields, Status
from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim import kubelet, life, ranks
from reconciler.sim.rolling import Counts, fenceposts, new_spec, old_specs, proportional
from reconciler.sim.things import Container, Thing, Transition
from reconciler.sim.versions import rules_of
from reconciler.sim.world import SYNC, Payload, World

SYNC_LAG_NS = 20 * NS_PER_MS  # from a change until its controller has seen it
PROGRESS_NS = 600 * NS_PER_S
BURST_PODS = 500  # made or ended by one run of the ReplicaSet controller

# What belongs to the Deployment itself and not to its pods' template.
OWN = ("replicas", "rollout.", "revision_history", "retries", "completions")


@dataclass(slots=True)
class ReplicaSet:
    """The pods of one revision of a template. `batch`: how many are made next; 0 at rest."""

    revision: str
    template: Fields
    spec: int = 0
    batch: int = 0


@dataclass(slots=True)
class Rollout:
    """What the Deployment controller keeps; `sets` oldest first, `scale` the autoscaler's."""

    sets: list[ReplicaSet] = field(default_factory=list)
    observed_generation: int = 0
    replicas: int = 0  # as of the last sync: the annotation desired-replicas
    surge: int = 0
    progress: tuple[int, ...] = ()
    progress_ns: int = 0
    complete_generation: int = 0
    pending: bool = False
    timer_ns: int | None = None
    made: int = 0
    scale: int | None = None

    def clone(self) -> "Rollout":
        """A copy of its own."""
        return replace(self, sets=[replace(each) for each in self.sets])


def template_of(fields: Fields) -> dict[str, Any]:
    """The part of a workload's fields that its pods are made from."""
    return {path: value for path, value in fields.items() if not path.startswith(OWN)}


def settings(world: World, thing: Thing) -> dict[str, Any]:
    """What a workload says of itself: by its fields, by the site's policy, or by default."""
    policy = world.site.policies.get(str(thing.key), {}) if world.site is not None else {}
    return {**thing.defaults, **policy, **thing.fields}


def replicas_of(world: World, thing: Thing) -> int:
    """How many pods it should have: as its autoscaler set it, else as it says itself."""
    rollout: Rollout = thing.state
    if rollout.scale is not None:
        return rollout.scale
    replicas: int = settings(world, thing).get("replicas", 1)
    return replicas


def wake(world: World, thing: Thing) -> None:
    """Let the object's controller run soon; several changes make one run."""
    if not thing.state.pending:
        thing.state.pending = True
        _push(world, thing, world.now_ns + SYNC_LAG_NS)


def _wake_at(world: World, thing: Thing, at_ns: int) -> None:
    """Let it run at a time too, unless it runs by itself before."""
    rollout: Rollout = thing.state
    if rollout.timer_ns is None or at_ns < rollout.timer_ns:
        rollout.timer_ns = at_ns
        _push(world, thing, at_ns)


def _push(world: World, thing: Thing, at_ns: int) -> None:
    world.push(at_ns, SYNC, "sync", (thing.stack, thing.key.kind, thing.key.name, thing.id))


def watch(world: World, told: Transition) -> None:
    """A listener: a change of a pod or of its object wakes the object's controller.

    An ended pod that is being deleted is gone, by way of the heap.
    """
    thing = told.thing
    if isinstance(thing, Thing):
        if thing.state is not None and told.what in ("made", "changed", "edited"):
            wake(world, thing)
        return
    if thing is None or not thing.kubelet:
        return
    if told.what == "exited" and thing.terminating:
        world.push(life.seen_ns(world.now_ns), SYNC, "pod gone", (thing.id,))
    owner = world.holding(told.stack).objects.get(thing.key)
    if owner is not None and owner.state is not None:
        wake(world, owner)


# -- Deployment ---------------------------------------------------------------------------


def sync(world: World, thing: Thing) -> None:
    """One run of the controller over a Deployment."""
    rollout: Rollout = thing.state
    fields = settings(world, thing)
    replicas = replicas_of(world, thing)
    surge, unavailable = fenceposts(
        fields["rollout.max_surge"], fields["rollout.max_unavailable"], replicas
    )
    new = _newest(rollout, template_of(thing.fields))
    counts = {each.revision: _counts(world, thing, each) for each in rollout.sets}
    old = [each for each in rollout.sets if each is not new]
    if rollout.observed_generation and rollout.replicas != replicas:
        _scale(rollout, replicas, surge)
    elif fields["rollout.strategy"] == "recreate":
        for each in old:
            each.spec = 0
        if not any(_pods(world, thing, each) for each in old):
            new.spec = replicas
    else:
        total = sum(each.spec for each in rollout.sets)
        wanted = new_spec(counts[new.revision], total, replicas, surge)
        if wanted != new.spec:
            new.spec = wanted
        else:
            specs = old_specs(
                counts[new.revision], [counts[each.revision] for each in old],
                replicas, unavailable,
            )  # fmt: skip
            for each, spec in zip(old, specs, strict=True):
                each.spec = spec
    rollout.replicas, rollout.surge = replicas, surge
    moved = [_fill(world, thing, each) for each in rollout.sets]
    rollout.sets = [
        each for each in rollout.sets if each is new or each.spec or _pods(world, thing, each)
    ]
    report(world, thing, new, replicas)
    if any(moved):
        wake(world, thing)


def _newest(rollout: Rollout, template: dict[str, Any]) -> ReplicaSet:
    """The set of this template; an old one becomes the newest again when it is asked for."""
    revision = revision_of(template, ())
    for each in rollout.sets:
        if each.revision == revision:
            rollout.sets.remove(each)
            break
    else:
        each = ReplicaSet(revision, template)
    rollout.sets.append(each)
    return each


def _scale(rollout: Rollout, replicas: int, surge: int) -> None:
    """Replicas have changed: with several sets, each keeps its share."""
    active = [each for each in rollout.sets if each.spec]
    if len(active) <= 1:
        (active or rollout.sets)[-1].spec = replicas
        return
    active.sort(key=lambda each: -each.spec)
    most = rollout.replicas + rollout.surge
    specs = proportional([each.spec for each in active], replicas, surge, most)
    for each, spec in zip(active, specs, strict=True):
        each.spec = spec


def _pods(world: World, thing: Thing, each: ReplicaSet) -> list[Container]:
    """The pods of a set, those that are ending included."""
    return [p for p in world.of(thing.stack, thing.key) if p.revision == each.revision]


def _counts(world: World, thing: Thing, each: ReplicaSet) -> Counts:
    min_ready = int_of(world, thing, "rollout.min_ready")
    ready = [
        pod.ready_since_ns
        for pod in _pods(world, thing, each)
        if pod.ready and not pod.terminating and pod.ready_since_ns is not None
    ]
    available = 0
    for since in ready:
        if since + min_ready <= world.now_ns:
            available += 1
        else:
            _wake_at(world, thing, since + min_ready)
    return Counts(each.spec, available)


def _fill(world: World, thing: Thing, each: ReplicaSet) -> bool:
    """Make or end pods until the set has as many as it should; whether any was.

    They are made by slow start, one, then two, then four, each batch when the one before it
    was answered (slowStartBatch in kubernetes ``pkg/controller/replicaset``).
    """
    pods = [p for p in _pods(world, thing, each) if not p.terminating]
    if len(pods) < each.spec:
        if not each.batch:
            each.batch = 1
            _make_batch(world, thing, each, each.spec - len(pods))
        return True
    excess = len(pods) - each.spec
    if excess > 0:
        related = [p for p in world.of(thing.stack, thing.key) if not p.terminating]
        log_scale = rules_of(world.kubernetes_version).log_scale_down
        order = ranks.first_to_go(pods, related, world.site, world.now_ns, log_scale=log_scale)
        for pod in order[: min(excess, BURST_PODS)]:
            kubelet.end_pod(world, pod)
    return excess > 0


def _make_batch(world: World, thing: Thing, each: ReplicaSet, missing: int) -> None:
    """One batch now, and the next, twice as large, when the API server has answered."""
    made = each.batch - 1  # in this run so far: 1 + 2 + 4 + …
    count = min(each.batch, missing, BURST_PODS - made)
    for _ in range(count):
        new_pod(world, thing, each.revision, each.template)
    each.batch = 0 if count == missing or made + count >= BURST_PODS else each.batch * 2
    if each.batch:
        at_ns = world.now_ns + world.latency_ns["apply"]
        world.push(
            at_ns,
            SYNC,
            "pods",
            (thing.stack, thing.key.kind, thing.key.name, thing.id, each.revision),
        )


def on_pods(world: World, payload: Payload) -> None:
    """Entry ``pods``: stack, kind, name and id of a workload's object, and a revision."""
    stack, kind, name, id, revision = payload
    thing = world.holding(stack).objects.get(ResourceKey(kind, name))
    if thing is None or thing.id != id:
        return
    for each in thing.state.sets:
        if each.revision == revision and each.batch:
            alive = sum(not pod.terminating for pod in _pods(world, thing, each))
            if alive < each.spec:
                _make_batch(world, thing, each, each.spec - alive)
            else:
                each.batch = 0
            wake(world, thing)


def report(world: World, thing: Thing, new: ReplicaSet, replicas: int) -> None:
    """Status as ``kubectl rollout status`` reads it, and the progress deadline."""
    rollout: Rollout = thing.state
    pods = [p for p in world.of(thing.stack, thing.key) if not p.terminating]
    updated = sum(p.revision == new.revision for p in pods)
    ready = sum(p.ready for p in pods)
    available = sum(_counts(world, thing, each).available for each in rollout.sets)
    progress = (updated, -(len(pods) - updated), ready, available, thing.generation)
    before = rollout.progress
    if (
        not before
        or progress[-1] != before[-1]
        or any(now > then for now, then in zip(progress, before, strict=True))
    ):
        rollout.progress_ns = world.now_ns
    rollout.progress = progress
    done = updated == len(pods) == available == replicas
    deadline_ns = rollout.progress_ns + int_of(world, thing, "rollout.deadline")
    if done:
        rollout.complete_generation = thing.generation
    # What was complete once may become unavailable, and is not late for that.
    waits = not done and rollout.complete_generation != thing.generation
    late = waits and world.now_ns >= deadline_ns
    if waits and not late:
        _wake_at(world, thing, deadline_ns)
    message = f"{updated} of {replicas} updated, {available} available"
    if late:
        message = f"progress deadline exceeded: {message}"
    set_status(world, thing, Status(done, not late, "" if done else message, new.revision))


def set_status(world: World, thing: Thing, status: Status) -> None:
    """Report a status, of the generation that was looked at."""
    rollout: Rollout = thing.state
    if (thing.status, rollout.observed_generation) != (status, thing.generation):
        thing.status, rollout.observed_generation = status, thing.generation
        world.touch_object(thing, "status", status.message)


def new_pod(world: World, thing: Thing, revision: str, template: Fields) -> None:
    """One more pod of this template."""
    rollout: Rollout = thing.state
    rollout.made += 1
    kubelet.make_pod(world, thing, revision, template, rollout.made)


def int_of(world: World, thing: Thing, path: str) -> int:
    """A number that a workload says of itself, 0 where it says none."""
    value = settings(world, thing).get(path, 0)
    return value if isinstance(value, int) else 0

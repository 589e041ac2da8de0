"""The simulated Deployment controller with its ReplicaSets.

Pods are containers of the world. A controller keeps what it needs in its object's `state`
and runs a moment after anything it watches has changed.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.fields import revision_of
from reconciler.model.observed import Fields, Status
from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim import kubelet, ranks, verdicts
from reconciler.sim.census import Census
from reconciler.sim.rolling import Counts, fenceposts, new_spec, old_specs, proportional
from reconciler.sim.things import Container, Thing, Transition
from reconciler.sim.versions import rules_of
from reconciler.sim.world import SYNC, Payload, World

SYNC_LAG_NS = 20 * NS_PER_MS  # from a change until its controller has seen it
PROGRESS_NS = 600 * NS_PER_S
BURST_PODS = 500  # made or ended by one run of the ReplicaSet controller

# What may change how a pod counts.
COUNTS = frozenset(
    ("created", "started", "ready", "unready", "terminating", "exited", "restarting")
)
# What asks something else of a workload's controller.
ASKS = frozenset(("made", "changed", "edited"))
FOREVER_NS = 1 << 63

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
    """What a workload says of itself: by its fields, by the site's policy, or by default.

    A field that holds its default says nothing: a dry run fills defaults in, and what it
    gives is applied.
    """
    policy = world.site.policies.get(str(thing.key), {}) if world.site is not None else {}
    if not policy:
        return {**thing.defaults, **thing.fields}
    said = {p: v for p, v in thing.fields.items() if p not in policy or thing.defaults.get(p) != v}
    return {**thing.defaults, **policy, **said}


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
    _, _, what, stack, key, _, _, thing = told
    if not isinstance(thing, Container):
        if thing is not None and thing.state is not None and what in ASKS:
            wake(world, thing)
        return
    if not thing.kubelet:
        return
    held = world.stacks[stack]
    census: Census | None = held.census.get(key)  # type: ignore[arg-type]
    if census is not None:
        if what in COUNTS:
            census.see(thing)
        elif what == "removed":
            census.forget(thing)
    if what == "exited" and thing.terminating:
        world.push(verdicts.seen_ns(world.now_ns), SYNC, "pod gone", (thing.id,))
    owner = held.objects.get(key)  # type: ignore[arg-type]
    if owner is not None and owner.state is not None and not owner.state.pending:
        wake(world, owner)


def census_of(world: World, thing: Thing) -> Census:
    """The pods of a workload, counted; where nobody watches them, they are counted anew."""
    held = world.holding(thing.stack)
    found: Census | None = held.census.get(thing.key)
    if found is None:
        found = Census.of(world.of(thing.stack, thing.key))
        if watch in world.listeners:
            held.census[thing.key] = found
    return found


# -- Deployment ---------------------------------------------------------------------------


def sync(world: World, thing: Thing) -> None:
    """One run of the controller over a Deployment."""
    rollout: Rollout = thing.state
    fields = settings(world, thing)
    replicas = replicas_of(world, thing)
    surge, unavailable = fenceposts(
        fields["rollout.max_surge"], fields["rollout.max_unavailable"], replicas
    )
    census, min_ready_ns = census_of(world, thing), _int(fields, "rollout.min_ready")
    new = _newest(rollout, thing.fields, census)
    counts = {
        each.revision: _counts(world, thing, census, each, min_ready_ns) for each in rollout.sets
    }
    old = [each for each in rollout.sets if each is not new]
    if rollout.observed_generation and rollout.replicas != replicas:
        _scale(rollout, replicas, surge)
    elif fields["rollout.strategy"] == "recreate":
        for each in old:
            each.spec = 0
        if not any(census.tally(each.revision).there for each in old):
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
    moved = [_fill(world, thing, census, each) for each in rollout.sets]
    rollout.sets = [
        each
        for each in rollout.sets
        if each is new or each.spec or census.tally(each.revision).there
    ]
    report(world, thing, new, replicas)
    if any(moved):
        wake(world, thing)


def _newest(rollout: Rollout, fields: Fields, census: Census) -> ReplicaSet:
    """The set of their template; an old one becomes the newest again when it is asked for."""
    if census.newest is None or census.newest[0] is not fields:
        asked = template_of(fields)
        census.newest = (fields, asked, revision_of(asked, ()))
    _, template, revision = census.newest
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


def _counts(
    world: World, thing: Thing, census: Census, each: ReplicaSet, min_ready_ns: int
) -> Counts:  # fmt: skip
    """A set's counts; when the next of its pods becomes available it is looked at again."""
    available, next_ns = census.tally(each.revision).available(world.now_ns, min_ready_ns)
    if next_ns is not None:
        _wake_at(world, thing, next_ns)
    return Counts(each.spec, available)


def _fill(world: World, thing: Thing, census: Census, each: ReplicaSet) -> bool:
    """Make or end pods until the set has as many as it should; whether any was.

    They are made by slow start, one, then two, then four, each batch when the one before it
    was answered (slowStartBatch in kubernetes ``pkg/controller/replicaset``).
    """
    pods = census.tally(each.revision).alive
    if len(pods) < each.spec:
        if not each.batch:
            each.batch = 1
            _make_batch(world, thing, each, each.spec - len(pods))
        return True
    excess = len(pods) - each.spec
    if excess > 0:
        for pod in _first_to_go(world, census, each, min(excess, BURST_PODS)):
            kubelet.end_pod(world, pod)
    return excess > 0


def _first_to_go(world: World, census: Census, each: ReplicaSet, count: int) -> list[Container]:
    """So many pods of a set that are to end. Without nodes the order found last often holds."""
    tally, site, now = census.tally(each.revision), world.site, world.now_ns
    log_scale = rules_of(world.kubernetes_version).log_scale_down
    if site is not None and site.placed:
        ranked = {name: other.rank(site) for name, other in census.tallies.items()}
        nodes = sum((other.nodes for other in ranked.values()), Counter[str | None]())
        return ranked[each.revision].first_to_go(nodes, now, log_scale=log_scale, most=count)
    found = tally.next_to_go(count, now)
    if found is not None:
        return found
    pods = list(tally.alive.values())
    order = ranks.first_to_go(pods, (), None, now, log_scale=log_scale)
    tally.leaving = order[count:][::-1]
    tally.leaving_until_ns = ranks.settled_until_ns(pods, now) if log_scale else FOREVER_NS
    return order[:count]


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
            alive = len(census_of(world, thing).tally(revision).alive)
            if alive < each.spec:
                _make_batch(world, thing, each, each.spec - alive)
            else:
                each.batch = 0
            wake(world, thing)


def report(world: World, thing: Thing, new: ReplicaSet, replicas: int) -> None:
    """Status as ``kubectl rollout status`` reads it, and the progress deadline."""
    rollout: Rollout = thing.state
    fields, census = settings(world, thing), census_of(world, thing)
    min_ready_ns = _int(fields, "rollout.min_ready")
    alive = sum(len(tally.alive) for tally in census.tallies.values())
    updated = len(census.tally(new.revision).alive)
    ready = sum(len(tally.ready) for tally in census.tallies.values())
    available = sum(
        _counts(world, thing, census, each, min_ready_ns).available for each in rollout.sets
    )
    progress = (updated, updated - alive, ready, available, thing.generation)
    before = rollout.progress
    if (
        not before
        or progress[-1] != before[-1]
        or any(now > then for now, then in zip(progress, before, strict=True))
    ):
        rollout.progress_ns = world.now_ns
    rollout.progress = progress
    done = updated == alive == available == replicas
    deadline_ns = rollout.progress_ns + _int(fields, "rollout.deadline")
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
    return _int(settings(world, thing), path)


def _int(fields: Fields, path: str) -> int:
    value = fields.get(path, 0)
    return value if isinstance(value, int) else 0

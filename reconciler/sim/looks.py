"""What a look at a world gets to see: one stack, now, or as it was, or only in part."""

from collections import deque
from dataclasses import replace

from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Foreign, Instance, Observed, ObservedObject, Scope
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.sim import harm, outcomes
from reconciler.sim.adoption import with_adoptable
from reconciler.sim.things import Container, Holding
from reconciler.sim.world import World

View = tuple[
    tuple[Instance, ...], dict[ResourceKey, ObservedObject], tuple[Record, ...], dict[str, str]
]

HISTORY = 64  # versions that a stale view can go back


class Looks:
    """Observations of one stack of a world."""

    def __init__(self, world: World, stack: str) -> None:
        self.world = world
        self.stack = stack
        self._history: deque[View] = deque(maxlen=HISTORY)

    def keep(self) -> None:
        """Remember how everything is, for looks that get to see it late."""
        self._history.append(self._view())

    def observe(self, scope: Scope) -> Observed:
        """A snapshot of what is in scope; TargetError while nothing answers."""
        world = self.world
        world.looks += 1
        if world.now_ns < world.unreachable_until_ns:
            raise _no_answer()
        if not world.throttle.lets(world.now_ns):
            said = outcomes.THROTTLED
            raise TargetError("retryable", said.code, said.message, said.hint)
        if world.faults:
            view = self._disturbed_look()
            seen = self._fresh(scope) if view is None else self._from_view(scope, view)
            seen = self._without_unobservable(seen)
        else:
            seen = self._fresh(scope)
        return with_adoptable(world, self.stack, seen) if scope.adopt else seen

    def _fresh(self, scope: Scope) -> Observed:
        world = self.world
        held = world.stacks[self.stack]
        if scope.keys is None:
            objects = {key: thing.observed() for key, thing in held.objects.items()}
            instances = _instances(held)
        else:
            objects, found = {}, []
            for key in sorted(scope.keys) if len(scope.keys) > 1 else scope.keys:
                thing = held.objects.get(key)
                if thing is not None:
                    objects[key] = thing.observed()
                same = held.instances.get(key)
                if same:
                    found += [each.frozen or each.instance() for each in same.values()]
            instances = tuple(found)
            for key in scope.wanted:
                thing = held.objects.get(key)
                if thing is not None:
                    objects[key] = thing.observed()
        return Observed(
            scope, world.now_ns, world.now_ns, objects, instances, held.all_records(),
            {image: world.images.id_of(image) for image in scope.images},
            self._foreign() if scope.keys is None and len(world.stacks) > 1 else (),
        )  # fmt: skip

    def _foreign(self) -> tuple[Foreign, ...]:
        found = []
        for container in self.world.containers.values():
            if container.stack != self.stack:
                ports = _published(container) if container.running else ()
                holds = container.name.startswith(f"{self.stack}-")
                if holds or ports:
                    found.append(Foreign(container.name, holds, ports))
        return tuple(sorted(found, key=lambda each: each.name))

    def _disturbed_look(self) -> View | None:
        hits = harm.struck(self.world, ("look_fails", "stale_view"), "look", self.stack, "look")
        if any(fault.kind == "look_fails" for fault in hits):
            raise _no_answer()
        back = max((fault.amount for fault in hits), default=0)
        if not back or not self._history:
            return None
        return self._history[max(-1 - back, -len(self._history))]

    def _without_unobservable(self, seen: Observed) -> Observed:
        """The same observation, less what faults keep from being read."""
        keys = {*seen.objects, *(i.key for i in seen.instances), *(seen.scope.keys or ())}
        hidden = {
            key: "the simulator cannot read it"
            for key in sorted(keys)
            if harm.struck(self.world, ("unobservable",), "look", str(key), str(key))
        }
        if not hidden:
            return seen
        return replace(
            seen,
            objects={key: each for key, each in seen.objects.items() if key not in hidden},
            instances=tuple(each for each in seen.instances if each.key not in hidden),
            unobservable=hidden,
        )

    def _view(self) -> View:
        held = self.world.stacks[self.stack]
        objects = {key: thing.observed() for key, thing in held.objects.items()}
        return _instances(held), objects, held.all_records(), dict(self.world.images.local)

    def _from_view(self, scope: Scope, view: View) -> Observed:
        """An old view that claims to be of now."""
        instances, objects, records, images = view
        covered = {
            key: found for key, found in objects.items() if scope.covers(key) or key in scope.wanted
        }
        return Observed(
            scope, self.world.now_ns, self.world.now_ns, covered,
            tuple(i for i in instances if scope.covers(i.key)), records,
            {image: images.get(image) for image in scope.images}, self._foreign(),
        )  # fmt: skip


def _instances(held: Holding) -> tuple[Instance, ...]:
    return tuple(
        container.frozen or container.instance()
        for same in held.instances.values()
        for container in same.values()
    )


def _published(container: Container) -> tuple[str, ...]:
    """Host ports as the engine lists them: ``0.0.0.0:8080/tcp``."""
    return tuple(
        sorted(
            f"{ip or '0.0.0.0'}:{port}/{path.rpartition('/')[2]}"
            for path, value in container.fields.items()
            if path.startswith("ports.")
            for ip, _, port in [str(value).rpartition(":")]
        )
    )


def _no_answer() -> TargetError:
    said = outcomes.UNREACHED
    return TargetError("unreachable", said.code, said.message)

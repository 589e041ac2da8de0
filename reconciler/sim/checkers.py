"""Checkers: what must hold at every instant, judged from the world alone.

Each hears every transition and collects its violations as sentences. What is expected is
plain data: a mapping from resource to `Expect`, which a test may change as desires change.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from reconciler.model.resource import ResourceKey
from reconciler.sim.things import Container, Transition
from reconciler.sim.trace import line_of
from reconciler.sim.world import World

Condition = Literal["exists", "started", "healthy", "completed"]


@dataclass(frozen=True, slots=True)
class Expect:
    """What is expected of one service or job: counts of instances, times in ns.

    `needs`: what it waits for, and in which condition. `backoff`: (first, longest) delay of
    replacements by policy.
    """

    replicas: int = 1
    surge: int = 0
    unavailable: int = 0
    min_ready_ns: int = 0
    singleton: bool = False
    needs: tuple[tuple[ResourceKey, Condition], ...] = ()
    backoff: tuple[int, int] | None = None


Expected = Mapping[ResourceKey, Expect]


class Checker(Protocol):
    """One property of the world's history."""

    violations: list[str]

    def on_transition(self, world: World, told: Transition) -> None:
        """Judge one transition."""


class _Base:
    def __init__(self, expected: Expected) -> None:
        self.expected = expected
        self.violations: list[str] = []

    def blame(self, told: Transition, text: str) -> None:
        self.violations.append(f"{line_of(told)}: {text}")


class CapacityFloor(_Base):
    """A voluntary stop leaves at least replicas - unavailable available.

    After an involuntary loss of an available instance the resource is left alone until it
    is complete again: a stop may have been decided before the loss was seen.
    """

    def __init__(self, expected: Expected) -> None:
        super().__init__(expected)
        self.lost: set[ResourceKey] = set()

    def on_transition(self, world: World, told: Transition) -> None:
        """Judge stops, and note losses."""
        pod, key = told.thing, told.key
        expect = self.expected.get(key) if key is not None else None
        if expect is None or key is None or not isinstance(pod, Container):
            return
        if told.what == "ready":
            if len(_available(world, told.stack, key, 0)) >= expect.replicas:
                self.lost.discard(key)
        elif told.what in ("unready", "hung", "exited", "restarting", "dead"):
            if not pod.terminating and not told.detail.startswith("SIG"):
                self.lost.add(key)
        elif told.what == "terminating" or (told.what == "signalled" and not pod.terminating):
            if key in self.lost or not _is_available(world, pod, expect.min_ready_ns):
                return
            others = _available(world, told.stack, key, expect.min_ready_ns, but=pod)
            floor = expect.replicas - expect.unavailable
            if len(others) < floor:
                self.blame(told, f"{len(others)} stay available, at least {floor} must")


class Surge(_Base):
    """Instances that are not on their way out: at most replicas + surge."""

    def on_transition(self, world: World, told: Transition) -> None:
        """Judge creations."""
        expect = self.expected.get(told.key) if told.key is not None else None
        if told.what != "created" or expect is None or told.key is None:
            return
        there = [
            pod
            for pod in world.of(told.stack, told.key)
            if not pod.terminating and pod.armed and pod.phase not in ("exited", "dead")
        ]
        if len(there) > expect.replicas + expect.surge:
            most = f"{expect.replicas} + {expect.surge}"
            self.blame(told, f"{len(there)} instances, {most} at most")


class Singleton(_Base):
    """At most one instance that may act, at every instant."""

    def on_transition(self, world: World, told: Transition) -> None:
        """Judge starts."""
        expect = self.expected.get(told.key) if told.key is not None else None
        if told.what != "started" or expect is None or not expect.singleton:
            return
        assert told.key is not None
        acting = [pod.name for pod in world.of(told.stack, told.key) if pod.may_act]
        if len(acting) > 1:
            self.blame(told, f"{', '.join(acting)} may act at once")


class DependencyOrder(_Base):
    """An instance starts only when what it needs meets its condition at that time.

    Restarts by the engine are its own doing and are not judged.
    """

    def on_transition(self, world: World, told: Transition) -> None:
        """Judge starts."""
        expect = self.expected.get(told.key) if told.key is not None else None
        if told.what != "started" or told.detail == "by the engine" or expect is None:
            return
        for need, condition in expect.needs:
            if not self._met(world, told.stack, need, condition):
                self.blame(told, f"{need} is not {condition}")

    def _met(self, world: World, stack: str, need: ResourceKey, condition: Condition) -> bool:
        if need in world.holding(stack).objects:
            return True
        pods = world.of(stack, need)
        if condition == "completed":
            return any(pod.phase == "exited" and pod.exit_code == 0 for pod in pods)
        if condition == "healthy":
            expect = self.expected.get(need, Expect())
            ready = sum(pod.ready for pod in pods)
            return ready >= max(1, expect.replicas - expect.unavailable)
        return bool(pods) and any(pod.starts for pod in pods)


class OnlyOurs(_Base):
    """Nothing without our mark is written."""

    def __init__(self) -> None:
        super().__init__({})

    def on_transition(self, world: World, told: Transition) -> None:
        """A façade tells of every write on what is not ours."""
        if told.what == "violation":
            self.blame(told, told.detail)


class Identity(_Base):
    """What goes is exactly what some call named by its full id."""

    def __init__(self) -> None:
        super().__init__({})
        self.gone: list[tuple[str, str]] = []

    def on_transition(self, world: World, told: Transition) -> None:
        """Note what goes."""
        if told.what in ("removed", "gone") and told.thing is not None:
            self.gone.append((told.thing.id, line_of(told)))

    def check(self, named: Collection[str]) -> None:
        """Judge everything that went by the ids that calls named."""
        self.violations = [f"{line}: no call named it" for id, line in self.gone if id not in named]


class RestartBound(_Base):
    """Replacements by policy of one ordinal are at least their backoff apart.

    The delay counts from the predecessor's end, which is after its creation.
    """

    def __init__(self, expected: Expected) -> None:
        super().__init__(expected)
        self.made_ns: dict[tuple[ResourceKey, int], int] = {}

    def on_transition(self, world: World, told: Transition) -> None:
        """Judge creations that are replacements."""
        pod = told.thing
        if told.what != "created" or not isinstance(pod, Container):
            return
        expect = self.expected.get(pod.key)
        last_ns = self.made_ns.get((pod.key, pod.ordinal))
        if expect is not None and expect.backoff and pod.streak > 0 and last_ns is not None:
            first, longest = expect.backoff
            # The first comes at once, as in the kubelet: 0, 10, 20, 40 … s.
            least_ns = 0 if pod.streak == 1 else min(first << min(pod.streak - 2, 40), longest)
            if world.now_ns - last_ns < least_ns:
                self.blame(told, f"{world.now_ns - last_ns} ns after the last, {least_ns} at least")
        self.made_ns[pod.key, pod.ordinal] = world.now_ns


def watch(world: World, *checkers: Checker) -> None:
    """Let checkers hear everything from now on."""
    world.listeners.extend(checker.on_transition for checker in checkers)


def violations(checkers: Iterable[Checker]) -> list[str]:
    """What all of them found."""
    return [text for checker in checkers for text in checker.violations]


def orphans(world: World, stack: str, wanted: Collection[ResourceKey]) -> list[str]:
    """What is ours and stands for nothing that is wanted."""
    held = world.holding(stack)
    found = [f"{key}" for key, thing in held.objects.items() if thing.owned and key not in wanted]
    found += [
        pod.name
        for key, pods in held.instances.items()
        if key not in wanted
        for pod in pods.values()
        if pod.owned
    ]
    return sorted(found)


def _is_available(world: World, pod: Container, min_ready_ns: int) -> bool:
    since = pod.ready_since_ns
    return pod.ready and since is not None and since + min_ready_ns <= world.now_ns


def _available(
    world: World, stack: str, key: ResourceKey, min_ready_ns: int, but: Container | None = None
) -> list[Container]:
    return [
        pod
        for pod in world.of(stack, key)
        if pod is not but and not pod.terminating and _is_available(world, pod, min_ready_ns)
    ]

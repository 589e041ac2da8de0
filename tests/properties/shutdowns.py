"""A whole stack is shut down: in order, within its bounds, and whoever dies meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import strategies as st

from reconciler.controller.core import Controller
from reconciler.controller.interface import Policy
from reconciler.drivers.virtual import InFlight, Kill, RunResult, run
from reconciler.model.stack import Stack
from reconciler.model.units import NS_PER_S
from reconciler.plan.planner import emptied
from reconciler.plan.shutdown import ending_of
from reconciler.sim.behaviour import rule
from reconciler.sim.cluster import SimCluster
from reconciler.sim.engine import SimEngine
from reconciler.sim.things import Transition
from reconciler.sim.world import World
from tests.properties.cases import stack_of

S = NS_PER_S
HOUR_NS = 3600 * S
# Of one wave: the calls that lead to its signal, the kill, and until that is seen.
CALLS_NS = 2 * S
READINESS = {"exec": ["true"], "period": "1s"}
RULES = (rule("stubborn", "stubborn"), rule("tardy", stop_ns=4 * S))
Json = dict[str, Any]


@dataclass(frozen=True)
class Shutdown:
    """A stack by what each service needs, how each ends, and the bounds in seconds.

    A bound of None is not set. `dies`: the calls at which a reconciler dies, one after another.
    """

    needs: Mapping[str, tuple[str, ...]]
    images: Mapping[str, str]
    bounds: Mapping[str, int | None]
    cluster: bool = False
    dies: tuple[tuple[int, Literal["before", "after", "lost"]], ...] = ()

    def stack(self) -> Stack:
        services = {
            name: {
                "image": f"{self.images[name]}:1", "readiness": READINESS,
                "depends_on": {f"service/{need}": "healthy" for need in self.needs[name]},
                "termination": {"grace": "30s"},
            }
            for name in self.needs
        }  # fmt: skip
        bounds = {name: f"{value}s" for name, value in self.bounds.items() if value is not None}
        return stack_of({"services": services, "shutdown": bounds})

    def wave(self, name: str) -> int:
        """From 1: the longest way from somebody whom nobody needs."""
        users = [user for user, needs in self.needs.items() if name in needs]
        return 1 + max(map(self.wave, users), default=0)


@dataclass
class Ends:
    """What happened to instances, by service."""

    began_ns: int = 0
    signalled: dict[str, int] = field(default_factory=dict)
    killed: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)

    def __call__(self, world: World, told: Transition) -> None:
        if told.key is None or told.key.kind != "service":
            return
        name = told.key.name
        if told.what == "signalled":
            table = self.killed if told.detail == "SIGKILL" else self.signalled
            table.setdefault(name, world.now_ns)
        elif told.what == "exited":
            self.ended[name] = world.now_ns
        elif told.what == "removed":
            self.removed[name] = world.now_ns


def target_of(world: World, stack: Stack, cluster: bool) -> SimEngine | SimCluster:
    return SimCluster(world, stack.name) if cluster else SimEngine(world, stack.name)


def standing(example: Shutdown) -> World:
    """A world in which the stack runs."""
    world, stack = World.fresh(1), example.stack()
    world.rules = RULES
    target = target_of(world, stack, example.cluster)
    result = run(
        Controller(stack, target.capabilities, Policy(confirmed=True)), target, max_ns=HOUR_NS
    )
    target.close()
    assert result.verdict.kind == "converged", result.verdict
    return world


def destroy(
    stack: Stack, world: World, *, cluster: bool = False, kill: Kill | None = None,
    in_flight: tuple[InFlight, ...] = (),
) -> RunResult:  # fmt: skip
    """A destroy as the command runs it."""
    target = target_of(world, stack, cluster)
    policy = Policy(confirmed=True, ending=ending_of(stack))
    controller = Controller(emptied(stack), target.capabilities, policy)
    result = run(controller, target, max_ns=HOUR_NS, kill=kill, in_flight=in_flight)
    target.close()
    return result


def watched(example: Shutdown, world: World | None = None) -> tuple[Ends, World]:
    """Destroy it, reconcilers dying as they do, and tell what happened."""
    world = world or standing(example)
    ends, stack = Ends(world.now_ns), example.stack()
    world.listeners.append(ends)
    in_flight: tuple[InFlight, ...] = ()
    for call, when in example.dies:
        died = destroy(
            stack, world, cluster=example.cluster, kill=Kill(call, when), in_flight=in_flight
        )
        in_flight = died.in_flight
    last = destroy(stack, world, cluster=example.cluster, in_flight=in_flight)
    world.listeners.remove(ends)
    assert last.verdict.kind == "converged", last.verdict
    left = world.holding(stack.name)
    assert not any(left.instances.values()) and not left.objects and not left.all_records()
    return ends, world


def check_order(example: Shutdown) -> None:
    """Nobody is told to end before all that need it have ended."""
    ends, _ = watched(example)
    for user, needs in example.needs.items():
        for need in needs:
            told = ends.signalled.get(need, ends.killed.get(need))
            assert told is None or told >= ends.ended[user], (need, user, ends)


def check_bounds(example: Shutdown) -> None:
    """Each wave within what drain and stop give it, all within the total."""
    ends, world = watched(example)
    drain, stop, flush, total = (example.bounds.get(n) for n in ("drain", "stop", "flush", "total"))
    waves = max(map(example.wave, example.needs))
    for name in example.needs:
        wave = example.wave(name)
        each_ns = (min(stop, 30) if stop else 30) * S + CALLS_NS
        most_ns = (drain or 0) * S + wave * each_ns
        if total is not None:
            most_ns = min(most_ns, total * S + waves * CALLS_NS)
        assert ends.ended[name] - ends.began_ns <= most_ns, (name, ends)
    _check_not_before_its_time(example, ends)
    rest_ns = (flush or 0) * S + CALLS_NS
    last_ns = max(ends.ended.values()) + rest_ns
    if total is not None:
        last_ns = min(last_ns, ends.began_ns + total * S + waves * CALLS_NS + CALLS_NS)
    assert world.now_ns <= last_ns, (world.now_ns, ends)


def _check_not_before_its_time(example: Shutdown, ends: Ends) -> None:
    """Nobody is signalled in the drain, killed before the bound, or gone before the flush."""
    drain, stop, flush, total = (example.bounds.get(n) for n in ("drain", "stop", "flush", "total"))
    over_ns = ends.began_ns + (total if total is not None else 10**6) * S
    for name, at_ns in ends.signalled.items():
        assert at_ns >= min(ends.began_ns + (drain or 0) * S, over_ns), (name, ends)
    for name, at_ns in ends.killed.items():
        since_ns = ends.signalled.get(name, over_ns)
        assert at_ns >= min(since_ns + (min(stop, 30) if stop else 30) * S, over_ns), (name, ends)
    if not example.cluster:
        flushed_ns = min(max(ends.ended.values()) + (flush or 0) * S, over_ns)
        assert not flush or min(ends.removed.values()) >= flushed_ns, ends


def check_crashes(example: Shutdown) -> None:
    """Whoever dies, all ends in order, and nothing is killed before it would have been."""
    ends, _ = watched(example)
    _check_not_before_its_time(example, ends)
    check_order(example)


NAMES = ("a", "b", "c", "d", "e")


@st.composite
def shutdowns(draw: st.DrawFn, *, crashes: bool = False) -> Shutdown:
    """Up to five services, each needing some of those before it."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    needs = {
        name: tuple(n for n in names[:index] if draw(st.booleans()))
        for index, name in enumerate(names)
    }
    images = {name: draw(st.sampled_from(("quick", "tardy", "stubborn"))) for name in names}
    bounds = {
        name: draw(st.sampled_from((None, *values)))
        for name, values in (
            ("drain", (3, 10)), ("stop", (2, 5, 60)), ("flush", (2, 7)), ("total", (0, 9, 25, 200)),
        )
    }  # fmt: skip
    deaths: Any = ()
    if crashes:
        ways = st.sampled_from(("before", "after", "lost"))
        deaths = draw(st.lists(st.tuples(st.integers(1, 12), ways), min_size=1, max_size=3))
    return Shutdown(needs, images, bounds, draw(st.booleans()), tuple(deaths))

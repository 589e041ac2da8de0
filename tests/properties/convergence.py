"""Where everything ends: convergence, crashes, hints, paths, progress."""

from collections.abc import Iterable

from reconciler.controller.interface import Event, Hinted, Policy
from reconciler.drivers.virtual import Kill
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.step import CreateInstance
from reconciler.model.units import NS_PER_S
from reconciler.sim import clock
from reconciler.sim.things import Container, Transition
from reconciler.sim.world import World
from tests.properties.cases import Case, Crash, stack_of, world_of
from tests.properties.world import (
    Applied,
    apply,
    broken,
    plan_of,
    rest,
    settle,
    started,
    state_of,
    strays,
)


def check_convergence(case: Case) -> None:
    """Property 1, with the bound, and with faults that stop."""
    world, after = broken(case, started(case)), stack_of(case.after)
    tries = settle(after, world)
    if not case.faults:
        began = tries[0].result.now_ns - world.now_ns
        assert began == 0 and len(tries) == 1, "\n".join(map(str, tries))
    rest(world)
    settle(after, world)
    _assert_matched(world, after)
    clock.run_until(world, world.now_ns + 600 * NS_PER_S)
    _assert_matched(world, after)
    calm = started(case)
    settle(after, calm)
    assert state_of(world, after) == state_of(calm, after)


def check_bound(case: Case) -> None:
    """Property 1: without faults it takes no longer than what the stack asks for adds up to."""
    world, after = started(case), stack_of(case.after)
    began_ns = world.now_ns
    done = apply(after, world)
    assert done.verdict == "converged", done
    took_ns, most_ns = world.now_ns - began_ns, bound_ns(case)
    assert took_ns <= most_ns, f"{took_ns / 1e9:.1f} s, {most_ns / 1e9:.1f} s at most\n{done}"


def bound_ns(case: Case) -> int:
    """Everything one after the other: pulls, starts, probes, soaking, stops, calls."""
    total = 30 * NS_PER_S
    for spec in (case.before or {}, case.after):
        declared = stack_of(spec).declared
        total += 10 * NS_PER_S * len(declared.jobs)
        for service in declared.services.values():
            each = 20 * NS_PER_S  # slow to start, to become ready, and the probe's period
            each += service.rollout.min_ready + service.termination.grace
            total += each * max(1, service.wanted) + 5 * NS_PER_S
    return total


def _assert_matched(world: World, stack: Stack) -> None:
    plan = plan_of(stack, world)
    assert plan.is_empty, [(str(c.key), c.reason, c.fields) for c in plan.changes]
    assert not strays(world, stack), strays(world, stack)


def check_idempotence(case: Case) -> None:
    """Property 12."""
    world, after = started(case), stack_of(case.after)
    settle(after, world)
    rest(world)
    version = world.version
    for policy in (None, Policy(), Policy(confirmed=True, restarts=True)):
        again = apply(after, world, policy=policy)
        assert again.plan.is_empty, [(str(c.key), c.reason) for c in again.plan.changes]
        assert not again.result.calls, again
        assert again.verdict == "converged", again
    assert world.version == version


# -- crash anywhere -------------------------------------------------------------------------


def check_crash(crash: Crash) -> None:
    """Property 13."""
    case = crash.case
    world, after = started(case), stack_of(case.after)
    whole_world = started(case)
    whole = apply(after, whole_world)
    assert whole.verdict == "converged", whole
    assert_survives(world, after, crash.calls, whole, whole_world)


def assert_survives(
    world: World,
    after: Stack,
    calls: Iterable[tuple[int, str]],
    whole: Applied,
    whole_world: World,
) -> None:
    """Killed at each of these calls in turn, it ends as without, at most one creation more each."""
    tries: list[Applied] = []
    crashes = 0
    for number, when in calls:
        left = tries[-1].result.in_flight if tries else ()
        call = 1 + (number - 1) % max(1, len(whole.result.calls))
        kill = Kill(call, when)  # type: ignore[arg-type]
        tries.append(apply(after, world, kill=kill, in_flight=left))
        crashes += tries[-1].result.killed
        if not tries[-1].result.killed:
            break
    if not tries or tries[-1].result.killed:
        left = tries[-1].result.in_flight if tries else ()
        tries.append(apply(after, world, in_flight=left))
    story = "\n".join(map(str, tries))
    verdict, wanted = tries[-1].verdict, whole.verdict
    assert verdict == wanted, f"{verdict}, without a crash {wanted}\n{story}"
    got, end = state_of(world, after), state_of(whole_world, after)
    assert got == end, f"{got}\n{end}\n{story}"
    made = sum(one.result.creations for one in tries)
    most = whole.result.creations + crashes
    assert made <= most, f"{made} creations, {most} at most\n{story}"
    plan, twin = plan_of(after, world), plan_of(after, whole_world)
    assert plan.is_empty and not twin.changes, [(str(c.key), c.reason) for c in plan.changes]


# -- hints ----------------------------------------------------------------------------------


def check_hints(case: Case) -> None:
    """Property 15."""
    calm, after = started(case), stack_of(case.after)
    settle(after, calm)
    world = broken(case, started(case))
    keys = sorted(ResourceKey("service", name) for name in case.after["services"])
    strange = ResourceKey("service", "nobody")
    inject: list[tuple[int, Event]] = []
    for index in range(case.seed % 40):
        some = frozenset({keys[index % len(keys)], *([strange] if index % 3 == 0 else [])})
        at_ns = world.now_ns + (index * 377 + case.seed) % 9_000 * 1_000_000
        inject.append((at_ns, Hinted(some if index % 4 else frozenset())))
    done = apply(after, world, inject=inject)
    assert done.verdict == "converged", done
    assert state_of(world, after) == state_of(calm, after)
    _assert_matched(world, after)


# -- paths ----------------------------------------------------------------------------------


def check_paths(case: Case) -> None:
    """Property 18."""
    assert case.before is not None
    before, after = stack_of(case.before), stack_of(case.after)
    straight = world_of(case.seed + 1)
    settle(after, straight)
    world = started(case)
    settle(after, world)
    assert state_of(world, after) == state_of(straight, after)
    settle(before, world)
    never = started(case)
    assert state_of(world, before) == state_of(never, before)


# -- progress -------------------------------------------------------------------------------


class Rank:
    """How far a stack is from where it is going; told of by each transition.

    An instance that is wanted has two stages before it (to be created, to be started), one
    that is not has its own way out. Nothing that we do may raise the sum.
    """

    def __init__(self, stack: Stack, world: World, end: World) -> None:
        self.stack = stack
        pods = [pod for pod in end.containers.values() if pod.key.kind == "service"]
        self.newest = {pod.key: pod.revision for pod in pods}
        self.doomed = world.containers.keys() - end.containers.keys()
        self.rises: list[str] = []
        self.states: list[object] = []
        self.last = self.rank(world)

    def rank(self, world: World) -> int:
        """The sum over all services."""
        held, total = world.holding(self.stack.name), 0
        for name, service in self.stack.declared.services.items():
            key, new = ResourceKey("service", name), dict[int, int]()
            for pod in world.of(self.stack.name, key):
                is_new = pod.revision == self.newest.get(key) and pod.id not in self.doomed
                if is_new and pod.ordinal not in new:
                    new[pod.ordinal] = 1 if pod.phase == "created" else 0
                else:
                    total += _way_out(pod)
            total += sum(new.values()) + 2 * (service.wanted - len(new))
        gone = [key for key in held.instances if self.stack.workload(key) is None]
        return total + sum(_way_out(p) for key in gone for p in held.instances[key].values())

    def on_transition(self, world: World, told: Transition) -> None:
        """Compare with before."""
        if not isinstance(told.thing, Container):
            return
        now = self.rank(world)
        if now > self.last:
            self.rises.append(f"{told.what} {told.subject}: {self.last} → {now}")
        self.last = now


def _way_out(pod: Container) -> int:
    if pod.phase in ("exited", "dead", "created"):
        return 1
    return 2 if pod.terminating else (3 if not pod.armed else 4)


def check_progress(case: Case) -> None:
    """Property 17: everything goes one way."""
    world, after = started(case), stack_of(case.after)
    end = started(case)
    settle(after, end)
    rank = Rank(after, world, end)
    world.listeners.append(rank.on_transition)
    seen: set[object] = set()
    back: list[object] = []
    last: list[object] = [None]

    def remember(world: World, told: Transition) -> None:
        state = _signature(world, after)
        if state != last[0] and state in seen:
            back.append((told.what, told.subject))
        seen.add(state)
        last[0] = state

    world.listeners.append(remember)
    done = apply(after, world)
    assert done.verdict == "converged", done
    assert not rank.rises, f"{rank.rises}\n{done}"
    assert not back, f"{back}\n{done}"
    assert rank.last == 0, f"{rank.last} left\n{done}"


def _signature(world: World, stack: Stack) -> object:
    """Who is there and how, by full id."""
    held = world.holding(stack.name)
    pods = sorted(
        (pod.id, pod.phase, pod.policy, pod.terminating, pod.ready)
        for same in held.instances.values()
        for pod in same.values()
    )
    return tuple(pods), tuple(sorted(t.id for t in held.objects.values()))


# -- rollback -------------------------------------------------------------------------------


def failing_service(case: Case) -> str:
    """The one whose image changes to a bad one."""
    assert case.before is not None
    return next(
        name
        for name, service in case.after["services"].items()
        if service["image"] != case.before["services"][name]["image"]
    )


def creations_of(tries: Iterable[Applied], image: str) -> int:
    """How many instances of an image calls have made."""
    return sum(
        isinstance(call.step, CreateInstance)
        and str(call.step.fields["image"]).endswith(image)
        and call.effect is not None
        and call.effect.kind == "done"
        for one in tries
        for call in one.result.calls
    )

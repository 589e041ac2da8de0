"""Driving a stack on a world, and saying how the world is."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.controller.core import Controller
from reconciler.controller.interface import Event, Policy
from reconciler.drivers.virtual import InFlight, Kill, RunResult, run
from reconciler.model.diagnostic import TargetError
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.step import kind_of
from reconciler.model.units import NS_PER_S
from reconciler.plan.plan import Plan
from reconciler.plan.planner import make_plan, scope_of
from reconciler.sim import clock
from reconciler.sim.engine import SimEngine
from reconciler.sim.harm import install
from reconciler.sim.world import World
from tests.properties.cases import Case, stack_of, world_of

HOUR_NS = 3600 * NS_PER_S
ROUNDS = 6  # applies after which everything must have come right


@dataclass
class Applied:
    """A plan, and what became of it."""

    plan: Plan
    result: RunResult

    @property
    def verdict(self) -> str:
        return self.result.verdict.kind

    @property
    def made(self) -> Counter[tuple[str, str]]:
        """The calls that were sent, by resource and kind."""
        return Counter((str(c.step.key), kind_of(c.step)) for c in self.result.calls)

    @property
    def planned(self) -> Counter[tuple[str, str]]:
        """The calls that were planned."""
        made: Counter[tuple[str, str]] = Counter()
        for change in self.plan.changes:
            made.update({(str(change.key), kind): n for kind, n in change.calls.items()})
        return made

    def __str__(self) -> str:
        verdict = self.result.verdict
        lines = [f"verdict {verdict.kind} {verdict.message}"]
        lines += [f"  {f.key} {f.phase}: {f.message}" for f in verdict.failures]
        lines += [f"  {n.at_ns} {n.key} {n.kind} {n.text}" for n in self.result.notices[-60:]]
        return "\n".join(lines)


def plan_of(stack: Stack, world: World, **more: Any) -> Plan:
    """What an apply would do now; asked again where nothing answers."""
    target = SimEngine(world, stack.name)
    try:
        for _ in range(20):
            try:
                observed = target.observe(scope_of(stack))
            except TargetError:
                clock.run_until(world, world.now_ns + 5 * NS_PER_S)
                continue
            return make_plan(stack, observed, {}, target.capabilities, target="simulator", **more)
    finally:
        target.close()
    raise AssertionError("the world never answered")


def apply(
    stack: Stack,
    world: World,
    *,
    policy: Policy | None = None,
    plan: Plan | None = None,
    kill: Kill | None = None,
    in_flight: Sequence[InFlight] = (),
    inject: Iterable[tuple[int, Event]] = (),
    max_ns: int = HOUR_NS,
    stop: Callable[[], bool] | None = None,
) -> Applied:
    """Observe, plan, and apply what was planned."""
    plan = plan if plan is not None else plan_of(stack, world)
    if policy is None:
        policy = Policy(approved={change.key: change for change in plan.changes})
    target = SimEngine(world, stack.name)
    controller = Controller(stack, target.capabilities, policy)
    try:
        result = run(
            controller, target, kill=kill, in_flight=in_flight, inject=inject, max_ns=max_ns,
            stop=stop, follow=policy.follow,
        )  # fmt: skip
    finally:
        target.close()
    return Applied(plan, result)


def settle(stack: Stack, world: World, **more: Any) -> list[Applied]:
    """Apply, and again a minute later where something went wrong, as a person would."""
    tries = [apply(stack, world, **more)]
    while tries[-1].verdict != "converged" and len(tries) < ROUNDS:
        left_behind(world, stack, tries[-1].result.in_flight)
        clock.run_until(world, world.now_ns + 60 * NS_PER_S)
        tries.append(apply(stack, world))
    assert tries[-1].verdict == "converged", "\n".join(map(str, tries))
    return tries


def left_behind(world: World, stack: Stack, calls: Sequence[InFlight]) -> None:
    """Let the calls of one that died take effect in their time."""
    target = SimEngine(world, stack.name)
    for left in calls:
        clock.run_until(world, max(world.now_ns, left.at_ns))
        left.call.effect = target.perform(left.perform.step, left.perform.deadline_ns)
    target.close()


def started(case: Case) -> World:
    """A world in which the case's stack runs as it was before."""
    world = world_of(case.seed)
    if case.before is not None:
        first = apply(stack_of(case.before), world)
        assert first.verdict == "converged", f"the stack as it was before: {first}"
        clock.run_until(world, world.now_ns + HOUR_NS)  # longer than any deadline
    return world


def broken(case: Case, world: World) -> World:
    """The same world, in which the case's faults are to come."""
    install(world, case.faults)
    return world


def rest(world: World) -> None:
    """Let everything that is to go wrong have gone wrong."""
    world.faults, world.fault_hits = (), []
    clock.run_until(world, world.now_ns + 120 * NS_PER_S)


State = tuple[list[tuple[str, Any]], list[tuple[Any, ...]]]


def state_of(world: World, stack: Stack) -> State:
    """What is there, but for ids, times, attempts and records.

    A volume that is kept though nobody declares it any more is not looked at.
    """
    held = world.holding(stack.name)
    volumes = stack.declared.volumes
    objects = [
        (str(key), sorted(thing.fields.items()))
        for key, thing in held.objects.items()
        if key.kind != "volume" or key.name in volumes
    ]
    instances = [
        (str(key), c.ordinal, c.revision, c.phase, c.ready, c.policy, sorted(c.fields.items()))
        for key, same in held.instances.items()
        for c in same.values()
    ]
    return sorted(objects), sorted(instances)


def wanted_keys(stack: Stack) -> set[ResourceKey]:
    """Everything that a stack stands for, by its declaration alone."""
    declared = stack.declared
    works = [*declared.services.values(), *declared.jobs.values()]
    keys = {ResourceKey("service", name) for name in declared.services}
    keys |= {ResourceKey("job", name) for name in declared.jobs}
    keys |= {ResourceKey("network", name) for name in declared.networks}
    keys |= {ResourceKey("volume", name) for name in declared.volumes}
    for work in works:
        keys |= {ResourceKey("network", name) for name in work.networks or ("default",)}
        keys |= {
            ResourceKey("config", f"{m.source}@{declared.configs[m.source].digest}")
            for m in work.configs
        }
        keys |= {
            ResourceKey("secret", f"{m.source}@{declared.secrets[m.source].digest}")
            for m in work.secrets
        }
    return keys


def strays(world: World, stack: Stack) -> list[str]:
    """What is ours and not wanted, and what is wanted in another number."""
    wanted, held = wanted_keys(stack), world.holding(stack.name)
    found = [
        f"{key} is left"
        for key, thing in held.objects.items()
        if thing.owned and key not in wanted and key.kind != "volume"
    ]
    found += [f"{key} is missing" for key in sorted(wanted) if _is_missing(world, stack, key)]
    for key, same in held.instances.items():
        service = stack.declared.services.get(key.name) if key.kind == "service" else None
        most = service.wanted if service else int(key in wanted)
        if len(same) > most:
            found.append(f"{len(same)} of {key}, {most} at most")
    return sorted(found)


def _is_missing(world: World, stack: Stack, key: ResourceKey) -> bool:
    if key.kind == "service":
        running = sum(c.phase == "running" and c.ready for c in world.of(stack.name, key))
        return running < stack.declared.services[key.name].wanted
    if key.kind == "job":
        return not any(c.exit_code == 0 for c in world.of(stack.name, key))
    return key not in world.holding(stack.name).objects

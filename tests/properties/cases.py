"""Examples: plain data whose printed form replays them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter

from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.model.stack import Declared, Stack
from reconciler.model.units import NS_PER_S
from reconciler.sim.behaviour import rule
from reconciler.sim.checkers import Condition, Expect
from reconciler.sim.faults import Fault
from reconciler.sim.world import World

STACK = "shop"
Spec = Mapping[str, Any]

# What an image does is a word in its name.
RULES = (
    rule("slow", start_ns=2 * NS_PER_S, ready_ns=8 * NS_PER_S, jitter_percent=40),
    rule("flaky", "crash", crashes=1),
    rule("stubborn", "stubborn"),
    rule("tardy", stop_ns=2 * NS_PER_S),
    rule("hang", "hang"),
    rule("bad", "never_ready"),
    rule("crash", "crash"),
)


@dataclass(frozen=True)
class Case:
    """A stack, what it becomes, the noise, and what goes wrong meanwhile.

    `before` None: there was nothing. `seed` is all of the noise.
    """

    before: Spec | None
    after: Spec
    seed: int = 0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Crash:
    """A case in which the reconciler dies at these calls, one after the other.

    Calls are counted modulo those that a whole run makes.
    """

    case: Case
    calls: tuple[tuple[int, Literal["before", "after", "lost"]], ...]


@cache
def _adapter() -> TypeAdapter[Declared]:
    return TypeAdapter(Declared)


def stack_of(spec: Spec | None, name: str = STACK) -> Stack:
    """A stack as if it had been read from a file."""
    made = {"name": name, "deletions": {"confirm_above": 99}, **(spec or {})}
    return Stack(_adapter().validate_python(made))


def world_of(seed: int) -> World:
    """An empty world in which the words in images mean something."""
    world = World.fresh(seed)
    world.rules = RULES
    return world


def expected_of(
    stack: Stack, *, evicted: frozenset[str] = frozenset()
) -> dict[ResourceKey, Expect]:
    """What checkers expect, by arithmetic of our own and not the product's.

    `evicted`: networks made anew, whose users keep no floor.
    """
    made = {}
    for name, service in stack.declared.services.items():
        replicas, surge, unavailable = _numbers(service)
        if evicted & set(service.networks or ("default",)):
            unavailable = replicas
        backoff = service.restart.backoff
        made[ResourceKey("service", name)] = Expect(
            replicas, surge, unavailable, service.rollout.min_ready, service.singleton,
            _needs(stack, service.depends_on), (backoff.first, backoff.longest),
        )  # fmt: skip
    for name, job in stack.declared.jobs.items():
        made[ResourceKey("job", name)] = Expect(needs=_needs(stack, job.depends_on))
    return made


def _numbers(service: Service) -> tuple[int, int, int]:
    """Replicas, surge and unavailable."""
    replicas, rollout = service.wanted, service.rollout
    if service.singleton or rollout.strategy == "recreate":
        return replicas, 0, replicas
    surge, unavailable = rollout.max_surge, rollout.max_unavailable
    if isinstance(surge, str):
        surge = (int(surge[:-1]) * replicas + 99) // 100
    if isinstance(unavailable, str):
        unavailable = int(unavailable[:-1]) * replicas // 100
    if any(port.host is not None for port in service.ports):
        return replicas, 0, min(replicas, max(1, unavailable))
    if rollout.strategy == "start-first":
        return replicas, max(1, surge), 0
    if not surge and not unavailable:
        unavailable = 1
    return replicas, surge, min(replicas, unavailable)


def _needs(stack: Stack, depends: Mapping[str, Any]) -> tuple[tuple[ResourceKey, Condition], ...]:
    """What is waited for; a service of which nothing is wanted is always as it should be."""
    keys = [(ResourceKey.parse(text), how) for text, how in depends.items()]
    services = stack.declared.services
    return tuple(
        (key, how) for key, how in keys if key.kind != "service" or services[key.name].wanted > 0
    )


def networks_made_anew(case: Case) -> frozenset[str]:
    """Networks that a change of their subnet makes anew."""
    before, after = (case.before or {}).get("networks", {}), case.after.get("networks", {})
    names = {"default", *before, *after}
    return frozenset(
        name
        for name in names
        if case.before is not None
        and (before.get(name) or {}).get("subnet") != (after.get(name) or {}).get("subnet")
    )

"""What must hold at every instant: floor, surge, singletons, order, and only ours."""

from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.units import NS_PER_S
from reconciler.sim.checkers import (
    CapacityFloor,
    Checker,
    DependencyOrder,
    Expected,
    Identity,
    OnlyOurs,
    RestartBound,
    Singleton,
    Surge,
    violations,
    watch,
)
from reconciler.sim.things import Container, Thing, Transition
from reconciler.sim.world import World
from tests.properties.cases import Case, Spec, expected_of, networks_made_anew, stack_of
from tests.properties.world import Applied, apply, broken, rest, settle, started, state_of


class NewestNeeds:
    """What starts finds what it depends on at its newest revision, not at the former one."""

    def __init__(self, stack: Stack, expected: Expected) -> None:
        self.stack, self.expected = stack, expected
        self.violations: list[str] = []

    def on_transition(self, world: World, told: Transition) -> None:
        """Judge starts that are not the engine's own."""
        pod, key = told.thing, told.key
        if told.what != "started" or told.detail or not isinstance(pod, Container):
            return
        work = self.stack.workload(key) if key is not None else None
        if work is None or key is None:
            return
        for need, condition in self.expected[key].needs:
            image = self.stack.workload(need)
            assert image is not None
            same = [p for p in world.of(told.stack, need) if _tag(p) == image.image]
            if condition == "completed":
                met = any(p.exit_code == 0 for p in same)
            else:
                met = bool(same) and (condition == "started" or any(p.ready for p in same))
            if not met:
                self.violations.append(f"{pod.name} started before {need} was {condition}")


def _tag(pod: Container) -> str:
    return str(pod.fields["image"]).rpartition("/")[2]


def _watched(case: Case, *kinds: type) -> list[str]:
    """Run a case under checkers of these kinds; what they found."""
    world, after = broken(case, started(case)), stack_of(case.after)
    expected = expected_of(after, evicted=networks_made_anew(case))
    checkers: list[Checker] = [kind(expected) for kind in kinds]
    watch(world, *checkers)
    settle(after, world)
    return violations(checkers)


def check_capacity_floor(case: Case) -> None:
    """Property 2."""
    found = _watched(case, CapacityFloor)
    assert not found, found


def check_surge(case: Case) -> None:
    """Property 3."""
    found = _watched(case, Surge)
    assert not found, found


def check_singleton(case: Case) -> None:
    """Property 4."""
    found = _watched(case, Singleton)
    assert not found, found


def check_restarts(case: Case) -> None:
    """Property 11, as far as the reconciler's own replacements go."""
    found = _watched(case, RestartBound)
    assert not found, found


def check_dependencies(case: Case) -> None:
    """Property 5."""
    world, after = started(case), stack_of(case.after)
    expected = expected_of(after, evicted=networks_made_anew(case))
    checkers: list[Checker] = [DependencyOrder(expected), NewestNeeds(after, expected)]
    watch(world, *checkers)
    settle(after, world)
    assert not violations(checkers), violations(checkers)


# -- only ours ------------------------------------------------------------------------------


def check_only_ours(case: Case) -> None:
    """Property 14: everything that is not ours, however it is called, stays as it is."""
    world, after = started(case), stack_of(case.after)
    neighbour = stack_of(_beside(case.before or case.after), "shop-web")
    first = apply(neighbour, world)
    assert first.verdict == "converged", first
    foreign = [*_confusing(world), *_of(world, "shop-web")]
    before = [_look(thing) for thing in foreign]
    records = dict(world.holding("shop-web").records)
    checkers: list[Checker] = [OnlyOurs()]
    identity = Identity()
    watch(world, *checkers, identity)
    broken(case, world)
    tries = settle(after, world)
    rest(world)
    identity.check(_named(tries))
    assert not violations(checkers), violations(checkers)
    assert not identity.violations, identity.violations
    assert [_look(thing) for thing in foreign] == before
    assert all(thing in _all(world) for thing in foreign)
    assert world.holding("shop-web").records == records


def _beside(spec: Spec) -> Spec:
    """The same stack with no address of its own, so that two of it have room."""
    services = {name: {**service, "ports": []} for name, service in spec["services"].items()}
    networks: dict[str, object] = {name: {} for name in spec["networks"]}
    return {**spec, "services": services, "networks": networks}


def _confusing(world: World) -> list[Container | Thing]:
    """Containers, networks and volumes of others with names and ids much like ours."""
    made: list[Container | Thing] = [
        world.add_foreign(name)
        for name in ("shop", "shop-db-0", "shop-web-0-0123456789-1", "shop_db", "db", "myshop-db")
        if name not in world.names
    ]
    for ours in [c for c in world.containers.values() if c.stack == "shop"]:
        twin = Container(
            ours.id[:12] + "0" * 52, f"{ours.name}0", ours.key, "shop2", ours.ordinal,
            ours.revision, ours.attempt, owned=False, phase=ours.phase, ready=ours.ready,
            created_at_ns=ours.created_at_ns, started_at_ns=ours.started_at_ns,
        )  # fmt: skip
        made.append(world.add_container(twin))
    for kind, name in (("network", "default"), ("volume", "data"), ("volume", "old")):
        key = ResourceKey(kind, name)  # type: ignore[arg-type]
        made.append(world.add_foreign("", stack="shop2", key=key))
    old = ResourceKey("network", "unused")
    made.append(world.add_foreign("", stack="shop", key=old))
    world.put_record("shop2", Record("revision", "service/db", 1, {"outcome": "failed"}))
    return made


def _of(world: World, stack: str) -> list[Container | Thing]:
    held = world.holding(stack)
    pods = [pod for same in held.instances.values() for pod in same.values()]
    return [*held.objects.values(), *pods]


def _all(world: World) -> list[Container | Thing]:
    things = [t for held in world.stacks.values() for t in held.objects.values()]
    return [*things, *world.containers.values()]


def _look(thing: Container | Thing) -> tuple[object, ...]:
    phase = (thing.phase, thing.policy, thing.starts) if isinstance(thing, Container) else ()
    return thing.id, thing.key, thing.stack, dict(thing.fields), *phase


def _named(tries: list[Applied]) -> set[str]:
    return {str(getattr(call.step, "id", "")) for one in tries for call in one.result.calls}


def check_name_taken(case: Case) -> None:
    """Property 14: what holds a name that we want is told of, and left alone."""
    world, after = started(case), stack_of(case.after)
    held = world.holding("shop")
    taken = []
    for network in sorted({n for s in after.declared.services.values() for n in s.networks}):
        key = ResourceKey("network", network)
        if key not in held.objects:
            taken.append(world.add_foreign("", stack="shop", key=key))
    key = ResourceKey("volume", "ledger")
    taken.append(world.add_foreign("", stack="shop", key=key))
    declared = {**case.after, "volumes": {**case.after["volumes"], "ledger": {}}}
    services = declared["services"] = {k: dict(v) for k, v in case.after["services"].items()}
    name = min(services)
    services[name]["volumes"] = ["ledger:/ledger"]
    only_ours = OnlyOurs()
    watch(world, only_ours)
    before = [_look(thing) for thing in taken]
    result = apply(stack_of(declared), world)
    assert any(finding.code == "R501" for finding in result.plan.errors), result.plan.findings
    assert result.verdict == "failed", result
    assert not only_ours.violations, only_ours.violations
    assert [_look(thing) for thing in taken] == before


# -- stale views ----------------------------------------------------------------------------


def check_stale_views(case: Case) -> None:
    """Property 16."""
    world, after = broken(case, started(case)), stack_of(case.after)
    expected = expected_of(after, evicted=networks_made_anew(case))
    identity = Identity()
    checkers: list[Checker] = [CapacityFloor(expected), Singleton(expected), OnlyOurs()]
    watch(world, *checkers, identity)
    tries = [apply(after, world, max_ns=900 * NS_PER_S)]
    rest(world)
    tries += settle(after, world, in_flight=tries[0].result.in_flight)
    identity.check(_named(tries))
    assert not violations(checkers), violations(checkers)
    assert not identity.violations, identity.violations
    calm = started(case)
    settle(after, calm)
    assert state_of(world, after) == state_of(calm, after)

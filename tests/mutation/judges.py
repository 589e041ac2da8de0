"""Judges: each runs one small example on the simulator and asserts what must hold.

Everything is fixed: the stacks, the noise, what goes wrong. A judge that is run twice says
the same twice.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from reconciler.controller.core import Controller
from reconciler.controller.interface import Event, Hinted, Policy
from reconciler.drivers.virtual import Kill, RunResult, run
from reconciler.model.change import Action
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.step import CreateInstance, SignalInstance, kind_of
from reconciler.model.units import NS_PER_S
from reconciler.plan.plan import Plan
from reconciler.plan.planner import make_plan, scope_of
from reconciler.sim import checkers, clock
from reconciler.sim.behaviour import rule
from reconciler.sim.engine import SimEngine
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.things import Container, Transition
from reconciler.sim.world import World
from tests.support.making import WEB, stack

S = NS_PER_S
HOUR = 3600 * S
TURNS_MOST = 1500  # a controller that has not ended by then goes round in circles
Json = dict[str, Any]
READY: Json = {"readiness": {"http": {"path": "/", "port": 80}, "period": "1s"}}
LIVE: Json = {**READY, "liveness": {"http": {"path": "/l", "port": 80}, "period": "1s"}}
RULES = (
    rule("bad", "never_ready"), rule("hang", "hang"), rule("tardy", stop_ns=6 * S),
    rule("fail", "fail"),
)  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """What must hold, and one check for each example of it."""

    name: str
    examples: Sequence[tuple[str, Callable[[], None]]]


# -- driving ------------------------------------------------------------------------------


def fresh() -> World:
    world = World.fresh(1)
    world.rules = RULES
    return world


def plan_of(made: Stack, world: World) -> Plan:
    engine = SimEngine(world, "shop")
    found = make_plan(
        made, engine.observe(scope_of(made)), {}, engine.capabilities, target="simulator"
    )
    engine.close()
    return found


def apply(
    made: Stack, world: World, policy: Policy | None = None, *, max_ns: int = HOUR, **more: Any
) -> tuple[Plan, RunResult]:
    """Plan, and apply what was planned."""
    plan = plan_of(made, world)
    if policy is None:
        policy = Policy(approved={change.key: change for change in plan.changes})
    engine = SimEngine(world, "shop")
    controller = Controller(made, engine.capabilities, policy)
    turns = count()
    result = run(
        controller, engine, max_ns=max_ns, follow=policy.follow,
        stop=lambda: next(turns) > TURNS_MOST, **more,
    )  # fmt: skip
    engine.close()
    return plan, result


def running(made: Stack) -> World:
    """A world in which this stack has been applied."""
    world = fresh()
    apply(made, world)
    clock.run_until(world, world.now_ns + 30 * S)
    return world


def made_of(result: RunResult) -> Counter[tuple[str, str]]:
    return Counter((str(call.step.key), kind_of(call.step)) for call in result.calls)


def planned(plan: Plan) -> Counter[tuple[str, str]]:
    made: Counter[tuple[str, str]] = Counter()
    for change in plan.changes:
        made.update({(str(change.key), kind): count for kind, count in change.calls.items()})
    return made


def state_of(world: World) -> Any:
    held = world.holding("shop")
    objects = sorted((str(key), sorted(t.fields.items())) for key, t in held.objects.items())
    instances = sorted(
        (str(key), c.ordinal, c.phase, c.ready, c.policy, sorted(c.fields.items(), key=str))
        for key, same in held.instances.items()
        for c in same.values()
    )
    return objects, instances


def images(world: World) -> list[str]:
    return sorted(str(c.fields["image"]) for c in world.containers.values())


# -- stacks -------------------------------------------------------------------------------


def web(image: str = "web:1", **service: Any) -> Stack:
    return stack(services={"web": {"image": image, "replicas": 2, **READY, **service}})


def pair(db: str = "db:1", image: str = "web:1", **more: Any) -> Stack:
    services = {
        "db": {"image": db, "volumes": ["data:/d"], **READY},
        "web": {"image": image, "replicas": 2, "depends_on": {"service/db": "healthy"}, **READY},
    }
    return stack(services=services, volumes={"data": {}}, **more)


def configured(digest: str, image: str = "web:1", **service: Any) -> Stack:
    service = {"image": image, "replicas": 2, "configs": ["m:/m"], **READY, **service}
    configs = {"m": {"content": digest, "digest": digest}}
    return stack(configs=configs, services={"web": service})


def job(image: str) -> Stack:
    needs = {"job/migrate": "completed"}
    return stack(
        jobs={"migrate": {"image": f"migrate-{image}"}},
        services={"web": {"image": image, "depends_on": needs, **READY}},
    )


def subnet(address: str) -> Stack:
    return stack(
        networks={"default": {"subnet": address}}, services={"web": {"image": "w", **READY}}
    )


ROOM: Json = {"rollout": {"max_surge": 1, "max_unavailable": 0}}
TIGHT: Json = {"rollout": {"max_surge": 0, "max_unavailable": 1}}
SOAK: Json = {"rollout": {"max_surge": 1, "max_unavailable": 0, "min_ready": "5s"}}

CHANGES: Sequence[tuple[str, Stack, Stack]] = (
    ("nothing to a pair", stack(), pair()),
    ("image", web(replicas=3, **ROOM), web("web:2", replicas=3, **ROOM)),
    ("image without room", web(replicas=3, **TIGHT), web("web:2", replicas=3, **TIGHT)),
    ("soaking", web(**SOAK), web("web:2", **SOAK)),
    ("environment", web(), web(environment={"A": "1"})),
    ("limit", web(), web(resources={"limits": {"memory": "1Gi"}})),
    ("more", web(replicas=1), web(replicas=3)),
    ("fewer", web(replicas=3), web(replicas=1)),
    ("singleton", web("tardy:1", singleton=True, replicas=1),
     web("tardy:1", singleton=True, replicas=1, command=["x"])),
    ("host ports", web("tardy:1", ports=["80-81:80"]),
     web("tardy:1", ports=["80-81:80"], command=["x"])),
    ("recreate", web("tardy:1", rollout={"strategy": "recreate"}),
     web("tardy:2", rollout={"strategy": "recreate"})),
    ("a pair's images", pair(), pair("db:2", "web:2")),
    ("config", configured("a"), configured("b")),
    ("job", job("a:1"), job("a:2")),
    ("subnet", subnet("10.0.0.0/24"), subnet("10.0.1.0/24")),
    ("one of two goes", pair(), stack(services={"db": {"image": "db:1", **READY}})),
    ("all goes", pair(), stack()),
)  # fmt: skip


# -- judges -------------------------------------------------------------------------------


def converges(before: Stack, after: Stack) -> None:
    """It ends as wanted, by the calls that were planned, and then there is nothing to do."""
    world = running(before)
    plan, result = apply(after, world)
    assert result.verdict.kind == "converged", result.verdict
    assert made_of(result) == planned(plan)
    again, idle = apply(after, world)
    assert again.is_empty and not idle.calls
    straight = running(after)
    kept = {ResourceKey("volume", "data")}
    for each in (world, straight):
        for key in kept:
            each.holding("shop").objects.pop(key, None)
    assert state_of(world) == state_of(straight)


def noisy(before: Stack, after: Stack) -> None:
    """Hints at every turn add no call."""
    world = running(before)
    inject: list[tuple[int, Event]] = [
        (world.now_ns + n * 7_000_000, Hinted(frozenset({WEB}) if n % 3 else frozenset()))
        for n in range(400)
    ]
    plan, result = apply(after, world, inject=inject)
    assert result.verdict.kind == "converged"
    assert made_of(result) == planned(plan)


def deaf(before: Stack, after: Stack) -> None:
    """No event comes through: it takes longer and ends the same."""
    world = running(before)
    install(world, [Fault("event_lost", nth=0)])
    _, result = apply(after, world, max_ns=600 * S)
    assert result.verdict.kind == "converged"


class Exits:
    """Nothing ends but disarmed, after its pre_stop, and is killed only after its grace."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.began: dict[str, int] = {}

    def on_transition(self, world: World, told: Transition) -> None:
        pod = told.thing
        if not isinstance(pod, Container):
            return
        if told.what == "updated" and not pod.armed:
            self.began.setdefault(pod.id, world.now_ns)
        if told.what != "signalled":
            return
        if pod.policy != "never":
            self.violations.append(f"{pod.name} is signalled and armed")
        pre_stop = int(str(pod.fields.get("stop.pre_stop", 0)))
        if told.detail != "SIGKILL":
            # The wait counts from the decision, a call ahead of what it begins with.
            if world.now_ns + S // 10 - self.began.get(pod.id, 0) < pre_stop:
                self.violations.append(f"{pod.name} is signalled too early")
        elif pod.signalled_at_ns is None or (
            world.now_ns - pod.signalled_at_ns < int(str(pod.fields["stop.grace"])) - pre_stop
        ):
            self.violations.append(f"{pod.name} is killed before its grace is over")


def expected(made: Stack) -> dict[ResourceKey, checkers.Expect]:
    found = {}
    for name, service in made.declared.services.items():
        rollout = service.rollout
        surge, unavailable = rollout.max_surge, rollout.max_unavailable
        needs = tuple((ResourceKey.parse(text), how) for text, how in service.depends_on.items())
        if service.singleton or rollout.strategy == "recreate":
            surge, unavailable = 0, service.wanted
        elif isinstance(surge, str):  # 25 % of 1 to 3
            surge, unavailable = 1, 0
        if service.has_fixed_host_port:
            surge, unavailable = 0, 1
        found[ResourceKey("service", name)] = checkers.Expect(
            service.wanted, int(surge), int(unavailable), rollout.min_ready, service.singleton,
            needs,
        )  # fmt: skip
    return found


def safe(before: Stack, after: Stack) -> None:
    """Floor, surge, singleton, order, ways out: at every instant."""
    world = running(before)
    numbers = expected(after)
    kinds = (checkers.Surge, checkers.Singleton, checkers.DependencyOrder)
    watching: list[Any] = [kind(numbers) for kind in kinds]
    watching += [checkers.OnlyOurs(), Exits()]
    if "default" not in after.declared.networks:
        watching.append(checkers.CapacityFloor(numbers))
    checkers.watch(world, *watching)
    apply(after, world)
    assert not checkers.violations(watching), checkers.violations(watching)


def ends_in_order() -> None:
    """Users end before what they use, and the network goes last."""
    world, order = running(pair()), []
    world.listeners.append(
        lambda _, told: order.append(told.key) if told.what in ("signalled", "gone") else None
    )
    _, result = apply(stack(), world)
    assert result.verdict.kind == "converged"
    assert [str(key) for key in order] == [
        "service/web", "service/web", "service/db", "network/default",
    ]  # fmt: skip
    assert all(call.effect and call.effect.kind == "done" for call in result.calls)


def crash(before: Stack, after: Stack, call: int, when: Any) -> None:
    """Killed at a call, a new process ends the same, with one creation more at most."""
    world = running(before)
    whole_world = world.clone()
    _, whole = apply(after, whole_world)
    _, first = apply(after, world, kill=Kill(1 + (call - 1) % len(whole.calls), when))
    assert first.killed
    _, second = apply(after, world, in_flight=first.in_flight)
    assert second.verdict.kind == "converged", second.verdict
    assert state_of(world) == state_of(whole_world)
    assert first.creations + second.creations <= whole.creations + 1
    assert plan_of(after, world).is_empty


QUICK: Json = {"rollout": {"deadline": "30s", "max_surge": 1, "max_unavailable": 0}}
GONE: Json = {"rollout": {"deadline": "30s", "strategy": "recreate"}}


def created(result: RunResult) -> list[str]:
    return sorted(
        {str(c.step.fields["image"]) for c in result.calls if isinstance(c.step, CreateInstance)}
    )


def goes_back(rollout: Json) -> None:
    """A bad revision gives way to the good one, once, and is not tried again unasked."""
    world = running(web(**rollout))
    bad = web("bad:2", **rollout)
    _, result = apply(bad, world)
    assert result.verdict.kind == "failed" and result.now_ns < world.now_ns + 300 * S
    assert [f.phase for f in result.verdict.failures] == ["held"]
    assert images(world) == ["web:1", "web:1"]
    plan, again = apply(bad, world)
    assert plan.is_empty and WEB in plan.held and not again.calls
    assert not created(apply(bad, world, Policy())[1])


def goes_back_after_crash(call: int) -> None:
    """A revision that failed is not tried again because of a crash."""
    world, bad = running(web(**QUICK)), web("bad:2", **QUICK)
    _, first = apply(bad, world, kill=Kill(call, "after"))
    tries = [first, apply(bad, world, in_flight=first.in_flight)[1], apply(bad, world)[1]]
    made = sum(c.step.fields["image"] == "bad:2" for r in tries for c in r.calls
               if isinstance(c.step, CreateInstance))  # fmt: skip
    assert made <= 2
    assert images(world) == ["web:1", "web:1"]


def goes_back_with_its_config() -> None:
    """What the good revision needs is there when it is wanted back."""
    world = running(configured("a", **GONE))
    _, result = apply(configured("b", "bad:2", **GONE), world)
    assert [f.phase for f in result.verdict.failures] == ["held"], result.verdict
    assert images(world) == ["web:1", "web:1"]


def goes_back_no_further() -> None:
    """A rollback that fails is not rolled back, nor is anything but the last good one tried."""
    world = running(web("web:0", **GONE))
    apply(web("web:1", **GONE), world)
    world.rules = (*world.rules, rule("web", "never_ready"))
    _, result = apply(web("bad:2", **GONE), world, max_ns=600 * S)
    assert created(result) == ["bad:2", "web:1"]
    assert result.verdict.kind == "failed"


class Delays:
    """Replacements come 0, 10, 20, 40 … s after their predecessor's end."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.ended_ns = 0

    def on_transition(self, world: World, told: Transition) -> None:
        pod = told.thing
        if told.what == "exited":
            self.ended_ns = world.now_ns
        elif told.what == "created" and isinstance(pod, Container) and pod.streak > 1:
            waited_ns = world.now_ns - self.ended_ns
            if waited_ns < min(10 << (pod.streak - 2), 300) * S:
                self.violations.append(f"{pod.name} after {waited_ns / S} s")


def restarts(image: str) -> None:
    """What hangs is replaced with growing delays, and not for ever."""
    world, watcher = fresh(), Delays()
    checkers.watch(world, watcher)
    _, result = apply(web(image, **LIVE, replicas=1), world, Policy(follow=True), max_ns=1200 * S)
    assert not watcher.violations, watcher.violations
    assert result.creations == 6
    assert len(world.containers) <= 2


def hung() -> None:
    """One that hangs once is replaced, and the replacement serves."""
    world = running(web(**LIVE))
    install(world, [Fault("hang", at_ns=20 * S)])
    apply(web(**LIVE), world, Policy(follow=True), max_ns=120 * S)
    ready = [c.ready for c in world.containers.values()]
    assert ready == [True, True]


def caps() -> None:
    """More deletions than the cap happen only when they were confirmed."""
    four = {f"s{n}": {"image": "a", **READY} for n in range(4)}
    world = running(stack(services=four))
    _, result = apply(stack(), world, Policy())
    assert not result.calls and len(world.containers) == 4
    apply(stack(), world, Policy(confirmed=True))
    assert not world.containers


def keeps_volumes() -> None:
    """Data stays, unless it was declared otherwise."""
    world = running(pair())
    apply(stack(), world)
    assert [str(key) for key in world.holding("shop").objects] == ["volume/data"]


def leaves_others_alone(removing: bool) -> None:
    """What is not ours is told of and never touched."""
    world, watcher = fresh(), checkers.OnlyOurs()
    key = ResourceKey("network", "theirs" if removing else "default")
    world.add_foreign("", stack="shop", key=key)
    checkers.watch(world, watcher)
    _, result = apply(web(), world, Policy(), max_ns=300 * S)
    assert not watcher.violations
    assert (result.verdict.kind == "converged") is removing
    assert key in world.holding("shop").objects


def refuses_stale() -> None:
    """A plan that is no longer so is refused before the first write."""
    world = running(web())
    plan = plan_of(web("web:2"), world)
    apply(web(replicas=3), world)
    _, result = apply(web("web:2"), world, Policy(approved={c.key: c for c in plan.changes}))
    assert result.verdict.kind == "stale" and not result.calls


def only_approved() -> None:
    """Nothing that was not agreed to is changed; looking alone changes nothing."""
    world = running(web())
    install(world, [Fault("edit", at_ns=5 * S, subject="service/web", field="command", value="x")])
    policy = Policy(approved={}, follow=True)
    _, result = apply(web(), world, policy, max_ns=90 * S)
    assert not result.calls
    _, result = apply(web("web:2"), world, Policy(act=False))
    assert not result.calls


def backs_off() -> None:
    """A call that always fails is tried less and less often; one that fails now and then is not."""
    world = fresh()
    install(world, [Fault("fail_before", on="create", nth=0)])
    _, result = apply(web(replicas=1), world, max_ns=300 * S)
    assert 6 <= len(result.calls) <= 20
    world = fresh()
    install(world, [Fault("fail_before", nth=n) for n in range(2, 40, 3)])
    _, result = apply(pair(), world)
    assert result.verdict.kind == "converged"
    assert world.now_ns - result.calls[0].at_ns < 18 * S


def order_of_lists() -> None:
    """The order in which networks, aliases and capabilities are written means nothing."""

    def made(names: list[str]) -> Stack:
        service = {"networks": names, "aliases": names}
        return stack(
            networks={"a": {}, "b": {}}, services={"web": {"image": "w", **READY, **service}}
        )

    world = running(made(["a", "b"]))
    assert plan_of(made(["b", "a"]), world).is_empty


def in_place() -> None:
    """A limit changes without a replacement, an image never does."""
    world = running(web())
    before = set(world.containers)
    plan, _ = apply(web(resources={"limits": {"memory": "1Gi"}}), world)
    assert set(world.containers) == before
    assert [c.action for c in plan.changes] == [Action.UPDATE]
    apply(web("web:2", resources={"limits": {"memory": "1Gi"}}), world)
    assert not set(world.containers) & before


def asks_politely() -> None:
    """What takes its time to stop is given it: pre_stop, signal, grace."""
    slow = {"termination": {"pre_stop": "3s", "grace": "30s"}}
    world, watcher = running(web("tardy:1", **slow)), Exits()
    checkers.watch(world, watcher)
    _, result = apply(stack(), world)
    assert not watcher.violations, watcher.violations
    signals = [c.step.signal for c in result.calls if isinstance(c.step, SignalInstance)]
    assert signals == ["SIGTERM", "SIGTERM"]


def tries_a_job_once() -> None:
    """A job runs once, and one that failed is not run again."""
    world = fresh()
    apply(job("fail:1"), world)
    _, result = apply(job("fail:1"), world)
    assert not result.calls and len(world.containers) == 1


def each(check: Callable[[Stack, Stack], None]) -> list[tuple[str, Callable[[], None]]]:
    return [(name, partial(check, before, after)) for name, before, after in CHANGES]


def crashes() -> list[tuple[str, Callable[[], None]]]:
    chosen = ("nothing to a pair", "image", "fewer", "singleton", "config", "job", "limit")
    return [
        (f"{name}, {when} call {call}", partial(crash, before, after, call, when))
        for name, before, after in CHANGES
        if name in chosen
        for call, when in ((2, "after"), (4, "lost"), (7, "after"), (9, "before"))
    ]


JUDGES: Sequence[Judge] = (
    Judge("converges by the planned calls", each(converges)),
    Judge("safe at every instant", each(safe)),
    Judge("stops politely", [("tardy", asks_politely)]),
    Judge("ends users first", [("a pair", ends_in_order)]),
    Judge("changes in place what can", [("limit", in_place)]),
    Judge("the order of lists means nothing", [("networks", order_of_lists)]),
    Judge("keeps data", [("volume", keeps_volumes)]),
    Judge("only ours", [("a name", partial(leaves_others_alone, False)),
                        ("a stray", partial(leaves_others_alone, True))]),
    Judge("deletions have a cap", [("four", caps)]),
    Judge("refuses a stale plan", [("replicas", refuses_stale)]),
    Judge("does only what was agreed to", [("edit", only_approved)]),
    Judge("backs off", [("create", backs_off)]),
    Judge("rolls back once", [("rolling", partial(goes_back, QUICK)),
                              ("recreate", partial(goes_back, GONE)),
                              ("config", goes_back_with_its_config),
                              ("twice", goes_back_no_further)]),
    Judge("a failure outlives a crash", [(f"call {n}", partial(goes_back_after_crash, n))
                                         for n in (2, 4, 5, 6)]),
    Judge("runs a job once", [("fail", tries_a_job_once)]),
    Judge("replaces what hangs", [("once", hung), ("always", partial(restarts, "hang:1"))]),
    Judge("hints mean only look again", each(noisy)),
    Judge("needs no hints", each(deaf)[:6]),
    Judge("a crash anywhere", crashes()),
)  # fmt: skip

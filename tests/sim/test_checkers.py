"""Each checker sees what it is for, and leaves alone what it is not for."""

from reconciler.model.resource import ResourceKey
from reconciler.model.step import CreateInstance
from reconciler.sim import harm
from reconciler.sim.behaviour import Behaviour
from reconciler.sim.checkers import (
    CapacityFloor,
    DependencyOrder,
    Expect,
    Identity,
    RestartBound,
    Singleton,
    Surge,
    orphans,
    violations,
    watch,
)
from reconciler.sim.faults import Fault
from reconciler.sim.world import World
from tests.sim.making import DB, FIELDS, JOB, NET, WEB, Bench, S


def watched(*checkers, **expect) -> Bench:
    bench = Bench(World.fresh(7))
    watch(bench.world, *checkers)
    return bench


def test_a_stop_below_the_floor_is_seen():
    floor = CapacityFloor({WEB: Expect(3, unavailable=1)})
    bench = watched(floor)
    pods = [bench.up(n) for n in range(3)]
    bench.signal(pods[0])
    assert floor.violations == []
    bench.signal(pods[1])
    assert len(floor.violations) == 1
    assert "1 stay available, at least 2 must" in floor.violations[0]


def test_stopping_what_is_not_available_never_breaks_the_floor():
    floor = CapacityFloor({WEB: Expect(2)})
    bench = watched(floor)
    bench.up(0)
    starting = bench.create(1)
    bench.start(starting)
    bench.signal(starting)
    bench.signal(starting, "SIGKILL")
    assert floor.violations == []


def test_what_is_ready_for_too_short_a_time_is_not_available():
    floor = CapacityFloor({WEB: Expect(1, min_ready_ns=60 * S)})
    bench = watched(floor)
    old = bench.up(0)
    bench.go(100 * S)
    bench.up(1)
    bench.signal(old)
    assert len(floor.violations) == 1


def test_a_stop_after_an_involuntary_loss_is_not_blamed():
    floor = CapacityFloor({WEB: Expect(2)})
    bench = watched(floor)
    pods = [bench.up(n) for n in range(3)]
    harm.install(bench.world, [Fault("crash", subject=pods[0].name)])
    bench.go(1)
    bench.signal(pods[1])
    assert floor.violations == []
    bench.go(10 * S)  # the crashed one is back, and all are complete
    bench.signal(pods[2])
    assert len(floor.violations) == 1


def test_too_many_instances_are_seen_and_those_on_their_way_out_do_not_count():
    surge = Surge({WEB: Expect(2, surge=1)})
    bench = watched(surge)
    bench.world.behaviours["service/web"] = Behaviour(stop_ns=100 * S)
    pods = [bench.up(n) for n in range(3)]
    bench.disarm(pods[0])
    bench.create(3)
    bench.signal(pods[1])
    bench.create(4)
    assert surge.violations == []
    bench.create(5)
    assert len(surge.violations) == 1


def test_two_that_may_act_at_once_are_seen():
    single = Singleton({WEB: Expect(singleton=True)})
    bench = watched(single)
    first, second = bench.up(0), bench.create(1)
    assert single.violations == []
    bench.start(second)
    assert len(single.violations) == 1
    assert first.name in single.violations[0]


def test_one_after_the_other_is_no_violation_for_a_singleton():
    single = Singleton({WEB: Expect(singleton=True)})
    bench = watched(single)
    first = bench.up(0)
    bench.signal(first)
    bench.go(5 * S)
    bench.up(1)
    assert single.violations == []


def test_a_start_before_its_dependency_is_healthy_is_seen():
    order = DependencyOrder(
        {WEB: Expect(needs=((DB, "healthy"), (NET, "exists"))), DB: Expect(2, unavailable=1)}
    )
    bench = watched(order)
    web, db = bench.create(0), bench.create(0, DB)
    bench.start(db)
    bench.start(web)
    assert len(order.violations) == 1
    assert "service/db is not healthy" in order.violations[0]
    bench.go(5 * S)
    bench.start(bench.create(1))
    assert len(order.violations) == 1


def test_started_and_completed_are_conditions_of_their_own():
    order = DependencyOrder({WEB: Expect(needs=((DB, "started"), (JOB, "completed")))})
    bench = watched(order)
    db, job = bench.create(0, DB), bench.create(0, JOB, restart__policy="never")
    bench.start(bench.create(0))
    assert len(order.violations) == 2
    bench.start(db)
    bench.start(job)
    bench.go(10 * S)
    assert job.phase == "exited"
    bench.start(bench.create(1))
    assert len(order.violations) == 2


def test_a_restart_by_the_engine_waits_for_nobody_and_is_not_judged():
    order = DependencyOrder({WEB: Expect(needs=((DB, "healthy"),))})
    bench = watched(order)
    bench.up(0, DB)
    web = bench.up(0)
    harm.install(
        bench.world, [Fault("hang", subject="service/db"), Fault("crash", subject=web.name)]
    )
    bench.go(20 * S)
    assert web.starts == 2
    assert order.violations == []


def test_what_goes_without_being_named_is_seen():
    identity = Identity()
    bench = watched(identity)
    first, second = bench.create(0), bench.create(1)
    bench.remove(first)
    bench.world.drop_container(second)
    identity.check({first.id})
    assert len(identity.violations) == 1
    assert second.name in identity.violations[0]


def test_replacements_closer_than_their_backoff_are_seen():
    bound = RestartBound({WEB: Expect(backoff=(10 * S, 300 * S))})
    bench = watched(bound)
    bench.up(0)

    def replace(streak: int) -> None:
        name = f"replacement-{len(bench.world.containers)}"
        assert bench.do(CreateInstance(WEB, name, 0, "r1", streak, FIELDS, streak)).kind == "done"

    bench.go(8 * S)
    replace(1)  # the first comes at once
    bench.go(20 * S)
    replace(2)
    assert bound.violations == []
    bench.go(19 * S)  # 20 s are asked
    replace(3)
    assert len(bound.violations) == 1
    bench.go(S)
    replace(0)  # a new revision is no replacement by policy
    assert len(violations([bound])) == 1


def test_what_is_ours_and_not_wanted_is_an_orphan():
    bench = Bench()
    pod = bench.up()
    bench.world.add_foreign("theirs")
    bench.world.add_foreign("", stack="shop", key=ResourceKey("volume", "theirs"))
    assert orphans(bench.world, "shop", {WEB, NET}) == []
    assert orphans(bench.world, "shop", set()) == ["network/default", pod.name]

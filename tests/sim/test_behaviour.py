import pytest

from reconciler.model.units import NS_PER_MS
from reconciler.sim.behaviour import JOB, MODES, SERVICE, Behaviour, Rule, rule
from reconciler.sim.world import World
from tests.sim.making import JOB as MIGRATE
from tests.sim.making import WEB, S


def test_a_job_ends_by_itself_and_a_service_does_not():
    world = World.fresh()
    assert world.behaviour_of(WEB, {}) is SERVICE
    assert world.behaviour_of(MIGRATE, {}) is JOB
    assert SERVICE.run_ns is None
    assert JOB.run_ns is not None


def test_an_image_changes_the_behaviour_of_what_runs_it():
    world = World.fresh()
    world.rules = (rule("web:2", "never_ready"),)
    assert world.behaviour_of(WEB, {"image": "web:2"}).never_ready
    assert not world.behaviour_of(WEB, {"image": "web:1"}).never_ready


def test_a_rule_can_be_about_any_field_of_one_resource():
    world = World.fresh()
    world.rules = (rule("bad", "crash", field="environment.MODE", key="service/web"),)
    fields = {"environment.MODE": "bad"}
    assert world.behaviour_of(WEB, fields).crash_after_ns is not None
    assert world.behaviour_of(MIGRATE, fields).crash_after_ns is None


def test_rules_add_up_in_order():
    world = World.fresh()
    world.behaviours["service/web"] = Behaviour(stop_ns=9 * S)
    world.rules = (rule("web", "crash"), rule("web", crash_after_ns=4 * S))
    behaviour = world.behaviour_of(WEB, {"image": "web:1"})
    assert (behaviour.crash_after_ns, behaviour.stop_ns) == (4 * S, 9 * S)


@pytest.mark.parametrize("mode", sorted(MODES))
def test_every_mode_changes_something(mode: str):
    made = rule("x", mode)
    assert isinstance(made, Rule)
    world = World.fresh()
    world.rules = (made,)
    assert world.behaviour_of(WEB, {"image": "x"}) != SERVICE


@pytest.mark.parametrize(
    ("busy_ms", "cost_ms", "given", "limit_m", "room"),
    [
        (100, 100, 0, 1000, (1, 1000)),
        (100, 100, 0, 4000, (4, 1000)),
        (20, 80, 0, 500, (1, 8000)),  # 160 ms of the clock for 80 ms of processor
        (40, 12, 0, 1000, (3, 1000)),  # of 3 1/3
        (45, 12, 0, 1000, (4, 1067)),  # of 3 3/4
        (100, 10, 4, 1000, (4, 1000)),  # its own limit is lower
        (100, 100, 8, 1000, (1, 1000)),
        (0, 100, 8, 1000, (8, 1000)),  # nobody has said what a request costs
        (100, 100, 8, None, (8, 1000)),
    ],
)
def test_how_many_at_once_a_cpu_limit_leaves_room_for(
    busy_ms: int, cost_ms: int, given: int, limit_m: int | None, room: tuple[int, int]
):
    made = Behaviour(
        concurrency=given, cpu_per_request_ns=cost_ms * NS_PER_MS, busy_ns=busy_ms * NS_PER_MS
    )
    assert made.room({"resources.cpu_limit": limit_m}) == room

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.observed import Scope
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.sim import clock
from reconciler.sim.trace import Trace
from reconciler.sim.world import EPOCH_NS, FAULT, LIFE, PROBE, World
from tests.sim.making import NET, WEB, Bench, S


def test_time_begins_at_a_fixed_instant():
    assert World.fresh().now_ns == EPOCH_NS


@given(st.permutations([(5, LIFE), (5, PROBE), (3, FAULT), (5, LIFE), (3, LIFE)]))
def test_what_is_due_at_once_happens_by_class_and_then_in_the_order_it_was_asked_for(order):
    world, seen = World.fresh(), []
    handlers = {"note": lambda world, payload: seen.append((world.now_ns - EPOCH_NS, *payload))}
    for number, (after, rank) in enumerate(order):
        world.push(EPOCH_NS + after, rank, "note", (rank, number))
    original, clock.HANDLERS = clock.HANDLERS, handlers
    try:
        clock.run_until(world, EPOCH_NS + 10)
    finally:
        clock.HANDLERS = original
    assert seen == sorted(seen)
    assert world.now_ns == EPOCH_NS + 10
    assert clock.next_ns(world) is None


def test_time_goes_forwards_only():
    world = World.fresh()
    with pytest.raises(AssertionError, match="forwards"):
        clock.run_until(world, EPOCH_NS - 1)


def test_the_heap_holds_plain_data_only():
    bench = Bench()
    bench.start(bench.create())
    kinds = {entry[3] for entry in bench.world.heap}
    assert kinds <= set(clock.HANDLERS)
    assert json.loads(json.dumps(bench.world.heap)) == [
        [*entry[:4], list(entry[4])] for entry in bench.world.heap
    ]


def test_ids_are_full_and_follow_from_the_seed():
    first, second = World.fresh(1), World.fresh(1)
    assert first.new_id("x") == second.new_id("x")
    assert first.new_id("x") != second.new_id("y")
    assert World.fresh(2).new_id("x") != World.fresh(1).new_id("x")
    assert len(first.new_id("x")) == 64


def busy() -> Bench:
    """A world in the middle of things: one ready, one starting, one stopping."""
    bench = Bench()
    bench.up(0)
    bench.signal(bench.up(1))
    bench.start(bench.create(2))
    bench.world.put_record("shop", Record("revision", "web", 1, {"revision": "r1"}))
    return bench


def test_a_clone_goes_on_exactly_as_its_original_would():
    bench = busy()
    clone = bench.world.clone()
    digests = []
    for world in (bench.world, clone):
        trace = Trace(world)
        clock.run_until(world, world.now_ns + 60 * S)
        digests.append((trace.compact, trace.digest))
    assert digests[0] == digests[1]
    assert digests[0][0]


def test_nothing_done_to_a_clone_shows_in_its_original():
    bench = busy()
    scope = Scope("shop")
    before = bench.engine.observe(scope)
    states = dict(bench.world.streams.states)
    clone = Bench(bench.world.clone())
    clone.up(7)
    for container in list(clone.world.containers.values()):
        clone.disarm(container)
        clone.signal(container, "SIGKILL")
    clone.go(60 * S)
    for container in list(clone.world.containers.values()):
        clone.remove(container)
    clone.world.drop_record("shop", "revision.web.1")
    clone.world.drop_object(clone.world.holding("shop").objects[NET])
    assert clone.engine.observe(scope).instances == ()
    assert bench.engine.observe(scope) == before
    assert bench.world.streams.states == states
    assert len(bench.world.containers) == 3


def test_nobody_listens_to_a_clone_yet():
    assert busy().world.clone().listeners == []


def test_a_clone_may_go_on_with_other_random_numbers():
    bench = busy()
    same, other = bench.world.clone(), bench.world.clone(seed=99)
    draws = {world.around("x", 10**9, 50) for world in (bench.world, same, other)}
    assert len(draws) == 2


def test_an_observation_is_the_same_object_until_something_changes():
    bench = Bench()
    pod = bench.up()
    assert bench.seen(pod) is bench.seen(pod)
    before = bench.seen(pod)
    bench.disarm(pod)
    assert bench.seen(pod) is not before
    assert (before.armed, bench.seen(pod).armed) == (True, False)


def test_what_is_not_ours_can_stand_in_the_way():
    bench = Bench()
    bench.world.add_foreign("shop-web-0", ports="8080")
    bench.world.add_foreign("", stack="shop", key=ResourceKey("volume", "data"))
    seen = bench.engine.observe(Scope("shop"))
    assert [(each.name, each.holds_name, each.host_ports) for each in seen.foreign] == [
        ("shop-web-0", True, ("0.0.0.0:8080/tcp",))
    ]
    assert not seen.objects[ResourceKey("volume", "data")].owned
    assert bench.engine.observe(Scope("shop", frozenset([WEB]))).objects == {}

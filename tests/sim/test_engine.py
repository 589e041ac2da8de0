"""The outcomes of calls on the simulated engine: what the real one would answer."""

import pytest

from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Scope
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    DONE,
    ApplyObject,
    CreateInstance,
    DeleteObject,
    DropRecord,
    PullImage,
    RemoveInstance,
    SignalInstance,
    StartInstance,
    Step,
    UpdateInstance,
    WriteRecord,
)
from reconciler.sim.behaviour import rule
from reconciler.sim.checkers import OnlyOurs, watch
from reconciler.sim.engine import SimEngine
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.world import World
from reconciler.targets.port import Target, VirtualTarget
from tests.sim.making import FIELDS, NET, WEB, Bench, S

VOLUME = ResourceKey("volume", "data")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_is_a_target_whose_time_is_virtual():
    target: VirtualTarget = SimEngine(World.fresh(), "shop")
    plain: Target = target
    assert (plain.name, plain.capabilities.workloads) == ("simulator", "instances")


# -- objects ------------------------------------------------------------------------------


def test_a_network_is_made_with_what_the_engine_fills_in(bench: Bench):
    bench.network()
    seen = bench.engine.observe(Scope("shop")).objects[NET]
    assert seen.fields == {"internal": False, "driver": "bridge", "subnet": "172.17.0.0/16"}
    assert set(seen.defaults) == {"driver", "subnet"}


def test_making_the_same_again_is_fine_and_another_is_refused(bench: Bench):
    step = ApplyObject(VOLUME, {"driver": "local"})
    assert bench.do(step) == DONE
    assert bench.do(step) == DONE
    assert bench.do(ApplyObject(VOLUME, {"driver": "nfs"})).kind == "terminal"


def test_no_network_changes_in_place(bench: Bench):
    bench.network()
    seen = bench.engine.observe(Scope("shop")).objects[NET]
    outcome = bench.do(ApplyObject(NET, {"internal": True}, seen.fingerprint))
    assert (outcome.kind, outcome.code) == ("terminal", "R432")


def test_what_was_expected_must_still_be_there(bench: Bench):
    assert bench.do(ApplyObject(VOLUME, {"driver": "local"}, "1")).kind == "conflict"
    bench.do(ApplyObject(VOLUME, {"driver": "local"}))
    assert bench.do(ApplyObject(VOLUME, {"driver": "local"}, "77")).kind == "conflict"


def test_overlapping_subnets_are_refused(bench: Bench):
    assert bench.do(ApplyObject(NET, {"subnet": "10.0.0.0/16"})) == DONE
    other = ResourceKey("network", "other")
    outcome = bench.do(ApplyObject(other, {"subnet": "10.0.7.0/24"}))
    assert (outcome.kind, outcome.code) == ("terminal", "R440")
    assert bench.do(ApplyObject(other, {"subnet": "10.1.0.0/16"})) == DONE


def test_two_networks_without_a_subnet_get_different_ones(bench: Bench):
    for name in ("a", "b", "c"):
        bench.do(ApplyObject(ResourceKey("network", name), {}))
    objects = bench.engine.observe(Scope("shop")).objects.values()
    assert len({each.fields["subnet"] for each in objects}) == 3


def test_a_network_is_in_use_by_what_runs_and_a_volume_by_every_container(bench: Bench):
    bench.do(ApplyObject(VOLUME, {"driver": "local"}))
    pod = bench.up(**{"volumes./data": "data:ro"})
    seen = bench.engine.observe(Scope("shop")).objects
    assert seen[NET].users == seen[VOLUME].users == (pod.id,)
    bench_delete = {key: DeleteObject(key, seen[key].id) for key in (NET, VOLUME)}
    assert [bench.do(step).kind for step in bench_delete.values()] == ["conflict", "conflict"]
    bench.signal(pod)
    bench.go(2 * S)
    assert bench.do(bench_delete[NET]) == DONE
    assert bench.do(bench_delete[VOLUME]).kind == "conflict"
    bench.remove(pod)
    assert bench.do(bench_delete[VOLUME]) == DONE


def test_only_the_object_that_was_seen_is_deleted(bench: Bench):
    bench.network()
    seen = bench.engine.observe(Scope("shop")).objects[NET]
    assert bench.do(DeleteObject(NET, "0" * 64)) == DONE  # that one is gone
    assert NET in bench.engine.observe(Scope("shop")).objects
    assert bench.do(DeleteObject(NET, seen.id, "99")).kind == "conflict"
    assert bench.do(DeleteObject(NET, seen.id, seen.fingerprint)) == DONE
    assert bench.do(DeleteObject(NET, seen.id)) == DONE  # absent is fine


# -- images -------------------------------------------------------------------------------


def test_every_image_exists_that_is_not_said_missing():
    bench = Bench(World.fresh(missing_images=["gone:1"]))
    bench.world.images.denied = frozenset(["secret:1"])
    assert bench.do(PullImage(WEB, "any:1")) == DONE
    missing, denied = (bench.do(PullImage(WEB, name)) for name in ("gone:1", "secret:1"))
    assert [(each.kind, each.code) for each in (missing, denied)] == [
        ("terminal", "R425"),
        ("terminal", "R426"),
    ]
    images = bench.engine.observe(Scope("shop", images=("any:1", "gone:1"))).images
    assert images["gone:1"] is None
    assert images["any:1"] == bench.world.images.remote_id("any:1")


def test_a_tag_that_was_pushed_anew_is_another_image(bench: Bench):
    bench.do(PullImage(WEB, "web:1"))
    before = bench.engine.observe(Scope("shop", images=("web:1",))).images["web:1"]
    bench.world.images.moved["web:1"] = 1
    assert bench.engine.observe(Scope("shop", images=("web:1",))).images["web:1"] == before
    bench.do(PullImage(WEB, "web:1"))
    assert bench.engine.observe(Scope("shop", images=("web:1",))).images["web:1"] != before


# -- instances ----------------------------------------------------------------------------


def test_a_created_instance_is_seen_with_what_its_image_adds(bench: Bench):
    seen = bench.seen(bench.create(3))
    assert (seen.key, seen.ordinal, seen.revision, seen.phase) == (WEB, 3, "r1", "created")
    assert dict(FIELDS).items() <= dict(seen.fields).items()
    assert seen.defaults == {
        "environment.PATH": "/usr/local/bin:/usr/bin:/bin", "command": ("serve",)
    }  # fmt: skip
    assert len(seen.id) == 64


def test_a_taken_name_is_a_conflict_whoever_holds_it(bench: Bench):
    pod = bench.create()
    again = CreateInstance(WEB, pod.name, 1, "r1", 0, FIELDS)
    assert (bench.do(again).kind, bench.do(again).code) == ("conflict", "R431")
    bench.world.add_foreign("theirs")
    theirs = CreateInstance(WEB, "theirs", 1, "r1", 0, FIELDS)
    assert (bench.do(theirs).kind, bench.do(theirs).code) == ("conflict", "R424")


def test_an_image_must_be_here_before_a_container_is_made_of_it(bench: Bench):
    bench.network()
    outcome = bench.do(CreateInstance(WEB, "x", 0, "r1", 0, FIELDS))
    assert (outcome.kind, outcome.code) == ("conflict", "R425")


def test_a_container_can_be_made_of_exactly_one_image_after_its_tag_moved(bench: Bench):
    old = bench.create().image_id
    bench.world.rules = (rule(old, "hang", field="image.id"),)
    bench.world.images.moved["web:1"] = 1
    new = bench.create()
    assert new.image_id != old
    assert new.behaviour.hang_after_ns is None
    pinned = bench.create(**{"image.id": old})
    assert (bench.seen(pinned).image_id, bench.seen(pinned).fields["image"]) == (old, "web:1")
    assert pinned.behaviour.hang_after_ns is not None
    step = CreateInstance(WEB, "x", 0, "r1", 0, {**FIELDS, "image.id": "sha256:0"})
    assert bench.do(step).kind == "conflict"


def test_what_a_container_uses_must_be_there(bench: Bench):
    bench.do(PullImage(WEB, "web:1"))
    assert bench.do(CreateInstance(WEB, "x", 0, "r1", 0, FIELDS)).kind == "conflict"
    bench.network()
    mounts = {**FIELDS, "configs./etc/x": "x@1f:0444"}
    assert bench.do(CreateInstance(WEB, "x", 0, "r1", 0, mounts)).kind == "conflict"
    bench.do(ApplyObject(ResourceKey("config", "x@1f"), {"digest": "1f"}))
    assert bench.do(CreateInstance(WEB, "x", 0, "r1", 0, mounts)) == DONE


def test_starting_what_runs_is_fine_and_what_is_gone_a_conflict(bench: Bench):
    pod = bench.up()
    assert bench.start(pod) == DONE
    assert pod.starts == 1
    assert bench.do(StartInstance(WEB, "0" * 64)).kind == "conflict"


def test_a_host_port_in_use_may_be_free_later(bench: Bench):
    bench.up(0, **{"ports.80/tcp": ":8080"})
    second = bench.create(1, **{"ports.80/tcp": "127.0.0.1:8080"})
    outcome = bench.start(second)
    assert (outcome.kind, outcome.code, second.phase) == ("retryable", "R429", "created")


def test_only_limits_and_the_restart_policy_change_in_place(bench: Bench):
    pod = bench.up(resources__cpu_limit=500)
    fields = {"resources.cpu_limit": None, "resources.memory_limit": 2**20}
    assert bench.do(UpdateInstance(WEB, pod.id, fields)) == DONE
    assert "resources.cpu_limit" not in bench.seen(pod).fields
    assert bench.seen(pod).fields["resources.memory_limit"] == 2**20
    refused = bench.do(UpdateInstance(WEB, pod.id, {"image": "web:2"}))
    assert (refused.kind, refused.code) == ("terminal", "R432")
    assert bench.do(UpdateInstance(WEB, "0" * 64, {})).kind == "conflict"


def test_disarming_shows_and_another_policy_arms_again(bench: Bench):
    pod = bench.up()
    bench.disarm(pod)
    assert (bench.seen(pod).armed, bench.seen(pod).fields["restart.policy"]) == (False, "never")
    bench.do(UpdateInstance(WEB, pod.id, {"restart.policy": "on-failure"}))
    assert bench.seen(pod).armed


def test_signals_to_what_has_ended_or_is_gone_are_fine(bench: Bench):
    pod = bench.up()
    bench.signal(pod)
    bench.go(2 * S)
    assert bench.signal(pod) == DONE
    assert bench.do(SignalInstance(WEB, "0" * 64, "SIGTERM")) == DONE


def test_what_runs_is_not_removed_and_what_is_absent_is_fine(bench: Bench):
    pod = bench.up()
    assert bench.remove(pod).kind == "conflict"
    bench.signal(pod)
    bench.go(2 * S)
    assert bench.remove(pod) == DONE
    assert bench.remove(pod) == DONE
    assert bench.world.containers == {}


def test_what_was_never_started_can_be_removed(bench: Bench):
    assert bench.remove(bench.create()) == DONE


def test_no_prefix_of_an_id_names_a_container(bench: Bench):
    pod = bench.create()
    assert bench.do(RemoveInstance(WEB, pod.id[:12])).kind == "conflict"
    assert pod.id in bench.world.containers


def test_what_is_not_ours_is_not_touched_and_every_try_is_told(bench: Bench):
    checker = OnlyOurs()
    watch(bench.world, checker)
    theirs = bench.world.add_foreign("theirs")
    volume = bench.world.add_foreign("", stack="shop", key=VOLUME)
    tries: list[Step] = [
        StartInstance(WEB, theirs.id), UpdateInstance(WEB, theirs.id, {"restart.policy": "never"}),
        SignalInstance(WEB, theirs.id, "SIGKILL"), RemoveInstance(WEB, theirs.id),
        ApplyObject(VOLUME, {"driver": "local"}), DeleteObject(VOLUME, volume.id),
    ]  # fmt: skip
    assert {bench.do(step).kind for step in tries} == {"conflict"}
    assert len(checker.violations) == len(tries)
    assert theirs.id in bench.world.containers
    assert VOLUME in bench.world.holding("shop").objects


def test_another_stacks_containers_are_not_ours():
    world = World.fresh()
    mine, theirs = Bench(world), Bench(world, "other")
    mine.network()
    pod = theirs.up()
    assert mine.do(RemoveInstance(WEB, pod.id)).kind == "conflict"
    assert mine.engine.observe(Scope("shop")).instances == ()


# -- records ------------------------------------------------------------------------------


def test_a_records_number_is_taken_once(bench: Bench):
    first = Record("lock", "shop", 1, {"holder": "a"})
    other = Record("lock", "shop", 1, {"holder": "b"})
    assert bench.do(WriteRecord(WEB, first)) == DONE
    assert bench.do(WriteRecord(WEB, first)).kind == "conflict"  # even its own lost reply
    assert bench.do(WriteRecord(WEB, other)).kind == "conflict"
    assert bench.engine.observe(Scope("shop")).records == (first,)
    assert bench.do(DropRecord(WEB, first)) == DONE
    assert bench.do(DropRecord(WEB, first)) == DONE
    assert bench.engine.observe(Scope("shop")).records == ()


def test_a_record_comes_back_as_the_json_it_is_kept_as(bench: Bench):
    bench.do(WriteRecord(WEB, Record("revision", "web", 1, {"command": ("a", "b")})))
    assert bench.engine.observe(Scope("shop")).records[0].body == {"command": ["a", "b"]}


def test_a_record_has_a_largest_size(bench: Bench):
    outcome = bench.do(WriteRecord(WEB, Record("revision", "web", 1, {"x": "y" * 4096})))
    assert outcome.kind == "terminal"


# -- observations -------------------------------------------------------------------------


def test_an_observation_of_one_service_shows_no_other(bench: Bench):
    web, db = bench.up(), bench.up(0, ResourceKey("service", "db"))
    seen = bench.engine.observe(Scope("shop", frozenset([WEB]), wanted=(NET,)))
    assert [i.id for i in seen.instances] == [web.id]
    assert set(seen.objects) == {NET}
    assert {i.id for i in bench.engine.observe(Scope("shop")).instances} == {web.id, db.id}


def test_an_observation_is_of_now_and_writes_nothing(bench: Bench):
    bench.up()
    version = bench.world.version
    seen = bench.engine.observe(Scope("shop"))
    assert seen.began_at_ns == seen.target_now_ns == bench.world.now_ns
    assert bench.world.version == version


def test_an_engine_that_does_not_answer_says_so(bench: Bench):
    install(bench.world, [Fault("unreachable", for_ns=5 * S)])
    bench.go(S)
    with pytest.raises(TargetError) as error:
        bench.engine.observe(Scope("shop"))
    assert (error.value.kind, error.value.code) == ("unreachable", "R420")
    timing = bench.engine.timing(PullImage(WEB, "web:1"))
    assert timing.effect_after_ns is None
    assert timing.outcome is not None
    assert timing.outcome.kind == "retryable"
    bench.go(5 * S)
    assert bench.engine.observe(Scope("shop")).instances == ()


def test_logs_are_what_the_instance_said_last(bench: Bench):
    pod = bench.up()
    assert bench.engine.logs(pod.id, 5) == ()
    bench.signal(pod, "SIGKILL")
    bench.go(S)
    assert bench.engine.logs(pod.id, 5) == ("ended with exit code 137",)
    assert bench.engine.logs("0" * 64, 5) == ()

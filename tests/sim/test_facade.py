"""Timing, hints and faults: what the two façades share."""

import pytest

from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.step import CreateInstance, PullImage, StartInstance, Step
from reconciler.sim.chooser import Scripted
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.world import World
from tests.sim.making import DB, FIELDS, MS, NET, WEB, Bench, S

CREATE = CreateInstance(WEB, "shop-web-0", 0, "r1", 0, FIELDS)


def calm() -> Bench:
    """A bench whose calls take exactly so long."""
    bench = Bench()
    bench.world.latency_ns = {**bench.world.latency_ns, "create": 60 * MS, "start": 20 * MS}
    bench.world.latency_jitter_percent = 0
    return bench


def test_a_call_takes_effect_before_it_is_answered():
    timing = calm().engine.timing(CREATE)
    assert (timing.effect_after_ns, timing.reply_after_ns) == (45 * MS, 60 * MS)
    assert timing.outcome is None


def test_jitter_stays_within_its_share():
    bench = calm()
    bench.world.latency_jitter_percent = 20
    took = {bench.engine.timing(CREATE).reply_after_ns for _ in range(50)}
    assert len(took) > 10
    assert all(48 * MS <= ns <= 72 * MS for ns in took if ns is not None)


def test_a_pull_takes_its_bytes_time_once():
    bench = calm()
    pull = PullImage(WEB, "web:1")
    assert bench.engine.timing(pull).reply_after_ns == 800 * MS  # 50 MB at 100 MB/s
    bench.world.images.slow = {"web:1": 10}
    assert bench.engine.timing(pull).reply_after_ns == 5300 * MS
    bench.do(pull)
    assert bench.engine.timing(pull).reply_after_ns == 300 * MS


def test_a_start_takes_the_time_that_its_process_needs():
    bench = calm()
    pod = bench.create()
    step = StartInstance(WEB, pod.id)
    took = bench.engine.timing(step).reply_after_ns
    assert took is not None
    assert 128 * MS <= took <= 152 * MS
    bench.start(pod)
    assert bench.engine.timing(step).reply_after_ns == 20 * MS


# -- hints --------------------------------------------------------------------------------


def test_a_change_is_hinted_at_once_its_event_has_arrived():
    bench = calm()
    bench.network()
    due = bench.world.now_ns + bench.world.event_lag_ns
    assert bench.engine.next_event_ns() == due
    assert bench.engine.advance(due - 1) is None
    assert bench.engine.advance(due) == {NET}
    assert bench.engine.next_event_ns() is None


def test_changes_close_to_one_another_make_one_hint():
    bench = calm()
    bench.network()
    bench.go(5 * MS)
    bench.do(PullImage(WEB, "web:1"))
    assert bench.go(15 * MS) == {NET, WEB}


def test_what_happens_to_others_is_no_hint():
    bench = calm()
    bench.world.add_foreign("theirs")
    assert bench.engine.next_event_ns() is None


def test_a_closed_facade_hears_nothing_more():
    bench = calm()
    bench.engine.close()
    bench.network()
    assert bench.engine.next_event_ns() is None
    assert list(bench.engine.changes()) == []


# -- faults -------------------------------------------------------------------------------


def struck(*faults: Fault) -> Bench:
    bench = calm()
    install(bench.world, faults)
    return bench


@pytest.mark.parametrize(
    ("kind", "effect", "reply", "outcome"),
    [
        ("fail_before", None, 60 * MS, "retryable"),
        ("fail_after", 45 * MS, 60 * MS, "retryable"),
        ("lost_reply", 45 * MS, None, None),
        ("delay", 795 * MS, 1060 * MS, None),
    ],
)
def test_each_fault_of_a_call(kind, effect, reply, outcome):
    bench = struck(Fault(kind, on="create", for_ns=S))
    timing = bench.engine.timing(CREATE)
    assert (timing.effect_after_ns, timing.reply_after_ns) == (effect, reply)
    assert (timing.outcome.kind if timing.outcome else None) == outcome


def test_a_fault_strikes_the_nth_fitting_call_and_no_other():
    bench = struck(Fault("fail_before", on="pull", subject="service/web", nth=2, count=2))
    web, db = PullImage(WEB, "web:1"), PullImage(DB, "db:1")
    steps: list[Step] = [CREATE, web, db, web, db, web, web]
    failed = [bench.engine.timing(step).outcome is not None for step in steps]
    assert failed == [False, False, False, True, False, True, False]


def test_a_fault_without_a_number_strikes_each_time():
    bench = struck(Fault("lost_reply", subject="shop-web-*", nth=0))
    assert [bench.engine.timing(CREATE).reply_after_ns for _ in range(3)] == [None] * 3


def test_of_several_faults_the_one_that_prevents_the_call_wins():
    bench = struck(Fault("lost_reply"), Fault("fail_before"), Fault("delay", for_ns=S))
    timing = bench.engine.timing(CREATE)
    assert (timing.effect_after_ns, timing.reply_after_ns) == (None, 1060 * MS)


def test_a_look_can_fail():
    bench = struck(Fault("look_fails", nth=2))
    bench.engine.observe(Scope("shop"))
    with pytest.raises(TargetError, match="does not answer"):
        bench.engine.observe(Scope("shop"))
    assert bench.engine.observe(Scope("shop")).instances == ()


def test_a_stale_view_is_old_and_claims_to_be_fresh():
    bench = struck(Fault("stale_view", nth=2, amount=2))
    pod = bench.up()
    fresh = bench.engine.observe(Scope("shop"))
    stale = bench.engine.observe(Scope("shop"))
    assert [i.phase for i in fresh.instances] == ["running"]
    assert (stale.instances[0].id, stale.instances[0].phase) == (pod.id, "created")
    assert stale.began_at_ns == bench.world.now_ns
    assert bench.engine.observe(Scope("shop")) == fresh


def test_a_stale_view_is_cut_to_its_scope():
    bench = struck(Fault("stale_view", nth=0, amount=1))
    bench.up(0)
    bench.up(1, DB)
    seen = bench.engine.observe(Scope("shop", frozenset([WEB])))
    assert {i.key for i in seen.instances} == {WEB}
    assert seen.objects == {}


def test_what_cannot_be_read_is_left_out_and_said():
    bench = struck(Fault("unobservable", subject="service/web", count=2))
    bench.up(0)
    db = bench.up(1, DB)
    for scope in (Scope("shop"), Scope("shop", frozenset([WEB, DB]))):
        seen = bench.engine.observe(scope)
        assert [i.id for i in seen.instances] == [db.id]
        assert list(seen.unobservable) == [WEB]
    assert bench.engine.observe(Scope("shop")).unobservable == {}


def test_an_event_can_be_lost_doubled_or_late():
    bench = struck(
        Fault("event_lost", subject="network/a"),
        Fault("event_doubled", subject="network/b"),
        Fault("event_delayed", subject="network/c", for_ns=S),
    )
    keys = [ResourceKey("network", name) for name in "abcd"]
    for key in keys:
        bench.world.emit("made", None, stack="shop", key=key)
    a, b, c, d = keys
    assert bench.go(20 * MS) == {b, d}
    assert bench.go(20 * MS) == {b}
    assert bench.engine.next_event_ns() == bench.began_ns + 20 * MS + S
    assert bench.go(2 * S) == {c}
    assert bench.go(100 * S) is None
    assert a not in {b, c, d}


def test_a_chooser_can_strike_any_call():
    bench = calm()
    bench.engine.chooser = Scripted([0, 1, 3])
    timings = [bench.engine.timing(CREATE) for _ in range(4)]
    assert [timing.outcome is not None for timing in timings] == [False, True, False, False]
    assert timings[2].reply_after_ns is None
    assert bench.engine.chooser.asked[0] == ("create service/web", 4, 0)


# -- faults at a time ---------------------------------------------------------------------


def test_instances_crash_hang_and_run_out_of_memory_at_a_time():
    bench = Bench(World.fresh(3))
    pods = [bench.up(n, restart__policy="never") for n in range(4)]
    install(
        bench.world,
        [
            Fault("crash", subject="service/web", at_ns=S, amount=0),
            Fault("hang", subject="service/web", at_ns=2 * S, amount=0),
            Fault("oom", subject=pods[3].name, at_ns=3 * S),
        ],
    )
    bench.go(4 * S)
    assert [pod.phase for pod in pods] == ["exited", "running", "running", "exited"]
    assert [pod.hung for pod in pods] == [False, True, False, False]
    assert (pods[0].exit_code, pods[3].oom_killed) == (1, True)


def test_a_fault_with_no_instance_to_strike_strikes_none():
    bench = Bench()
    install(bench.world, [Fault("crash", subject="service/web", at_ns=S)])
    bench.go(2 * S)
    assert bench.world.heap == []


def test_another_actor_rewrites_a_field_again_and_again():
    bench = Bench()
    pod = bench.up()
    install(
        bench.world,
        [Fault("edit", subject="service/web", at_ns=S, every_ns=10 * S, count=3,
               field="resources.cpu_limit", value="100")],
    )  # fmt: skip
    seen = []
    for _ in range(5):
        bench.go(10 * S)
        seen.append(bench.seen(pod).fields.get("resources.cpu_limit"))
        pod.fields = {**pod.fields, "resources.cpu_limit": "ours"}
        pod.frozen = None
    assert seen == ["100", "100", "100", "ours", "ours"]


def test_an_edited_object_has_another_fingerprint():
    bench = Bench()
    bench.network()
    before = bench.engine.observe(Scope("shop")).objects[NET]
    install(bench.world, [Fault("edit", subject="network/*", field="internal", value="true")])
    bench.go(S)
    after = bench.engine.observe(Scope("shop")).objects[NET]
    assert (after.fields["internal"], after.id) == (True, before.id)
    assert after.fingerprint != before.fingerprint

"""Every kind of fault strikes: what a world of each flavour is like after it has."""

from collections.abc import Callable

import pytest

from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Scope
from reconciler.model.step import ApplyObject, PullImage, StartInstance
from reconciler.sim.cluster import SimCluster
from reconciler.sim.engine import SimEngine
from reconciler.sim.facade import Facade
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.world import World
from tests.sim.making import MS, NET, WEB, Bench, S

PULL = PullImage(WEB, "web:1")
APPLY = ApplyObject(NET, {"internal": False})


Either = SimEngine | SimCluster


def cluster() -> Either:
    return SimCluster(World.fresh(3), "shop")


def engine() -> Either:
    return Bench(World.fresh(3)).engine


FACADES = pytest.mark.parametrize("make", [engine, cluster], ids=["engine", "cluster"])
Make = Callable[[], Either]


def go(facade: Facade, for_ns: int) -> frozenset[object] | None:
    return facade.advance(facade.now_ns + for_ns)


# -- the registry --------------------------------------------------------------------------------


def test_an_image_is_missing_for_a_time_and_there_again():
    b = Bench()
    install(b.world, [Fault("image_missing", subject="web:*", at_ns=S, for_ns=10 * S)])
    b.go(2 * S)
    assert (b.do(PULL).kind, b.do(PULL).code) == ("terminal", "R425")
    assert b.do(PullImage(WEB, "db:1")).kind == "done"
    b.go(10 * S)
    assert b.do(PULL).kind == "done"


def test_wrong_credentials_are_for_a_person():
    b = Bench()
    install(b.world, [Fault("registry_denied", for_ns=10 * S)])
    b.go(S)
    assert (b.do(PULL).kind, b.do(PULL).code) == ("terminal", "R426")


def test_a_registry_takes_so_many_pulls_and_asks_to_be_left_alone_then():
    b = Bench()
    install(b.world, [Fault("registry_limited", for_ns=60 * S, amount=2)])
    b.go(S)
    outcomes = [b.do(PULL) for _ in range(4)]
    assert [o.kind for o in outcomes] == ["done", "done", "retryable", "retryable"]
    assert outcomes[-1].code == "R427"
    assert outcomes[-1].retry_after_ns == 10 * S
    assert "toomanyrequests" in outcomes[-1].message
    b.go(60 * S)
    assert b.do(PULL).kind == "done"


def test_a_host_port_that_another_takes_is_in_use_until_it_is_given_back():
    b = Bench()
    pod = b.create(**{"ports.80/tcp": ":8080"})
    install(b.world, [Fault("port_taken", amount=8080, at_ns=S, for_ns=10 * S)])
    b.go(2 * S)
    assert (b.start(pod).kind, b.start(pod).code) == ("retryable", "R429")
    b.go(10 * S)
    assert b.start(pod).kind == "done"
    install(b.world, [Fault("port_taken", amount=8080)])
    b.go(S)
    assert b.world.ports == {"8080": pod.id}, "what is held cannot be taken"


# -- the API -------------------------------------------------------------------------------------


@FACADES
def test_a_throttled_api_takes_so_many_a_second(make: Make):
    facade = make()
    install(facade.world, [Fault("throttled", for_ns=10 * S, amount=2)])
    go(facade, MS)
    timings = [facade.timing(APPLY) for _ in range(3)]
    assert [t.outcome.kind if t.outcome else "" for t in timings] == ["", "", "retryable"]
    refused = timings[-1]
    assert refused.outcome is not None
    assert (refused.effect_after_ns, refused.outcome.retry_after_ns) == (None, S)
    with pytest.raises(TargetError) as error:
        facade.observe(Scope("shop"))
    assert error.value.kind == "retryable"
    go(facade, S)
    assert facade.timing(APPLY).outcome is None
    go(facade, 10 * S)
    assert all(facade.timing(APPLY).outcome is None for _ in range(9))


@FACADES
def test_calls_and_looks_fail_from_a_time_on_and_until_another(make: Make):
    facade = make()
    faults = [
        Fault("fail_before", on="apply", at_ns=5 * S, for_ns=5 * S),
        Fault("look_fails", at_ns=5 * S, for_ns=5 * S),
    ]
    install(facade.world, faults)
    for at_s, fails in ((0, False), (6, True), (3, True), (2, False)):
        go(facade, at_s * S)
        assert (facade.timing(APPLY).outcome is not None) is fails
        if fails:
            with pytest.raises(TargetError):
                facade.observe(Scope("shop"))
        else:
            facade.observe(Scope("shop"))


@FACADES
def test_the_kth_call_is_counted_from_a_time_on(make: Make):
    facade = make()
    install(facade.world, [Fault("fail_after", on="apply", at_ns=5 * S, nth=2)])
    assert [facade.timing(APPLY).outcome for _ in range(3)] == [None] * 3
    go(facade, 6 * S)
    failed = [facade.timing(APPLY).outcome is not None for _ in range(3)]
    assert failed == [False, True, False]


@FACADES
def test_a_delay_from_a_time_on_is_of_one_call_and_not_of_a_while(make: Make):
    facade = make()
    facade.world.latency_jitter_percent = 0
    install(facade.world, [Fault("delay", on="apply", at_ns=S, for_ns=30 * S)])
    plain = facade.timing(APPLY).reply_after_ns
    go(facade, 2 * S)
    took = [facade.timing(APPLY).reply_after_ns for _ in range(2)]
    assert plain is not None
    assert took == [plain + 30 * S, plain]


@FACADES
def test_an_edit_between_look_and_write_makes_a_conflict(make: Make):
    facade = make()
    assert facade.perform(APPLY, S).kind == "done"
    seen = facade.observe(Scope("shop")).objects[NET]
    install(facade.world, [Fault("edit", subject=str(NET), field="internal", value="true")])
    go(facade, S)
    step = ApplyObject(NET, {"internal": False}, expect=seen.fingerprint)
    assert facade.perform(step, S).kind == "conflict"
    assert facade.observe(Scope("shop")).objects[NET].fields["internal"] is True


@FACADES
def test_a_view_is_as_many_changes_old_as_is_said(make: Make):
    facade = make()
    install(facade.world, [Fault("stale_view", at_ns=5 * S, amount=2, count=1)])
    for number in range(3):
        key = type(NET)("network", f"n{number}")
        assert facade.perform(ApplyObject(key, {"internal": False}), S).kind == "done"
    go(facade, 6 * S)
    assert len(facade.observe(Scope("shop")).objects) == 1  # two changes ago
    assert len(facade.observe(Scope("shop")).objects) == 3


@FACADES
def test_events_are_lost_doubled_and_out_of_order(make: Make):
    for kind, hints in (("event_lost", 0), ("event_doubled", 2), ("event_delayed", 1)):
        facade = make()
        install(facade.world, [Fault(kind, subject=str(NET), for_ns=3 * S)])  # type: ignore[arg-type]
        facade.perform(APPLY, S)
        other = type(NET)("network", "other")
        facade.perform(ApplyObject(other, {"internal": False}), S)
        heard = [due for _ in range(20) if (due := go(facade, 500 * MS))]
        assert sum(NET in due for due in heard) == hints, kind
        assert sum(other in due for due in heard) == 1
        if kind == "event_delayed":
            assert other in heard[0]
            assert NET not in heard[0], "what came first is heard of last"


@FACADES
def test_what_cannot_be_read_is_said_to_be_unobservable(make: Make):
    facade = make()
    facade.perform(APPLY, S)
    install(facade.world, [Fault("unobservable", subject="default", nth=0)])
    seen = facade.observe(Scope("shop"))
    assert NET in seen.unobservable
    assert NET not in seen.objects


# -- at a call -----------------------------------------------------------------------------------


def test_an_instance_crashes_with_the_kth_call_on_its_service():
    b = Bench()
    pods = [b.up(0), b.up(1)]
    install(b.world, [Fault("crash", on="start", subject="web", nth=2, amount=1)])
    third, fourth = b.create(2), b.create(3)
    b.engine.timing(StartInstance(WEB, third.id))
    b.go(MS)
    assert [pod.phase for pod in pods] == ["running", "running"]
    b.engine.timing(StartInstance(WEB, fourth.id))
    b.go(MS)
    assert [pod.phase for pod in pods] == ["running", "restarting"]


@FACADES
def test_the_engine_is_unreachable_from_the_kth_call_on(make: Make):
    facade = make()
    install(facade.world, [Fault("unreachable", on="apply", nth=2, for_ns=10 * S)])
    first, second = facade.timing(APPLY), facade.timing(APPLY)
    assert first.outcome is None
    assert second.outcome is None, "it was sent before"
    go(facade, MS)
    assert facade.timing(APPLY).outcome is not None
    go(facade, 11 * S)
    assert facade.timing(APPLY).outcome is None


def test_a_number_that_is_edited_stays_a_number():
    b = Bench()
    pod = b.up(resources__memory_limit=64)
    install(
        b.world,
        [Fault("edit", subject="web", field="resources.memory_limit", value="128", at_ns=S)],
    )
    b.go(2 * S)
    assert pod.fields["resources.memory_limit"] == 128

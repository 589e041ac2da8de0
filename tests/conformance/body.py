"""What every target of instances must do: one body of tests over the port."""

from collections.abc import Callable
from typing import Any

from reconciler.diff.fit import Template, fit
from reconciler.model.observed import Value
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    ApplyObject,
    DeleteObject,
    DropRecord,
    RemoveInstance,
    SignalInstance,
    StartInstance,
    UpdateInstance,
    WriteRecord,
)
from reconciler.model.units import NS_PER_S
from tests.conformance.lab import (
    IMAGE,
    MIGRATE,
    NETWORK,
    PROBED,
    RUNNING,
    WEB,
    Lab,
    ending,
)
from tests.properties.cases import stack_of

NOBODY = "0123456789abcdef" * 4
VOLUME = ResourceKey("volume", "data")


def _assert_fits(lab: Lab, fields: dict[str, Value]) -> None:
    template = Template(WEB, fields, "r1", lab.target.capabilities.in_place)
    found = fit(template, lab.instance())
    assert not found.replacing and not found.in_place, found


# -- instances ------------------------------------------------------------------------------


def a_name_is_given_once(lab: Lab) -> None:
    lab.created()
    assert lab.do(lab.creation(RUNNING)).kind == "conflict"
    assert lab.instance().phase == "created"


def a_name_that_another_holds_is_a_conflict(lab: Lab) -> None:
    lab.network()
    foreign = lab.arm.foreign_container(lab.name())
    assert lab.do(lab.creation(RUNNING)).kind == "conflict"
    assert lab.observe().instances == () and lab.arm.foreign_runs(foreign)


def what_was_asked_for_is_what_is_seen(lab: Lab) -> None:
    fields = {
        **PROBED, "environment.LEVEL": "info", "labels.team": "web", "hostname": "web",
        "resources.memory_limit": 64 << 20, "resources.cpu_limit": 500,
        "security.drop_capabilities": ("NET_RAW",), "stop.pre_stop": NS_PER_S,
    }  # fmt: skip
    made = lab.created(fields)
    assert (made.key, made.ordinal, made.revision, made.attempt) == (WEB, 0, "r1", 1)
    assert (made.name, made.phase, made.ready, made.armed) == (lab.name(), "created", False, True)
    _assert_fits(lab, fields)
    lab.done(StartInstance(WEB, made.id))
    _assert_fits(lab, fields)
    assert lab.instance().id == made.id and lab.instance().is_running


def a_running_instance_is_not_removed(lab: Lab) -> None:
    made = lab.started()
    assert lab.do(RemoveInstance(WEB, made.id)).kind == "conflict"
    assert lab.instance().is_running


def what_is_gone_is_removed_already(lab: Lab) -> None:
    lab.done(RemoveInstance(WEB, NOBODY))
    made = lab.created()
    lab.done(RemoveInstance(WEB, made.id))
    lab.done(RemoveInstance(WEB, made.id))
    assert lab.observe().instances == ()


def what_is_gone_cannot_be_started_or_changed(lab: Lab) -> None:
    assert lab.do(StartInstance(WEB, NOBODY)).kind == "conflict"
    update = UpdateInstance(WEB, NOBODY, {"restart.policy": "never"})
    assert lab.do(update).kind == "conflict"


def what_runs_is_started_already(lab: Lab) -> None:
    made = lab.started()
    lab.done(StartInstance(WEB, made.id))
    assert lab.instance().started_at_ns == made.started_at_ns


def what_has_ended_is_signalled_already(lab: Lab) -> None:
    made = lab.started(ending(0))
    lab.until(lambda: lab.instance().has_ended)
    lab.done(SignalInstance(WEB, made.id, "SIGTERM"))
    lab.done(SignalInstance(WEB, NOBODY, "SIGTERM"))
    assert lab.instance().exit_code == 0


def an_exit_code_is_kept(lab: Lab) -> None:
    made = lab.started(ending(3), MIGRATE)
    assert made.is_running or made.has_ended
    lab.until(lambda: lab.instance(MIGRATE).has_ended)
    ended = lab.instance(MIGRATE)
    assert (ended.phase, ended.exit_code, ended.ready) == ("exited", 3, False)
    assert (ended.finished_at_ns or 0) > (ended.started_at_ns or 0)


def what_crashes_is_started_again_by_the_engine(lab: Lab) -> None:
    made = lab.started(ending(1, "always"))
    lab.until(lambda: lab.instance().engine_restarts >= 1)
    assert lab.instance().id == made.id and lab.instance().is_running


def disarmed_and_signalled_it_ends_for_good(lab: Lab) -> None:
    made = lab.started()
    lab.done(UpdateInstance(WEB, made.id, {"restart.policy": "never"}))
    disarmed = lab.instance()
    assert not disarmed.armed and disarmed.is_running
    lab.done(SignalInstance(WEB, made.id, "SIGTERM"))
    lab.until(lambda: lab.instance().has_ended)
    lab.done(RemoveInstance(WEB, made.id))
    assert lab.observe().instances == ()


def a_kill_ends_what_ignores_its_signal(lab: Lab) -> None:
    made = lab.started()
    lab.done(SignalInstance(WEB, made.id, "SIGKILL"))
    lab.until(lambda: lab.instance().has_ended)
    assert lab.instance().exit_code == 137


def what_can_change_in_place_does(lab: Lab) -> None:
    made = lab.started({**RUNNING, "resources.memory_limit": 64 << 20})
    lab.done(UpdateInstance(WEB, made.id, {"resources.memory_limit": 96 << 20}))
    _assert_fits(lab, {**RUNNING, "resources.memory_limit": 96 << 20})
    lab.done(UpdateInstance(WEB, made.id, {"resources.memory_limit": None}))
    _assert_fits(lab, RUNNING)
    now = lab.instance()
    assert (now.id, now.started_at_ns) == (made.id, made.started_at_ns)


def readiness_has_a_beginning_and_an_end(lab: Lab) -> None:
    made = lab.created(PROBED)
    assert not made.ready and made.ready_since_ns is None
    lab.done(StartInstance(WEB, made.id))
    lab.until(lambda: lab.instance().ready)
    ready = lab.instance()
    now_ns = lab.observe().target_now_ns
    assert ready.ready_since_ns is not None and ready.started_at_ns is not None
    assert ready.started_at_ns <= ready.ready_since_ns <= now_ns
    assert lab.instance().ready_since_ns == ready.ready_since_ns
    lab.done(SignalInstance(WEB, made.id, "SIGKILL"))
    lab.until(lambda: lab.instance().has_ended)
    assert not lab.instance().ready and lab.instance().ready_since_ns is None


def without_a_probe_it_is_ready_once_it_runs(lab: Lab) -> None:
    made = lab.started()
    assert made.ready and made.ready_since_ns == made.started_at_ns


# -- images ---------------------------------------------------------------------------------


def an_image_is_seen_by_its_id(lab: Lab) -> None:
    missing = "local/nothing:0"
    images = lab.observe(images=(IMAGE, missing)).images
    assert images[IMAGE] and images[missing] is None
    made = lab.created()
    assert made.image_id == images[IMAGE]


def an_instance_of_a_missing_image_is_not_made(lab: Lab) -> None:
    lab.network()
    outcome = lab.do(lab.creation({**RUNNING, "image": "local/nothing:0"}))
    assert outcome.kind in ("conflict", "terminal") and outcome.code == "R425"
    assert lab.observe().instances == ()


# -- objects --------------------------------------------------------------------------------


def an_object_is_applied_twice_and_made_once(lab: Lab) -> None:
    lab.network()
    lab.done(ApplyObject(VOLUME, {"driver": "local"}))
    first = lab.observe().objects
    lab.network()
    lab.done(ApplyObject(VOLUME, {"driver": "local"}))
    assert lab.observe().objects == first
    assert all(found.owned for found in first.values())


def an_object_that_is_there_and_otherwise_is_not_changed(lab: Lab) -> None:
    lab.network()
    outcome = lab.do(ApplyObject(NETWORK, {"internal": True}))
    assert outcome.kind in ("conflict", "terminal"), outcome
    assert lab.observe().objects[NETWORK].fields["internal"] is False


def an_object_is_deleted_only_as_it_was_seen(lab: Lab) -> None:
    lab.network()
    found = lab.observe().objects[NETWORK]
    assert lab.do(DeleteObject(NETWORK, found.id, "another")).kind == "conflict"
    lab.do(DeleteObject(NETWORK, NOBODY, found.fingerprint))  # one that is gone, or a conflict
    assert lab.observe().objects[NETWORK] == found
    lab.done(DeleteObject(NETWORK, found.id, found.fingerprint))
    lab.done(DeleteObject(NETWORK, found.id, found.fingerprint))
    assert lab.observe().objects == {}


def an_object_in_use_is_not_deleted(lab: Lab) -> None:
    lab.done(ApplyObject(VOLUME, {"driver": "local"}))
    made = lab.started({**RUNNING, "volumes./data": "data"})
    for key in (NETWORK, VOLUME):
        found = lab.observe().objects[key]
        assert lab.do(DeleteObject(key, found.id, found.fingerprint)).kind == "conflict", key
    lab.done(SignalInstance(WEB, made.id, "SIGKILL"))
    lab.until(lambda: lab.instance().has_ended)
    volume = lab.observe().objects[VOLUME]
    held = lab.do(DeleteObject(VOLUME, volume.id, volume.fingerprint))
    assert held.kind == "conflict", "an ended container still holds its volume"


def an_instance_without_its_volume_is_not_made(lab: Lab) -> None:
    lab.network()
    outcome = lab.do(lab.creation({**RUNNING, "volumes./data": "data"}))
    assert outcome.kind == "conflict"
    assert VOLUME not in lab.observe(wanted=(VOLUME,)).objects


# -- records --------------------------------------------------------------------------------


def a_record_s_number_is_taken_once(lab: Lab) -> None:
    one = Record("revision", "service/web", 1, {"outcome": "good", "fields": {"a": "ä\n"}})
    lab.done(WriteRecord(WEB, one))
    other = Record("revision", "service/web", 1, {"outcome": "failed"})
    assert lab.do(WriteRecord(WEB, other)).kind == "conflict"
    assert lab.observe().records == (one,)
    lab.done(DropRecord(WEB, one))
    lab.done(DropRecord(WEB, one))
    assert lab.observe().records == ()


# -- whose it is ----------------------------------------------------------------------------


def another_s_container_is_never_touched(lab: Lab) -> None:
    foreign = lab.arm.foreign_container(f"{lab.stack}x")
    assert lab.do(SignalInstance(WEB, foreign, "SIGKILL")).kind == "conflict"
    update = UpdateInstance(WEB, foreign, {"restart.policy": "never"})
    assert lab.do(update).kind == "conflict"
    assert lab.do(RemoveInstance(WEB, foreign)).kind == "conflict"
    assert lab.observe().instances == () and lab.arm.foreign_runs(foreign)


def another_s_network_of_our_name_is_seen_and_left_alone(lab: Lab) -> None:
    lab.arm.foreign_network(NETWORK)
    found = lab.observe(wanted=(NETWORK,)).objects[NETWORK]
    assert not found.owned
    assert lab.do(ApplyObject(NETWORK, {"internal": False})).kind == "conflict"
    assert lab.do(DeleteObject(NETWORK, found.id, found.fingerprint)).kind == "conflict"
    assert lab.observe(wanted=(NETWORK,)).objects[NETWORK].id == found.id


def a_look_at_some_tells_of_these_alone(lab: Lab) -> None:
    lab.started()
    lab.done(lab.creation(ending(0), MIGRATE))
    seen = lab.observe(keys=frozenset({MIGRATE}))
    assert [i.key for i in seen.instances] == [MIGRATE]
    assert seen.began_at_ns <= seen.target_now_ns


# -- everything together --------------------------------------------------------------------


def _stack(lab: Lab, level: str, replicas: int = 2, **more: Any) -> Any:
    web = {
        "image": IMAGE, "pull": "never", "replicas": replicas, "command": ["sleep", "300"],
        "docker": {"init": True}, "environment": {"LEVEL": level}, "volumes": ["data:/data"],
        "termination": {"grace": "2s"}, "depends_on": {"job/migrate": "completed"},
        "readiness": {"exec": ["/bin/busybox", "true"], "period": "1s"},
    }  # fmt: skip
    migrate = {"image": IMAGE, "pull": "never", "command": ["sh", "-c", "sleep 0.2; exit 0"]}
    spec = {"services": {"web": web}, "jobs": {"migrate": migrate}, "volumes": {"data": {}}}
    return stack_of({**spec, **more}, lab.stack)


def what_is_planned_is_applied_and_then_the_plan_is_empty(lab: Lab) -> None:
    first, second = _stack(lab, "info"), _stack(lab, "debug", replicas=1)
    for wanted, count in ((first, 2), (second, 1)):
        assert not lab.plan(wanted).errors
        verdict = lab.apply(wanted)
        assert verdict.kind == "converged", verdict
        assert lab.plan(wanted).is_empty, lab.plan(wanted).changes
        running = [i for i in lab.observe().instances if i.key == WEB]
        assert len(running) == count and all(i.ready for i in running)
        levels = {i.fields["environment.LEVEL"] for i in running}
        assert levels == {wanted.declared.services["web"].environment["LEVEL"].value}
    nothing = stack_of({}, lab.stack)
    assert lab.apply(nothing).kind == "converged"
    left = lab.observe()
    assert left.instances == () and left.records == () and set(left.objects) == {VOLUME}
    assert lab.plan(nothing).kept == (VOLUME,)


def what_someone_removed_by_hand_comes_back(lab: Lab) -> None:
    wanted = _stack(lab, "info", replicas=1)
    assert lab.apply(wanted).kind == "converged"
    gone = lab.instance()
    lab.done(SignalInstance(WEB, gone.id, "SIGKILL"))
    lab.until(lambda: lab.instance().has_ended)
    lab.done(RemoveInstance(WEB, gone.id))
    assert not lab.plan(wanted).is_empty
    assert lab.apply(wanted).kind == "converged"
    assert lab.instance().ready and lab.instance().id != gone.id


def a_shutdown_ends_users_first_and_keeps_to_its_bounds(lab: Lab) -> None:
    deaf = "trap '' TERM; while :; do sleep 0.2; done"
    each = {
        "image": IMAGE, "pull": "never", "termination": {"grace": "60s"},
        "readiness": {"exec": ["/bin/busybox", "true"], "period": "1s"},
    }  # fmt: skip
    services = {
        "db": {**each, "command": ["sh", "-c", deaf]},
        "web": {**each, "command": ["sh", "-c", deaf], "depends_on": {"service/db": "healthy"}},
    }
    bounds = {"drain": "2s", "stop": "3s", "flush": "2s", "total": "40s"}
    wanted = stack_of({"services": services, "shutdown": bounds}, lab.stack)
    assert lab.apply(wanted).kind == "converged"
    began_ns = lab.observe().target_now_ns
    verdict, said = lab.arm.destroy(wanted)
    assert verdict.kind == "converged", verdict
    took_ns = lab.observe().target_now_ns - began_ns
    assert 10 * NS_PER_S <= took_ns <= 25 * NS_PER_S  # 2 + 2 × 3 + 2 s, and the calls
    asked = [(n.key.name, n.text.split()[0], n.at_ns) for n in said if n.key and n.kind == "step"]
    signals = [(name, at_ns) for name, kind, at_ns in asked if kind.startswith("SIG")]
    assert [name for name, _ in signals] == ["web", "web", "db", "db"]
    waited = [b - a for (_, a), (_, b) in (signals[:2], signals[2:])]
    assert all(3 * NS_PER_S <= each <= 10 * NS_PER_S for each in waited), waited
    first_removed_ns = min(at_ns for _, kind, at_ns in asked if kind == "remove")
    assert first_removed_ns >= signals[-1][1] + 2 * NS_PER_S  # kept for its logs
    left = lab.observe()
    assert not left.instances and not left.records and not left.objects


BODY: tuple[Callable[[Lab], None], ...] = (
    a_name_is_given_once,
    a_name_that_another_holds_is_a_conflict,
    what_was_asked_for_is_what_is_seen,
    a_running_instance_is_not_removed,
    what_is_gone_is_removed_already,
    what_is_gone_cannot_be_started_or_changed,
    what_runs_is_started_already,
    what_has_ended_is_signalled_already,
    an_exit_code_is_kept,
    what_crashes_is_started_again_by_the_engine,
    disarmed_and_signalled_it_ends_for_good,
    a_kill_ends_what_ignores_its_signal,
    what_can_change_in_place_does,
    readiness_has_a_beginning_and_an_end,
    without_a_probe_it_is_ready_once_it_runs,
    an_image_is_seen_by_its_id,
    an_instance_of_a_missing_image_is_not_made,
    an_object_is_applied_twice_and_made_once,
    an_object_that_is_there_and_otherwise_is_not_changed,
    an_object_is_deleted_only_as_it_was_seen,
    an_object_in_use_is_not_deleted,
    an_instance_without_its_volume_is_not_made,
    a_record_s_number_is_taken_once,
    another_s_container_is_never_touched,
    another_s_network_of_our_name_is_seen_and_left_alone,
    a_look_at_some_tells_of_these_alone,
    what_is_planned_is_applied_and_then_the_plan_is_empty,
    what_someone_removed_by_hand_comes_back,
    a_shutdown_ends_users_first_and_keeps_to_its_bounds,
)

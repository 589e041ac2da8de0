"""From creation to removal on the real engine."""

import time

import pytest

from reconciler.model.observed import Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    DONE,
    ApplyObject,
    CreateInstance,
    DeleteObject,
    RemoveInstance,
    SignalInstance,
    StartInstance,
    UpdateInstance,
)
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker.target import DockerTarget
from tests.targets.docker.live import NETWORK, SLEEP, WEB, Held, Live

pytestmark = pytest.mark.live


def test_an_instance_is_created_started_stopped_and_removed(live: Live) -> None:
    live.network()
    assert live.create(SLEEP) == DONE
    made = live.only()
    assert (made.phase, made.ready, made.name) == ("created", False, f"{live.stack}-web-0-r1-0")
    assert (made.key, made.ordinal, made.revision, made.attempt) == (WEB, 0, "r1", 0)
    live.done(StartInstance(WEB, made.id))
    running = live.only()
    assert (running.phase, running.ready, running.armed) == ("running", True, True)
    assert running.ready_since_ns == running.started_at_ns
    live.done(UpdateInstance(WEB, made.id, {"restart.policy": "never"}))
    assert not live.only().armed
    live.done(SignalInstance(WEB, made.id, "SIGTERM"))
    live.until(lambda: live.only().phase == "exited")
    ended = live.only()
    assert ended.has_ended and ended.exit_code == 143
    assert ended.finished_at_ns is not None and ended.finished_at_ns > (ended.started_at_ns or 0)
    live.done(RemoveInstance(WEB, made.id))
    assert live.observe().instances == ()


def test_every_step_may_be_made_twice(live: Live) -> None:
    made = live.run()
    live.done(StartInstance(WEB, made.id))
    live.end(made)
    live.done(SignalInstance(WEB, made.id, "SIGTERM"))
    live.done(RemoveInstance(WEB, made.id))
    network = live.observe().objects[NETWORK]
    live.done(ApplyObject(NETWORK, {"internal": False}))
    live.done(DeleteObject(NETWORK, network.id, network.fingerprint))
    live.done(DeleteObject(NETWORK, network.id, network.fingerprint))
    assert live.observe().objects == {}


def test_a_name_that_is_taken_is_a_conflict(live: Live) -> None:
    live.run()
    assert live.create(SLEEP).kind == "conflict"
    assert len(live.observe().instances) == 1


def test_a_running_instance_is_not_removed(live: Live) -> None:
    made = live.run()
    assert live.do(RemoveInstance(WEB, made.id)).kind == "conflict"
    assert live.only().phase == "running"


def test_an_instance_that_ignores_its_signal_is_killed_by_another_step(live: Live) -> None:
    deaf = {**SLEEP, "command": ("sh", "-c", "trap '' TERM; while :; do sleep 1; done")}
    del deaf["docker.init"]
    made = live.run(deaf)
    live.done(UpdateInstance(WEB, made.id, {"restart.policy": "never"}))
    began = time.monotonic()
    live.done(SignalInstance(WEB, made.id, "SIGTERM"))
    assert time.monotonic() - began < 3, "a signal never waits through a grace period"
    assert live.only().phase == "running"
    live.done(SignalInstance(WEB, made.id, "SIGKILL"))
    live.until(lambda: live.only().phase == "exited")
    assert live.only().exit_code == 137


def test_a_paused_instance_goes_on_when_it_is_started(live: Live) -> None:
    made = live.run()
    live.raw.pause(made.id)
    assert (live.only().phase, live.only().ready) == ("paused", False)
    live.done(StartInstance(WEB, made.id))
    assert live.only().phase == "running"


def test_a_crash_is_restarted_by_the_engine_and_counted(live: Live) -> None:
    live.run({**SLEEP, "command": ("sh", "-c", "echo it broke; exit 3")})
    live.until(lambda: live.only().engine_restarts >= 1)
    live.until(lambda: live.only().phase == "restarting")
    found = live.only()
    assert not found.ready and found.exit_code == 3
    assert "code 3" in found.message and "it broke" in found.log_tail


def test_a_crash_loop_can_be_stopped(live: Live) -> None:
    made = live.run({**SLEEP, "command": ("sh", "-c", "exit 3")})
    live.until(lambda: live.only().phase == "restarting")
    disarm = UpdateInstance(WEB, made.id, {"restart.policy": "never"})
    live.until(lambda: live.do(disarm) == DONE)
    live.done(SignalInstance(WEB, made.id, "SIGTERM"))
    live.until(lambda: live.only().has_ended)
    live.done(RemoveInstance(WEB, made.id))
    assert live.observe().instances == ()


def test_a_network_that_is_gone_is_looked_at_again(live: Live) -> None:
    assert live.create(SLEEP) == DONE
    outcome = live.do(StartInstance(WEB, live.only().id))
    assert (outcome.kind, outcome.code) == ("conflict", "R431")
    live.network()
    live.done(StartInstance(WEB, live.only().id))
    assert live.only().phase == "running"


def test_the_hosts_network_can_be_used(live: Live) -> None:
    fields = {**SLEEP, "docker.network_mode": '"host"', "aliases": ("x",)}
    assert live.run(fields).phase == "running"
    assert live.drift(fields) == {}


def test_a_job_ends_with_its_code_and_its_last_words(live: Live) -> None:
    job = ResourceKey("job", "migrate")
    words = ("sh", "-c", "printf 'no \\033[31mtable\\033[0m\\n'; exit 4")
    live.run({**SLEEP, "command": words, "restart.policy": "never"}, job)
    live.until(lambda: live.only().has_ended)
    ended = live.only()
    assert (ended.key, ended.exit_code, ended.log_tail) == (job, 4, ("no table",))
    assert ended.message == "ended with code 4"


def test_out_of_memory_is_told(live: Live) -> None:
    greedy = "x=$(head -c 60000000 /dev/zero | tr '\\0' x)"
    limited = {"restart.policy": "never", "resources.memory_limit": 8 << 20}
    live.run({**SLEEP, **limited, "docker.init": "false", "command": ("sh", "-c", greedy)})
    live.until(lambda: live.only().has_ended)
    ended = live.only()
    assert ended.oom_killed and "out of memory" in ended.message


def test_what_an_instance_needs_and_does_not_find_is_told_apart(live: Live) -> None:
    live.network()
    no_image = live.create({**SLEEP, "image": "local/nothing:1"})
    assert (no_image.kind, no_image.code) == ("conflict", "R425")
    no_volume = live.create({**SLEEP, "volumes./data": "data"})
    assert (no_volume.kind, no_volume.code) == ("conflict", "R443")
    no_path = live.create({**SLEEP, "volumes./data": "/no/such/path"})
    assert (no_path.kind, no_path.code) == ("terminal", "R441")
    assert live.observe().instances == ()


def test_a_command_that_cannot_run_is_for_a_person(live: Live) -> None:
    live.network()
    live.create({**SLEEP, "entrypoint": ("/no/such/program",), "docker.init": "false"})
    made = live.only()
    outcome = live.do(StartInstance(WEB, made.id))
    assert (outcome.kind, outcome.code) == ("terminal", "R439")
    assert "/no/such/program" in live.only().message


def test_a_host_port_in_use_is_tried_again_and_named(live: Live) -> None:
    holder = live.raw.create_container_from_config(
        {
            "Image": "local/busybox:1", "Cmd": ["sleep", "60"], "ExposedPorts": {"80/tcp": {}},
            "Labels": {"reconciler.stack": f"{live.stack}x"},
            "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}},
        },
        name=f"{live.stack}-holder",
    )["Id"]  # fmt: skip
    live.raw.start(holder)
    try:
        bound = live.raw.inspect_container(holder)["NetworkSettings"]["Ports"]["80/tcp"]
        port = bound[0]["HostPort"]
        live.network()
        live.create({**SLEEP, "ports.80/tcp": f"127.0.0.1:{port}"})
        outcome = live.do(StartInstance(WEB, live.only().id))
        assert (outcome.kind, outcome.code) == ("retryable", "R429")
        (foreign,) = [f for f in live.observe().foreign if f.name == f"{live.stack}-holder"]
        assert foreign.holds_name and foreign.host_ports == (f"127.0.0.1:{port}/tcp",)
    finally:
        live.raw.remove_container(holder, force=True)


def test_nothing_that_is_not_ours_is_touched(live: Live) -> None:
    marks = {"reconciler.stack": f"{live.stack}other", "reconciler.kind": "service",
             "reconciler.name": "web"}  # fmt: skip
    body = {"Image": "local/busybox:1", "Cmd": ["sleep", "60"], "Labels": marks}
    other = live.raw.create_container_from_config(body)["Id"]
    live.raw.start(other)
    try:
        for step in (
            StartInstance(WEB, other), SignalInstance(WEB, other, "SIGKILL"),
            UpdateInstance(WEB, other, {"restart.policy": "never"}), RemoveInstance(WEB, other),
        ):  # fmt: skip
            outcome = live.do(step)
            assert (outcome.kind, outcome.code) == ("conflict", "R424"), outcome
        assert live.raw.inspect_container(other)["State"]["Running"]
        assert live.observe().instances == ()
    finally:
        live.raw.remove_container(other, force=True)


def test_a_prefix_of_an_id_names_nothing(live: Live) -> None:
    made = live.run()
    assert live.do(SignalInstance(WEB, made.id[:12], "SIGKILL")).kind == "conflict"
    assert live.only().phase == "running"


def test_a_container_on_too_few_networks_joins_them_before_it_starts(live: Live) -> None:
    live.network()
    live.done(ApplyObject(ResourceKey("network", "back"), {"internal": True}))
    fields = {**SLEEP, "networks": ("back", "default"), "aliases": ("db",)}
    live.create(fields)
    made = live.only()
    assert live.drift(fields) == {}
    live.raw.disconnect_container_from_network(made.id, f"{live.stack}_default")
    assert "networks" in live.drift(fields)
    live.done(StartInstance(WEB, made.id))
    assert live.drift(fields) == {}


def test_a_scope_of_some_resources_tells_of_those_alone(live: Live) -> None:
    live.run()
    live.run(SLEEP, ResourceKey("service", "api"))
    seen = live.observe(keys=frozenset({WEB}))
    assert {i.key for i in seen.instances} == {WEB} and seen.objects == {}
    assert len(live.observe().instances) == 2


def test_images_are_looked_up(live: Live) -> None:
    images = live.observe(images=("local/busybox:1", "local/nothing:1")).images
    assert (images["local/busybox:1"] or "").startswith("sha256:")
    assert images["local/nothing:1"] is None


def test_an_observation_tells_the_engines_time(live: Live) -> None:
    seen = live.observe()
    assert seen.began_at_ns <= seen.target_now_ns
    assert abs(seen.target_now_ns - time.time_ns()) < 5 * NS_PER_S


def test_an_engine_that_hangs_gives_an_unknown_outcome_in_time(live: Live) -> None:
    made = live.run()
    began = time.monotonic()
    outcome = live.do(CreateInstance(WEB, f"{live.stack}-x", 1, "r1", 0, SLEEP), deadline_ns=1)
    assert outcome.kind in ("unknown", "done") and time.monotonic() - began < 5
    assert live.do(StartInstance(WEB, made.id)) == DONE


def test_changes_tell_of_what_happens_and_end_on_close() -> None:
    one = Live()
    try:
        hints = one.target.changes()
        one.run()
        seen = next(hints)
        while WEB not in seen:
            seen = next(hints)
        assert seen == {WEB}
        one.target.close()
        assert next(hints, None) is None
    finally:
        one.clean()


def test_a_second_process_goes_on_from_the_labels_alone(live: Live) -> None:
    live.run({**SLEEP, "stop.grace": 1_500_000_000})
    other = DockerTarget(live.stack, Held())
    try:
        (found,) = other.observe(Scope(live.stack)).instances
        assert found.fields == live.only().fields
        assert found.fields["stop.grace"] == 1_500_000_000
    finally:
        other.close()

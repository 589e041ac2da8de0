"""Readiness and liveness on the real engine: who asks, and what comes of the answers."""

import time
from collections.abc import Mapping

import pytest

from reconciler.model.observed import Scope, Value
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.targets.docker.target import DockerTarget
from tests.targets.docker.live import BUSYBOX, SLEEP, Held, Live

pytestmark = pytest.mark.live

FAST: dict[str, Value] = {
    "delay": 0, "period": 200 * NS_PER_MS, "timeout": NS_PER_S, "successes": 1, "failures": 3
}  # fmt: skip
SERVE = "mkdir -p /www; {before} httpd -f -p 8080 -h /www"


def serving(
    before: str = "echo ok > /www/ready;", **probes: Mapping[str, Value]
) -> dict[str, Value]:
    """A web server with these probes."""
    fields = {**SLEEP, "command": ("sh", "-c", SERVE.format(before=before))}
    for name, probe in probes.items():
        fields |= {f"{name}.{path}": value for path, value in {**FAST, **probe}.items()}
    return fields


def http(path: str = "/ready", **more: Value) -> dict[str, Value]:
    return {"kind": "http", "port": 8080, "path": path, "headers": (), "status": (), "body": "",
            **more}  # fmt: skip


def sh(live: Live, command: str) -> None:
    made = live.raw.exec_create(live.only().id, ["/bin/busybox", "sh", "-c", command])
    live.raw.exec_start(made["Id"])


def test_an_http_probe_decides_on_readiness(live: Live) -> None:
    live.run(serving("", readiness=http()))
    live.until(lambda: "404" in live.only().message)
    assert (live.only().ready, live.only().live) == (False, True)
    sh(live, "echo ok > /www/ready")
    live.until(lambda: live.only().ready)
    ready = live.only()
    assert (ready.ready_since_ns or 0) > (ready.started_at_ns or 0) and ready.message == ""
    assert live.only().ready_since_ns == ready.ready_since_ns
    sh(live, "rm /www/ready")
    live.until(lambda: not live.only().ready)
    sh(live, "echo ok > /www/ready")
    live.until(lambda: live.only().ready)
    assert (live.only().ready_since_ns or 0) > (ready.ready_since_ns or 0)


def test_an_http_probe_expects_a_status_and_a_body(live: Live) -> None:
    live.run(serving(readiness=http(status=("204",))))
    live.until(lambda: live.only().message == "readiness probe: GET /ready answered 200")
    live.end(live.only())
    live.run(serving(readiness=http(body="fine")))
    live.until(lambda: "without 'fine'" in live.only().message)
    live.end(live.only())
    live.run(serving(readiness=http(body="ok", status=("200", "204"))))
    live.until(lambda: live.only().ready)


def test_a_tcp_probe_tells_who_listens(live: Live) -> None:
    live.run(serving(readiness={"kind": "tcp", "port": 8081}))
    live.until(lambda: "port 8081 refuses connections" in live.only().message)
    live.end(live.only())
    live.run(serving(readiness={"kind": "tcp", "port": 8080}))
    live.until(lambda: live.only().ready)
    assert live.only().message == ""


def test_one_look_of_a_new_process_is_enough(live: Live) -> None:
    live.run(serving(readiness=http(successes=3)))
    live.until(lambda: live.only().ready)
    time.sleep(0.6)  # three periods: by now it could have been asked three times
    other = DockerTarget(live.stack, Held())
    try:
        (seen,) = other.observe(Scope(live.stack)).instances
        assert seen.ready, seen.message
    finally:
        other.close()


def test_a_failed_liveness_probe_says_restart_and_not_unready(live: Live) -> None:
    live.run(serving(liveness=http("/live"), readiness=http()))
    live.until(lambda: not live.only().live)
    assert live.only().ready and "liveness probe: GET /live answered 404" in live.only().message


def test_the_other_probes_wait_for_startup(live: Live) -> None:
    before = "echo ok > /www/ready; (sleep 1.5; echo ok > /www/up) &"
    startup = http("/up", failures=100)
    live.run(serving(before, startup=startup, liveness=http("/nothing", period=NS_PER_S)))
    seen = live.only()
    assert (seen.ready, seen.live) == (False, True)
    live.until(lambda: live.only().ready)
    live.until(lambda: not live.only().live)


def test_a_startup_that_never_comes_says_restart(live: Live) -> None:
    live.run(serving(startup=http("/up")))
    live.until(lambda: not live.only().live)
    assert not live.only().ready


def test_an_exec_probe_is_the_engines_health_check(live: Live) -> None:
    command = ("/bin/busybox", "test", "-e", "/here")
    probe = {"kind": "exec", "command": command, "failures": 2, "period": NS_PER_S}
    made = live.run(serving(readiness=probe))
    check = live.raw.inspect_container(made.id)["Config"]["Healthcheck"]
    assert check["Test"] == ["CMD", *command] and check["Retries"] == 2
    assert not made.ready and made.message == "waiting for the first health check"
    live.until(lambda: "health check failed 2 times" in live.only().message)
    assert live.only().live, "readiness is never taken for liveness"
    sh(live, "echo ok > /here")
    live.until(lambda: live.only().ready)
    since = live.only().ready_since_ns
    time.sleep(1.2)
    assert live.only().ready_since_ns == since


def test_an_unhealthy_container_is_not_live_where_the_check_is_about_life(live: Live) -> None:
    command = ("/bin/busybox", "sh", "-c", "echo it hangs; exit 1")
    probe = {"kind": "exec", "command": command, "failures": 1, "period": NS_PER_S}
    live.run(serving(liveness=probe))
    live.until(lambda: not live.only().live)
    seen = live.only()
    assert not seen.ready and seen.message == "health check failed 1 times: it hangs"


def test_a_second_exec_probe_is_asked_from_here(live: Live) -> None:
    ready = {"kind": "exec", "command": ("/bin/busybox", "true"), "period": NS_PER_S}
    alive = {"kind": "exec", "command": ("/bin/busybox", "sh", "-c", "echo stuck; exit 1")}
    live.run(serving(readiness=ready, liveness=alive))
    live.until(lambda: not live.only().live)
    live.until(lambda: live.only().ready)
    assert "liveness probe: stuck" in live.only().message


def test_a_heartbeat_is_read_from_outside(live: Live) -> None:
    beat = {"kind": "heartbeat", "file": "/www/beat", "max_age": 2 * NS_PER_S}
    live.run(serving("", liveness=beat))
    live.until(lambda: "there is no /www/beat" in live.only().message)
    live.end(live.only())
    live.run(serving("touch /www/beat;", liveness=beat))
    assert live.only().live
    live.until(lambda: not live.only().live)
    assert "/www/beat was last touched" in live.only().message


def test_a_turn_is_told_without_an_event_of_the_engine(live: Live) -> None:
    hints = live.target.changes()
    live.run(serving("(sleep 1; echo ok > /www/ready) &", readiness=http()))
    end = time.monotonic() + 10
    while not live.only().ready:  # each round waits for a hint, and none is due from the engine
        assert time.monotonic() < end
        next(hints)


def test_an_images_own_health_check_counts(live: Live) -> None:
    base = live.raw.create_container_from_config({"Image": BUSYBOX, "Cmd": ["true"]})["Id"]
    name = f"local/sick-{live.stack}"
    check = {"Test": ["CMD", "false"], "Interval": NS_PER_S, "Retries": 1}
    try:
        live.raw.commit(base, repository=name, tag="1", conf={"Healthcheck": check})
        live.run({**SLEEP, "image": f"{name}:1"})
        live.until(lambda: not live.only().live)
        live.end(live.only())
    finally:
        live.raw.remove_container(base)
        live.raw.remove_image(f"{name}:1")


def test_a_restart_is_asked_anew(live: Live) -> None:
    live.run(serving("test -e /www/late || sleep 1; touch /www/late /www/ready;", readiness=http()))
    live.until(lambda: live.only().ready)
    first = live.only()
    live.raw.restart(first.id, timeout=0)
    live.until(lambda: live.only().ready)
    again = live.only()
    assert again.id == first.id and (again.started_at_ns or 0) > (first.started_at_ns or 0)
    assert (again.ready_since_ns or 0) >= (again.started_at_ns or 0)

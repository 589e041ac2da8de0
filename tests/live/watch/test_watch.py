"""`watch` as a process of its own on the real engine."""

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from reconciler.cli import exits
from tests.live.drift.ground import Json, settings
from tests.live.process import SERVICE, Lab, lab, until
from tests.targets.docker.proxy import Gate

pytestmark = pytest.mark.live("docker", "image")

ALL = bool(os.environ.get("RECONCILER_CRASHES"))
MIB = 1 << 20
LIMIT = 32 * MIB


def web(version: int = 1, **more: Any) -> Json:
    """One service whose memory limit can be changed in place."""
    made = {
        "environment": {"VERSION": str(version)}, "resources": {"limits": {"memory": "32Mi"}},
        **more,
    }  # fmt: skip
    return {"defaults": SERVICE, "services": {"web": made}}


class Watch:
    """A running `watch`, through a gate, and what it says."""

    def __init__(self, ground: Lab, path: Path, *words: str) -> None:
        self.gate: Gate = ground.gate()
        self.log = ground.folder / f"{len(list(ground.folder.glob('*.log')))}.log"
        self.process: subprocess.Popen[str] = ground.start(
            "watch", str(path), *words, gate=self.gate, log=self.log
        )
        self.ground = ground

    def said(self) -> str:
        return self.log.read_text()

    def until_said(self, pattern: str, most_s: float = 30) -> None:
        until(lambda: re.search(pattern, self.said()), most_s, self.said)

    def until(self, holds: Any, most_s: float = 30) -> float:
        return until(holds, most_s, self.said)

    def ends(self) -> None:
        """It is told to, and does so soon and well."""
        began = time.monotonic()
        code = self.ground.end(self.process, signal.SIGTERM)
        assert (code, time.monotonic() - began < 5) == (exits.OK, True), self.said()
        assert "stopped: " in self.said()


@pytest.fixture
def ground(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    number = sorted(item.name for item in request.session.items).index(request.node.name)
    with lab(f"watch{number}n", tmp_path) as made:
        yield made


def versions(ground: Lab) -> list[str]:
    """The version of every instance that runs."""
    return [
        next(v for v in raw["Config"]["Env"] if v.startswith("VERSION=")).partition("=")[2]
        for raw in ground.containers("web")
        if raw["State"]["Running"]
    ]


def limits(ground: Lab) -> list[int]:
    return [raw["HostConfig"]["Memory"] for raw in ground.containers("web")]


def drift(ground: Lab, mib: int = 64) -> None:
    """Change the limit behind its back, as `docker update` does."""
    for raw in ground.containers("web"):
        with contextlib.suppress(docker.errors.APIError):
            settings(ground, raw["Id"], Memory=mib * MIB, MemorySwap=mib * MIB)


def test_it_follows_its_file_heals_drift_and_ends_cleanly(ground: Lab) -> None:
    path = ground.write(web(1))
    watch = Watch(ground, path)
    watch.until_said("service/web  ready")
    assert versions(ground) == ["1"]

    ground.write(web(2))
    watch.until(lambda: versions(ground) == ["2"] and len(ground.containers("web")) == 1)
    assert "read again: " in watch.said()

    good = path.read_text()
    path.write_text(good.replace('"VERSION": "2"', '"VERSION": "3", "VERSION": "4"'))
    watch.until_said(r"error\[R1\d\d\][^\n]*\n +--> [^\n]*state\.yaml:\d+:\d+")
    watch.until_said("what was wanted before stays so")
    assert versions(ground) == ["2"]
    path.write_text(good.replace('"VERSION": "2"', '"VERSION": "5"'))
    watch.until(lambda: versions(ground) == ["5"] and len(ground.containers("web")) == 1)
    watch.until(lambda: ground.plan(path)[0] == exits.OK)

    drift(ground)
    assert watch.until(lambda: limits(ground) == [LIMIT], 15) < 15
    (before,) = ground.containers("web")
    ground.engine.remove_container(before["Id"], force=True)
    watch.until(lambda: versions(ground) == ["5"])
    watch.until(lambda: ground.plan(path)[0] == exits.OK)
    watch.ends()


def test_drift_that_is_only_reported_is_named_and_left_alone(ground: Lab) -> None:
    watch = Watch(ground, ground.write(web(1)), "--drift", "report")
    watch.until_said("service/web  ready")
    time.sleep(0.5)
    acts = len(watch.gate.acts)
    drift(ground)
    watch.until_said(r"service/web  pending: .*resources\.memory_limit")
    time.sleep(3)
    assert limits(ground) == [64 * MIB] and len(watch.gate.acts) == acts
    ground.write(web(2))  # what is asked for is still done
    watch.until(lambda: versions(ground) == ["2"] and limits(ground) == [LIMIT])
    watch.ends()


def test_what_is_unhealthy_is_replaced_later_each_time_and_then_given_up(ground: Lab) -> None:
    lives = "/bin/busybox touch /ok; trap 'exit 0' TERM; /bin/busybox sleep 600 & wait"
    service = {
        "command": ["sh", "-c", lives],
        "liveness": {"exec": ["/bin/busybox", "test", "-e", "/ok"], "period": "1s",
                     "timeout": "2s", "failures": 1},
        "restart": {"most": 2, "backoff": {"first": "3s"}},
    }  # fmt: skip
    watch = Watch(ground, ground.write(web(1, **service)))
    watch.until_said("service/web  ready")
    ended, begun = [], []
    for attempt in (1, 2, 3):
        watch.until(lambda attempt=attempt: _healthy(ground, attempt))
        raw = _healthy(ground, attempt)
        begun.append(_seconds(raw["State"]["StartedAt"]))
        task = ground.engine.exec_create(raw["Id"], ["/bin/busybox", "rm", "/ok"])["Id"]
        ground.engine.exec_start(task)
        watch.until(lambda raw=raw: _ended(ground, raw["Id"]) is not None)
        ended.append(_ended(ground, raw["Id"]))
    watch.until_said("service/web  degraded: unhealthy again after 2 replacements")
    assert begun[2] - (ended[1] or 0) >= 3, "the second replacement waits for the backoff"
    creations = [w for w in watch.gate.acts if w.is_creation]
    time.sleep(2)
    assert len(creations) == 3 == len([w for w in watch.gate.acts if w.is_creation])
    watch.ends()


def _healthy(ground: Lab, attempt: int) -> Json:
    """The attempt's container, once its health check has passed; else nothing."""
    for raw in ground.containers("web"):
        if raw["Config"]["Labels"]["reconciler.attempt"] == str(attempt):
            health = raw["State"].get("Health") or {}
            return raw if health.get("Status") == "healthy" else {}
    return {}


def _ended(ground: Lab, container: str) -> float | None:
    try:
        state = ground.engine.inspect_container(container)["State"]
    except docker.errors.NotFound:
        return 0.0
    return None if state["Running"] else _seconds(state["FinishedAt"])


def _seconds(text: str) -> float:
    clock, _, fraction = text.rstrip("Z").partition(".")
    hours, minutes, seconds = clock.partition("T")[2].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")


def test_killed_in_a_rollout_and_started_again_it_goes_on_where_it_was(ground: Lab) -> None:
    more = {"replicas": 3}
    path = ground.write(web(1, **more))
    first = Watch(ground, path)
    first.until(lambda: versions(ground) == ["1"] * 3)
    first.until_said("service/web  ready")
    began = time.time()
    ground.write(web(2, **more))
    first.until(lambda: "2" in versions(ground))
    ground.end(first.process)
    left = versions(ground)
    second = Watch(ground, path)
    second.until(lambda: versions(ground) == ["2"] * 3 and len(ground.containers("web")) == 3)
    second.until_said("service/web  ready")
    made = ground.creations(began)
    assert len(made) <= 4, (left, made)
    assert ground.plan(path)[0] == exits.OK
    second.ends()


def test_it_notes_the_commit_that_each_revision_was_read_from(ground: Lab) -> None:
    def git(*words: str) -> str:
        who = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(ground.folder), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    path = ground.write(web(1))
    git("init", "-q")
    git("add", path.name)
    git("commit", "-qm", "first")
    watch = Watch(ground, path)
    watch.until_said("service/web  ready")
    ground.write(web(2))
    watch.until(lambda: versions(ground) == ["2"] and len(ground.containers("web")) == 1)
    process = ground.start("history", str(path), "-o", "json")
    said, _ = process.communicate(timeout=60)
    first = git("rev-parse", "HEAD")
    told = [each["commit"] for each in json.loads(said)["resources"][0]["revisions"]]
    assert told == [f"{first}+", first]
    watch.ends()


def test_it_goes_on_when_every_connection_breaks(ground: Lab) -> None:
    watch = Watch(ground, ground.write(web(1)))
    watch.until_said("service/web  ready")
    for mib in (64, 128):
        watch.gate.break_off()
        drift(ground, mib)
        assert watch.until(lambda: limits(ground) == [LIMIT], 20) < 20, "not the resync's doing"
    watch.ends()


def test_another_actor_that_insists_is_answered_later_each_time(ground: Lab) -> None:
    watch = Watch(ground, ground.write(web(1)))
    watch.until_said("service/web  ready")
    done = threading.Event()

    def insist() -> None:
        other = docker.APIClient(version="auto", timeout=30)
        meddler = type("Hand", (), {"engine": other})()
        (raw,) = ground.containers("web")
        while not done.wait(1):
            settings(meddler, raw["Id"], Memory=64 * MIB, MemorySwap=64 * MIB)
        other.close()

    thread = threading.Thread(target=insist)
    thread.start()
    try:
        watch.until_said(r"another actor changes resources\.\w+: \d times", 15)
        time.sleep(12)
    finally:
        done.set()
        thread.join(30)
    updates = [w for w in watch.gate.acts if "/update" in w.text]
    # At once, and once more after 10 s, instead of once each second.
    assert 1 <= len(updates) <= 3, [f"{w.began:.1f} {w.text}" for w in updates]
    (container,) = ground.containers("web")
    assert container["State"]["Running"] and versions(ground) == ["1"]
    watch.ends()


if ALL:

    def test_an_engine_that_is_away_for_longer_than_the_lock_lives_is_waited_for(
        ground: Lab,
    ) -> None:
        watch = Watch(ground, ground.write(web(1)))
        watch.until_said("service/web  ready")
        watch.gate.is_away = True
        watch.gate.break_off()
        time.sleep(17)
        drift(ground)
        watch.gate.is_away = False
        watch.until(lambda: limits(ground) == [LIMIT], 40)
        assert watch.process.poll() is None
        watch.ends()

"""The stand-in behaves as the engine's guide says, run as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER = Path(__file__).with_name("server.py")


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass
class Running:
    process: subprocess.Popen[str]
    port: int

    def get(self, path: str, **headers: str) -> Answer:
        url = f"http://127.0.0.1:{self.port}{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, headers=named)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, dict(answer.headers), json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), json.loads(error.read()))

    def in_background(self, path: str) -> tuple[threading.Thread, list[Answer]]:
        answers: list[Answer] = []
        thread = threading.Thread(target=lambda: answers.append(self.get(path)))
        thread.start()
        self.wait_for(lambda: self.get("/metrics").body["scheduler"]["activeTasks"] == 1)
        return thread, answers

    def wait_for(self, holds: Any) -> None:
        deadline = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.01)


@contextmanager
def running(**env: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, str(SERVER)],
        env={"PATH": os.environ["PATH"], "CONSTELLATION_PORT": "0", **env},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().split()[-1]
        yield Running(process, int(port) if port.isdecimal() else 0)
    finally:
        process.kill()
        process.communicate()


def test_it_is_alive_and_ready_once_it_serves() -> None:
    with running() as server:
        paths = ("/health", "/health/live", "/health/ready")
        assert [server.get(path).status for path in paths] == [200, 200, 200]


def test_until_it_has_started_it_is_alive_and_not_ready() -> None:
    with running(STANDIN_START_S="0.3") as server:
        assert server.get("/health/live").status == 200
        assert server.get("/health/ready").status == 503
        server.wait_for(lambda: server.get("/health/ready").status == 200)


def test_details_ask_for_an_api_key() -> None:
    with running(CONSTELLATION_API_KEYS="one:Admin,two:Reader") as server:
        assert server.get("/health/detail").status == 401
        assert server.get("/health/detail", Authorization="Bearer nine").status == 401
        assert server.get("/health/detail", Authorization="Bearer two").status == 200


def test_without_keys_nobody_sees_details() -> None:
    with running() as server:
        assert server.get("/health/detail", Authorization="Bearer ").status == 401


def test_metrics_hold_the_numbers_that_the_state_points_at() -> None:
    with running() as server:
        server.get("/work?ms=1")
        server.get("/work?ms=1")
        numbers = server.get("/metrics").body
        assert numbers["server"]["requests_total"] == 2
        assert numbers["cache"]["hitRate"] == 0.5
        assert numbers["scheduler"] == {
            "activeTasks": 0, "queuedCount": 0, "starvationPromotions": 0,
        }  # fmt: skip


def test_a_request_id_is_kept_and_made_where_absent() -> None:
    with running() as server:
        assert server.get("/work", X_Request_ID="mine").headers["X-Request-ID"] == "mine"
        made = {server.get("/work").headers["X-Request-ID"] for _ in range(2)}
        assert len(made) == 2
        assert "" not in made


def test_a_session_lives_in_one_instance_alone() -> None:
    with running() as first, running() as second:
        begun = first.get("/session")
        cookie = begun.headers["Set-Cookie"].partition(";")[0]
        assert first.get("/session", Cookie=cookie).body["count"] == 2
        moved = second.get("/session", Cookie=cookie).body
        assert (moved["count"], moved["lost"]) == (1, True)


def test_told_to_stop_it_finishes_what_is_in_flight() -> None:
    with running() as server:
        thread, answers = server.in_background("/work?ms=600")
        server.process.send_signal(signal.SIGTERM)
        server.wait_for(lambda: server.get("/health/ready").status == 503)
        assert server.get("/health/live").status == 200
        thread.join()
        assert [answer.status for answer in answers] == [200]
        assert server.process.wait(timeout=10) == 0


def test_what_outlasts_the_drain_is_cancelled() -> None:
    with running(STANDIN_DRAIN_S="0.2") as server:
        thread, answers = server.in_background("/work?ms=60000")
        server.process.send_signal(signal.SIGTERM)
        thread.join(timeout=10)
        assert [answer.status for answer in answers] == [503]
        assert server.process.wait(timeout=10) == 0


def test_told_to_fail_it_fails() -> None:
    with running(STANDIN_FAIL="start") as server:
        assert server.process.wait(timeout=10) == 1
    with running(STANDIN_FAIL="ready") as server:
        assert server.get("/health/ready").status == 503


def test_its_own_health_check_follows_readiness() -> None:
    with running() as server:
        command = [sys.executable, str(SERVER), "--check"]
        env = {"PATH": os.environ["PATH"], "CONSTELLATION_PORT": str(server.port)}
        assert subprocess.run(command, env=env, check=False).returncode == 0
        server.process.kill()
        server.process.wait(timeout=10)
        assert subprocess.run(command, env=env, check=False).returncode == 1

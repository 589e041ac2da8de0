"""An engine that is away, hangs, or whose replies are lost."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Scope
from reconciler.model.step import CreateInstance, RemoveInstance, StartInstance
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker import engine as engine_module
from reconciler.targets.docker.connect import Endpoint
from reconciler.targets.docker.engine import open_engine
from reconciler.targets.docker.target import DockerTarget
from tests.targets.docker.live import DEADLINE_NS, SLEEP, WEB, Live
from tests.targets.docker.proxy import Proxy


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.close()


def test_an_engine_that_is_away_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        open_engine(Endpoint(f"unix://{tmp_path}/none.sock"))
    assert (caught.value.kind, caught.value.code) == ("unreachable", "R420")
    assert "no such socket" in caught.value.message and "DOCKER_HOST" in caught.value.hint
    with pytest.raises(TargetError, match="connection refused"):
        open_engine(Endpoint("tcp://127.0.0.1:9"))


def test_an_engine_that_says_nothing_is_said_to_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "CONNECT_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(TargetError) as caught:
            open_engine(Endpoint(f"tcp://127.0.0.1:{silent.getsockname()[1]}"))
        assert time.monotonic() - began < 3
    assert caught.value.code == "R423" and "docker ps" in caught.value.hint


@pytest.mark.live
def test_a_lost_reply_is_unknown_and_the_next_look_decides(live: Live, proxy: Proxy) -> None:
    live.network()
    far = DockerTarget(live.stack, live.contents, Endpoint(proxy.host))
    try:
        proxy.lose(r"POST [^ ]*/containers/create")
        step = CreateInstance(WEB, f"{live.stack}-web-0-r1-0", 0, "r1", 0, SLEEP)
        assert far.perform(step, DEADLINE_NS).kind == "unknown"
        assert proxy.lost.wait(5)
        (made,) = far.observe(Scope(live.stack)).instances
        assert far.perform(step, DEADLINE_NS).kind == "conflict"
        proxy.lose(r"POST [^ ]*/start")
        assert far.perform(StartInstance(WEB, made.id), DEADLINE_NS).kind == "unknown"
        assert far.perform(StartInstance(WEB, made.id), DEADLINE_NS).kind == "done"
        assert far.capabilities.features < live.target.capabilities.features
    finally:
        far.close()


@pytest.mark.live
def test_an_engine_that_goes_away_is_tried_again(live: Live, proxy: Proxy) -> None:
    live.run()
    far = DockerTarget(live.stack, live.contents, Endpoint(proxy.host))
    proxy.close()
    far._engine.close()  # as after a restart of the engine: no connection is left
    try:
        outcome = far.perform(RemoveInstance(WEB, "0" * 64), 2 * NS_PER_S)
        assert (outcome.kind, outcome.code) == ("retryable", "R420")
        with pytest.raises(TargetError) as caught:
            far.observe(Scope(live.stack))
        assert caught.value.kind == "unreachable"
    finally:
        far.close()


@pytest.mark.live
def test_the_stream_of_changes_is_opened_again(live: Live, proxy: Proxy) -> None:
    far = DockerTarget(live.stack, live.contents, Endpoint(proxy.host))
    hints = far.changes()
    try:
        live.network()
        next(hints)
        proxy.lose(r"GET [^ ]*/events")  # the next stream is cut at its first event
        far._changes._stream.close()  # type: ignore[union-attr]
        live.run()
        end = time.monotonic() + 10
        while WEB not in next(hints):
            assert time.monotonic() < end
    finally:
        far.close()


@pytest.mark.live
def test_closing_ends_every_thread(live: Live) -> None:
    before = set(threading.enumerate())
    other = DockerTarget(live.stack, live.contents)
    hints = other.changes()
    other.observe(Scope(live.stack))
    other.close()
    assert list(hints) == []
    end = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < end:
        time.sleep(0.05)
    assert set(threading.enumerate()) - before == set()

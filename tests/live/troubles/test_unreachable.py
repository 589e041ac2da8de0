"""An engine that is not there, hangs, or hangs up."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from reconciler.targets.docker import engine as client
from tests.live.troubles.command import Command, Engine

pytestmark = pytest.mark.live


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes connections and never answers."""
    held = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                held.append(server.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    for connection in held:
        connection.close()


@pytest.mark.parametrize(
    ("host", "reason"),
    [("unix:///nowhere/docker.sock", "no such socket"), ("tcp://127.0.0.1:9", "refused")],
)
@pytest.mark.parametrize("name", ["plan", "apply", "status", "destroy"])
def test_no_engine_is_told_with_its_address_and_the_way_out(
    command: Command, monkeypatch: pytest.MonkeyPatch, host: str, reason: str, name: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    command.write()
    more = ("--yes",) if name in ("apply", "destroy") else ()
    command(name, *more).check_refused("R420", host, reason, "DOCKER_HOST")


def test_an_engine_that_hangs_is_told_in_time(
    command: Command, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    monkeypatch.setattr(client, "CONNECT_TIMEOUT_S", 1)
    monkeypatch.setenv("DOCKER_HOST", silent)
    command.write()
    command.apply().check_refused("R423", "does not answer in time", "restart it")


def test_the_next_apply_finishes_once_it_answers(command: Command, engine: Engine) -> None:
    assert "DOCKER_HOST" not in os.environ
    command.write()
    command.check_finishes()

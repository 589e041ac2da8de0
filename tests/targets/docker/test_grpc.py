"""gRPC health checks: of a real server, and of some that are none."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.targets.docker import grpc
from reconciler.targets.docker.asking import Place, ask
from reconciler.targets.docker.probes import Question

# containerd serves grpc.health.v1 on its socket; engines keep it in one of these places.
SOCKETS = ("/run/containerd/containerd.sock", "/var/run/docker/containerd/containerd.sock")
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"


def server(talk: "Talk") -> Iterator[tuple[str, int]]:
    """A server of one connection at a time, that talks so."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                with near, contextlib.suppress(OSError):
                    talk(near)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


class Talk:
    """Says this, whatever it hears."""

    def __init__(self, said: bytes = b"") -> None:
        self.said = said

    def __call__(self, near: socket.socket) -> None:
        near.recv(65536)
        near.sendall(self.said)
        near.shutdown(socket.SHUT_WR)
        while near.recv(65536):
            pass


def through(path: str) -> "type[Talk]":
    """A way to a socket in the file system."""

    class Through(Talk):
        def __call__(self, near: socket.socket) -> None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as far:
                far.connect(path)
                back = threading.Thread(target=_pump, args=(far, near), daemon=True)
                back.start()
                _pump(near, far)
                back.join(5)

    return Through


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def containerd() -> Iterator[tuple[str, int]]:
    found = [path for path in SOCKETS if Path(path).is_socket() and os.access(path, os.W_OK)]
    if not found:
        pytest.skip("containerd's socket cannot be reached from here")
    yield from server(through(found[0])())


def answer(message: bytes, *, flags: int = 0, body: bytes | None = None) -> bytes:
    """An answer with this message, and its end."""
    data = b"\0" + len(message).to_bytes(4) + message if body is None else body
    frame = len(data).to_bytes(3) + bytes([0, flags]) + (1).to_bytes(4) + data
    return SETTINGS + frame + b"\0\0\0\x01\x05" + (1).to_bytes(4)


def said(text: bytes, service: str = "") -> str:
    """What is made of a server that says this; empty where it counts as healthy."""
    places = server(Talk(text))
    address = next(places)
    try:
        grpc.check(address, service, 2)
    except grpc.NoHealth as error:
        return str(error)
    finally:
        next(places, None)
    return ""


@pytest.mark.live
def test_a_real_server_says_that_it_serves(containerd: tuple[str, int]) -> None:
    grpc.check(containerd, "", 5)
    question = Question("readiness", "grpc", detail={"port": containerd[1], "service": ""})
    place = Place("x", containerd[0], {})
    assert ask(None, place, question).ok  # type: ignore[arg-type]


@pytest.mark.live
def test_a_real_server_that_does_not_know_the_service_is_not_healthy(
    containerd: tuple[str, int],
) -> None:
    for service in ("nobody", "n" * 300):
        with pytest.raises(grpc.NoHealth, match="is the health service registered"):
            grpc.check(containerd, service, 5)


def test_what_serves_is_healthy_and_nothing_else_is() -> None:
    assert said(answer(b"\x08\x01")) == ""
    assert said(answer(b"\x08\x02")) == "it is NOT_SERVING"
    assert said(answer(b"\x08\x02"), "shop") == "the service 'shop' is NOT_SERVING"
    assert said(answer(b"")) == "it is UNKNOWN"
    assert said(answer(b"\x08\x63")) == "it is UNKNOWN"


def test_padding_is_no_part_of_the_answer() -> None:
    message = b"\0\0\0\0\x02\x08\x01"
    assert said(answer(b"", flags=8, body=b"\x03" + message + b"\0\0\0")) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no HTTP/2"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP/2"),
        (b"", "no answer"),
        (SETTINGS, "no answer"),
        (SETTINGS + b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07", "no answer"),
        (answer(b"\x10\x01"), "not understood"),
        (answer(b"", body=b"\x01\0\0\0\x02\x08\x01"), "not understood"),
        (answer(b"", body=b"\0" * 5_000), "too long"),
    ],
)
def test_what_is_no_answer_is_said(text: bytes, why: str) -> None:
    assert why in said(text)


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimeoutError):
        grpc.check(silent.getsockname(), "", 0.1)


def test_a_probe_tells_why_it_has_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        detail = {"port": port, "service": ""}
        late = Question("readiness", "grpc", timeout_ns=100_000_000, detail=detail)
        place = Place("x", "127.0.0.1", {})
        assert "no answer in 100ms" in ask(None, place, late).error  # type: ignore[arg-type]
    refused = ask(None, place, late)  # type: ignore[arg-type]
    assert refused.error == f"port {port} refuses connections"
    away = ask(None, Place("x", "", {}), late)  # type: ignore[arg-type]
    assert "the engine is remote" in away.error

"""A way to the engine on which every request is seen: when it came, and what it asks for."""

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.figure import Unavailable

DEFAULT = "unix:///var/run/docker.sock"
REQUEST = re.compile(rb"^(GET|HEAD|POST|PUT|DELETE) /v[\d.]+(\S*) HTTP/1\.1\r\n")


class Request(NamedTuple):
    """One request: the wall clock's time at which it came, its method, path and query."""

    at_ns: int
    method: str
    target: str


def engine_socket() -> str:
    """The engine's socket on this machine; Unavailable where it is reached otherwise."""
    scheme, _, path = os.environ.get("DOCKER_HOST", DEFAULT).partition("://")
    if scheme != "unix":
        raise Unavailable("the engine is not reached through a socket of this machine")
    return path


class Relay:
    """Passes on what comes through a socket in `folder` to the engine's own."""

    def __init__(self, folder: Path) -> None:
        self._engine = engine_socket()
        self.requests: list[Request] = []
        self.host = f"unix://{folder}/engine.sock"
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(f"{folder}/engine.sock")
        self._server.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def first(self, method: str, pattern: str, since_ns: int) -> Request | None:
        """The first request from this time on that matches."""
        asked = re.compile(pattern)
        for request in list(self.requests):
            in_time = request.at_ns >= since_ns and request.method == method
            if in_time and asked.search(request.target):
                return request
        return None

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                far.connect(self._engine)
                for source, sink, asks in ((near, far, True), (far, near, False)):
                    args = (source, sink, asks)
                    threading.Thread(target=self._pump, args=args, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if asks and (line := REQUEST.match(data)):
                    told = Request(time.time_ns(), line[1].decode(), line[2].decode())
                    self.requests.append(told)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def relay(folder: Path) -> Iterator[Relay]:
    """A relay, closed at the end."""
    made = Relay(folder)
    try:
        yield made
    finally:
        made.close()

"""Tiny servers on loopback: each answers with its number, at once or when it is told to."""

import contextlib
import socket
import threading
from collections.abc import Iterator

PATIENCE_S = 20.0


class Backend:
    """One server. It can be closed, so that it refuses, and opened again on its port.

    `healthy` is what it answers an edge that asks for ``/check``.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.healthy = True
        self.held: dict[str, threading.Event] = {}
        self.came: dict[str, threading.Event] = {}
        self._changed = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen, on the port of the first time."""
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", self.port))
        made.listen(256)
        self.port = made.getsockname()[1]
        self._listener = made
        threading.Thread(target=self._accept, args=(made,), daemon=True).start()

    def close(self) -> None:
        """Refuse from now on."""
        if self._listener is not None:
            # A thread that waits in `accept` keeps the socket open until it is shut down.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def event(self, events: dict[str, threading.Event], name: str) -> threading.Event:
        """One of the events of a request that is held, made when it is first asked for."""
        with self._changed:
            return events.setdefault(name, threading.Event())

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(PATIENCE_S)
            head = b""
            while b"\r\n\r\n" not in head:
                got = connection.recv(4096)
                if not got:
                    return
                head += got
            path = head.split(b" ", 2)[1].decode()
            if path.startswith("/hold/"):
                self.event(self.came, path).set()
                assert self.event(self.held, path).wait(PATIENCE_S)
            told = b"503 No" if path == "/check" and not self.healthy else b"200 OK"
            body = str(self.number).encode()
            connection.sendall(
                b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
                % (told, len(body), body)
            )


@contextlib.contextmanager
def backends(count: int) -> Iterator[list[Backend]]:
    """So many servers; none of them is left at the end."""
    made: list[Backend] = []
    try:
        for number in range(count):
            made.append(Backend(number))
        yield made
    finally:
        for each in made:
            for event in each.held.values():
                event.set()
            each.close()

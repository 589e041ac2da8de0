"""Ways to the engine that can be broken, or watched: a socket in front, its own behind."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

ENGINE = "/var/run/docker.sock"


class Proxy:
    """Forwards to the engine. `lose`: once a request matches, its reply never arrives."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self._lose: re.Pattern[bytes] | None = None
        self.lost = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, pattern: str) -> None:
        """Cut the connection once the engine has answered a request that matches."""
        self._lose = re.compile(pattern.encode())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                far.connect(ENGINE)
                cut = threading.Event()
                for args in ((near, far, cut, True), (far, near, cut, False)):
                    threading.Thread(target=self._pump, args=args, daemon=True).start()

    def _pump(
        self, source: socket.socket, sink: socket.socket, cut: threading.Event, asks: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if asks and self._lose is not None and self._lose.search(data):
                    self._lose = None
                    cut.set()
                if not asks and cut.is_set():
                    self.lost.set()
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


_HEAD = re.compile(rb"([A-Z]+) (?:/v[\d.]+)?(\S+) HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# What changes nothing that is ours, though it is asked for by POST.
_HARMLESS = re.compile(r"/exec\b|/wait\b|^/auth\b")


@dataclass(frozen=True)
class Write:
    """A request that changes something; times are those of the monotonic clock, in s."""

    number: int
    text: str
    body: bytes
    began: float

    @property
    def is_lock(self) -> bool:
        """Whether it is about the lock, and not an act."""
        return ".rec.lock." in self.text or b".rec.lock." in self.body

    @property
    def is_creation(self) -> bool:
        """Whether it makes an instance."""
        makes = self.text.startswith("POST /containers/create")
        return makes and b"reconciler.ordinal" in self.body


class Cut(Exception):
    """Raised by a hook: break this connection off, and pass nothing on."""


class Gate:
    """A socket of one's own in front of the engine's, that sees every request that writes.

    `before` hears of each before it is passed on, `answered` when the engine has answered
    and its reply is not yet passed on; either may raise `Cut`. `acts` are those that
    were passed on, the lock's excepted; only these are numbered, from 1.
    """

    def __init__(self, path: Path) -> None:
        self.host = f"unix://{path}"
        self.before: Callable[[Write], None] = lambda write: None
        self.answered: Callable[[Write], None] = lambda write: None
        self.acts: list[Write] = []
        self.locks: list[Write] = []
        self.ends: list[socket.socket] = []
        self.is_away = False  # nobody is let in, and nothing comes through
        self.victim = 0  # the process whose way this is, for hooks that kill it
        self._guard = threading.Lock()
        self._count = 0
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(path))
        self._server.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more, and break everything off."""
        for closing in (lambda: self._server.shutdown(socket.SHUT_RDWR), self._server.close):
            with contextlib.suppress(OSError):
                closing()
        self.break_off()

    def break_off(self) -> None:
        """Cut every connection; new ones are let in."""
        with self._guard:
            ends, self.ends = self.ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                if self.is_away:
                    near.close()
                    continue
                far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                far.connect(ENGINE)
                with self._guard:
                    self.ends += [near, far]
                under_way: list[Write] = []
                for pump, args in (self._ask, (near, far)), (self._tell, (far, near)):
                    threading.Thread(target=pump, args=(*args, under_way), daemon=True).start()

    def _ask(self, near: socket.socket, far: socket.socket, under_way: list[Write]) -> None:
        with contextlib.suppress(OSError, Cut):
            while data := near.recv(65536):
                head = _HEAD.match(data)
                if head is not None and head[1] not in (b"GET", b"HEAD"):
                    data = self._whole(near, data)
                    text = f"{head[1].decode()} {head[2].decode()}"
                    if not _HARMLESS.search(head[2].decode()):
                        write = self._note(text, data)
                        self.before(write)
                        under_way.append(write)
                        (self.locks if write.is_lock else self.acts).append(write)
                far.sendall(data)
        self._end(near, far)

    def _tell(self, far: socket.socket, near: socket.socket, under_way: list[Write]) -> None:
        with contextlib.suppress(OSError, Cut):
            while data := far.recv(65536):
                if under_way:
                    self.answered(under_way.pop())
                near.sendall(data)
        self._end(near, far)

    def _note(self, text: str, data: bytes) -> Write:
        body = data.partition(b"\r\n\r\n")[2]
        write = Write(0, text, body, time.monotonic())
        if write.is_lock:
            return write
        with self._guard:
            self._count += 1
            return replace(write, number=self._count)

    @staticmethod
    def _whole(near: socket.socket, data: bytes) -> bytes:
        head = data.partition(b"\r\n\r\n")[0]
        found = _LENGTH.search(head)
        missing = len(head) + 4 + int(found[1]) - len(data) if found else 0
        while missing > 0:
            more = near.recv(65536)
            if not more:
                raise Cut
            data += more
            missing -= len(more)
        return data

    def _end(self, *ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        with self._guard:
            self.ends = [end for end in self.ends if end not in ends]

"""Reading through a socket: an engine's answers, its refusals, and what else may come."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from docker import errors as sdk

from reconciler.targets.docker.reading import Reader

SOON_S = 5.0


class Engine:
    """Answers every request on a socket with the same bytes, and keeps what was asked."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.answer = b""
        self.hangs = False
        self.asked: list[bytes] = []
        self.connections = 0
        self._ended = threading.Event()
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(path)
        self._server.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def says(self, status: str, body: bytes, length: int | None = None) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {length or len(body)}\r\n\r\n"
        self.answer = head.encode() + body

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            self._threads.append(threading.Thread(target=self._serve, args=(near,)))
            self._threads[-1].start()

    def _serve(self, near: socket.socket) -> None:
        with near:
            while data := near.recv(65536):
                self.asked.append(data)
                if self.hangs:
                    self._ended.wait(SOON_S)
                    return
                near.sendall(self.answer)
                if not self.answer.endswith(b"}"):  # what was announced does not come
                    return


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(f"{tmp_path}/engine.sock")
    yield made
    made.close()


@pytest.fixture
def reader(engine: Engine) -> Iterator[Reader]:
    made = Reader(engine.path, {"User-Agent": "ours"}, 4)
    yield made
    made.close()


def test_reads_of_different_paths_share_a_connection(engine: Engine, reader: Reader) -> None:
    engine.says("200 OK", b'{"Id": "1"}')
    assert [reader.read(path, SOON_S) for path in ("/a/json", "/b/json")] == [{"Id": "1"}] * 2
    assert engine.connections == 1
    assert [line.split(b"\r\n")[0] for line in engine.asked] == [
        b"GET /a/json HTTP/1.1", b"GET /b/json HTTP/1.1",
    ]  # fmt: skip
    assert b"User-Agent: ours" in engine.asked[0]


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        ("404 Not Found", "No such container: a", sdk.NotFound),
        ("404 Not Found", "No such image: a", sdk.ImageNotFound),
        ("500 Internal Server Error", "no space left on device", sdk.APIError),
    ],
)
def test_a_refusal_is_the_sdks_own_error(
    engine: Engine, reader: Reader, status: str, message: str, kind: type[sdk.APIError]
) -> None:
    engine.says(status, b'{"message": "%s"}' % message.encode())
    with pytest.raises(kind) as refused:
        reader.read("/a", SOON_S)
    assert type(refused.value) is kind
    assert refused.value.status_code == int(status[:3])
    assert refused.value.explanation == message


def test_an_answer_that_does_not_come_in_time_is_a_timeout(engine: Engine, reader: Reader) -> None:
    engine.hangs = True
    with pytest.raises(requests.ReadTimeout):
        reader.read("/a", 0.05)


@pytest.mark.parametrize("prepare", [lambda e: e.says("200 OK", b'{"Id"', 100), lambda e: None])
def test_an_answer_that_breaks_off_is_a_lost_connection(
    engine: Engine, reader: Reader, prepare: Callable[[Engine], None]
) -> None:
    prepare(engine)
    with pytest.raises(requests.ConnectionError):
        reader.read("/a", SOON_S)


def test_an_engine_that_is_away_is_a_lost_connection(tmp_path: Path) -> None:
    away = Reader(f"{tmp_path}/none.sock", {}, 1)
    with pytest.raises(requests.ConnectionError):
        away.read("/a", SOON_S)
    away.close()

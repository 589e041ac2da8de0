"""Calls on an API server that answers badly, late, or not at all: a local one, by plain HTTP."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.model.diagnostic import TargetError
from reconciler.targets.kubernetes import api as calls
from reconciler.targets.kubernetes.api import Api
from reconciler.targets.kubernetes.connect import Access, open_client

Answer = tuple[int, Any]
TOKEN = "a-token-that-is-never-shown"


class Server:
    """What it answers is a function of path and query; what it was asked is kept."""

    def __init__(self, answer: Callable[[str, dict[str, str]], Answer], folder: Path) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.headers: list[Any] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(url.query).items()}
                server.asked.append((url.path, query))
                server.headers.append(self.headers)
                status, body = answer(url.path, query)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *said: Any) -> None:
                return

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.httpd.serve_forever, daemon=True)
        self.thread.start()
        self.address = f"http://127.0.0.1:{self.httpd.server_port}"
        self.api = Api(open_client(Access(str(kubeconfig(folder, self.address)))))

    def close(self) -> None:
        self.api.close()
        self.httpd.shutdown()
        self.httpd.server_close()
        self.thread.join(10)


def kubeconfig(folder: Path, address: str, **user: Any) -> Path:
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1", "kind": "Config", "current-context": "here",
                "clusters": [{"name": "here", "cluster": {"server": address}}],
                "users": [{"name": "me", "user": {"token": TOKEN, **user}}],
                "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
            }
        )
    )  # fmt: skip
    return path


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def serve(answer: Callable[[str, dict[str, str]], Answer]) -> Server:
        made.append(Server(answer, tmp_path))
        return made[-1]

    yield serve
    for server in made:
        server.close()


def test_a_long_list_is_read_page_by_page_and_asks_by_the_users_token(serving: Any) -> None:
    def answer(path: str, query: dict[str, str]) -> Answer:
        first = int(query.get("continue", "0"))
        more = str(first + 2) if first < 4 else ""
        return 200, {"items": [{"n": first}, {"n": first + 1}], "metadata": {"continue": more}}

    server = serving(answer)
    found = server.api.listed("/api/v1/pods", "list pods")
    assert [each["n"] for each in found] == list(range(6))
    assert [query.get("continue") for _, query in server.asked] == [None, "2", "4"]
    assert {query["limit"] for _, query in server.asked} == {str(calls.PAGE)}
    assert {each["authorization"] for each in server.headers} == {f"Bearer {TOKEN}"}
    assert server.api.now_ns > 0


def test_a_list_whose_snapshot_is_gone_is_read_anew_and_whole(serving: Any) -> None:
    def answer(path: str, query: dict[str, str]) -> Answer:
        if "continue" in query:
            return 410, {"message": "the provided continue parameter is too old"}
        return 200, {
            "items": [{"n": 1}] if "limit" in query else [{"n": 1}, {"n": 2}],
            "metadata": {"continue": "1" if "limit" in query else ""},
        }

    server = serving(answer)
    assert len(server.api.listed("/api/v1/pods", "list pods")) == 2
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(401, "R421", "terminal"), (403, "R445", "terminal"), (404, "R447", "terminal"),
     (429, "R447", "retryable"), (500, "R447", "retryable"), (503, "R447", "retryable")],
)  # fmt: skip
def test_what_the_server_refuses_is_a_diagnostic(
    serving: Any, status: int, code: str, kind: str
) -> None:
    server = serving(lambda path, query: (status, {"message": "it is so"}))
    with pytest.raises(TargetError) as caught:
        server.api.listed("/api/v1/pods", "list pods in shop")
    error = caught.value
    assert (error.code, error.kind) == (code, kind)
    assert server.address in error.message and TOKEN not in f"{error.message} {error.hint}"
    if code == "R445":
        assert "list pods in shop" in error.message
        assert "--verb=list --resource=pods" in error.hint


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"", b"\xff"])
def test_what_is_no_kubernetes_answer_is_said_to_be_none(serving: Any, body: bytes) -> None:
    server = serving(lambda path, query: (200, body))
    with pytest.raises(TargetError) as caught:
        server.api.get("/version", "get the version")
    assert caught.value.code == "R447" and "Kubernetes API server?" in caught.value.hint


def test_a_server_that_is_not_there_does_not_answer(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        api = Api(open_client(Access(str(kubeconfig(tmp_path, address)))))
        with pytest.raises(TargetError) as caught:
            api.get("/version", "get the version")
        api.close()
    assert (caught.value.kind, caught.value.code) == ("unreachable", "R420")
    assert "connection refused" in caught.value.message


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "READ_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        api = Api(open_client(Access(str(kubeconfig(tmp_path, address)))))
        with pytest.raises(TargetError) as caught:
            api.get("/version", "get the version")
        api.close()
    assert (caught.value.kind, caught.value.code) == ("unreachable", "R423")


def test_a_server_that_speaks_no_tls_is_said_to_speak_none(serving: Any, tmp_path: Path) -> None:
    server = serving(lambda path, query: (200, {}))
    address = server.address.replace("http:", "https:")
    api = Api(open_client(Access(str(kubeconfig(tmp_path, address)))))
    with pytest.raises(TargetError) as caught:
        api.get("/version", "get the version")
    api.close()
    assert caught.value.code == "R420" and "TLS" in caught.value.message


def test_a_user_that_asks_as_another_does(serving: Any, tmp_path: Path) -> None:
    server = serving(lambda path, query: (200, {"major": "1"}))
    path = kubeconfig(tmp_path, server.address, **{"as": "looker"})
    api = Api(open_client(Access(str(path))))
    api.get("/version", "get the version")
    api.close()
    assert server.headers[-1]["impersonate-user"] == "looker"
    path = kubeconfig(tmp_path, server.address, **{"as": "looker", "as-groups": ["all"]})
    with pytest.raises(TargetError) as caught:
        open_client(Access(str(path)))
    assert caught.value.code == "R422"

"""A registry that can be slow, hang up half-way, or have enough of us: in front of a real one."""

import contextlib
import http.client
import io
import os
import socket
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.live.troubles.command import BUSYBOX, Engine

LOGIN = {"username": "live", "password": "live"}


class Front:
    """Forwards to the real registry. Counts are of requests still to be treated so."""

    def __init__(self) -> None:
        self.slow_s = 0.0
        self.trickle_s = 0.0  # what a layer takes, a little at a time
        self.cuts = 0
        self.limits = 0
        self.limited: list[float] = []
        self.asked: list[str] = []
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                front.answer(self)

            do_HEAD = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request, with whatever trouble is due."""
        self.asked.append(f"{request.command} {request.path}")
        if "/manifests/" in request.path and self.limits:
            self.limits -= 1
            self.limited.append(time.monotonic())
            self._enough(request)
            return
        status, headers, body = self._ask(request)
        if "/blobs/" in request.path and len(body) > 100_000:
            time.sleep(self.slow_s)
        request.send_response(status)
        for name, text in headers:
            if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                request.send_header(name, text)
        request.end_headers()
        with contextlib.suppress(OSError):
            if "/blobs/" in request.path and len(body) > 100_000 and self.cuts:
                self.cuts -= 1
                request.wfile.write(body[: len(body) // 2])
                request.connection.shutdown(socket.SHUT_RDWR)
                return
            self._write(request, body if request.command == "GET" else b"")

    def _write(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        parts = 20 if self.trickle_s and len(body) > 100_000 else 1
        size = len(body) // parts + 1
        for start in range(0, len(body), size):
            request.wfile.write(body[start : start + size])
            time.sleep(self.trickle_s / parts if parts > 1 else 0)

    def _ask(self, request: BaseHTTPRequestHandler) -> tuple[int, list[tuple[str, str]], bytes]:
        real = http.client.HTTPConnection(os.environ["LIVE_REGISTRY"], timeout=30)
        with contextlib.closing(real):
            headers = {name: text for name, text in request.headers.items() if name != "Host"}
            real.request(request.command, request.path, headers=headers)
            got = real.getresponse()
            return got.status, got.getheaders(), got.read()

    def _enough(self, request: BaseHTTPRequestHandler) -> None:
        body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"retry after 3 seconds"}]}'
        request.send_response(429)
        request.send_header("Retry-After", "3")
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(body)


def pushed(engine: Engine, name: str = "app") -> str:
    """Push an image with a layer that the engine has nowhere else; its path and tag."""
    made = engine.raw.create_container_from_config({"Image": BUSYBOX, "Cmd": ["true"]})["Id"]
    try:
        whole = io.BytesIO(b"".join(engine.raw.export(made)))
    finally:
        engine.raw.remove_container(made)
    with tarfile.open(fileobj=whole, mode="a") as archive:
        info = tarfile.TarInfo("random")
        info.size = 400_000
        archive.addfile(info, io.BytesIO(os.urandom(info.size)))
    path = f"{engine.stack}/{name}"
    local = f"{os.environ['LIVE_REGISTRY']}/{path}"
    engine.raw.import_image_from_data(whole.getvalue(), repository=local, tag="1")
    said = engine.raw.push(local, "1", auth_config=LOGIN)
    assert "errorDetail" not in said, said
    engine.raw.remove_image(f"{local}:1")
    return f"{path}:1"

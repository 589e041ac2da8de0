"""A stand-in for Constellation Engine: its health endpoints, its drain, its sessions.

Standard library only, one file, so that it can be the whole of an image. Settings are the
engine's environment variables; those with STANDIN_ in their names are for tests:

==========================  ===============================================================
``CONSTELLATION_PORT``      port, 8080 unless set
``CONSTELLATION_API_KEYS``  ``KEY:Role`` pairs, by comma; /health/detail asks for one
``STANDIN_START_S``         seconds until it is ready, 0 unless set
``STANDIN_DRAIN_S``         longest drain, 30 unless set
``STANDIN_FAIL``            ``start`` exits with 1 at once; ``ready`` is never ready
==========================  ===============================================================

==========================  ===============================================================
``GET /health``             200
``GET /health/live``        200, always
``GET /health/ready``       200 when ready, 503 while starting or draining
``GET /health/detail``      200 with a key (``Authorization: Bearer KEY``), else 401
``GET /metrics``            JSON: server, cache, scheduler
``GET /work?ms=N``          answers after N ms, as one request in flight
``GET /session``            counts in memory, by the cookie CONSTELLATION_SESSION
==========================  ===============================================================

On SIGTERM it drains: readiness is 503, other requests are still answered, what is in flight
finishes for at most 30 s, the rest is cancelled (503), and it exits with 0.
"""

import json
import os
import signal
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SESSION_COOKIE = "CONSTELLATION_SESSION"
MOST_WORK_MS = 600_000


@dataclass
class State:
    """What one instance knows. All changes are made under `lock`."""

    instance: str
    keys: frozenset[str]
    start_s: float
    drain_s: float
    never_ready: bool
    began: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)
    draining: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    idle: threading.Condition = field(default_factory=threading.Condition)
    in_flight: int = 0
    working: int = 0
    requests_total: int = 0
    hits: int = 0
    seen: set[str] = field(default_factory=set)
    sessions: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "State":
        """The state that these settings begin with."""
        pairs = [pair.strip() for pair in env.get("CONSTELLATION_API_KEYS", "").split(",")]
        return cls(
            instance=env.get("HOSTNAME", "") or uuid.uuid4().hex[:12],
            keys=frozenset(pair.partition(":")[0] for pair in pairs if pair),
            start_s=float(env.get("STANDIN_START_S", "0")),
            drain_s=float(env.get("STANDIN_DRAIN_S", "30")),
            never_ready=env.get("STANDIN_FAIL", "") == "ready",
        )

    @property
    def is_ready(self) -> bool:
        """Whether it may get traffic."""
        started = time.monotonic() - self.began >= self.start_s
        return started and not self.never_ready and not self.draining.is_set()

    def metrics(self) -> dict[str, object]:
        """What /metrics shows."""
        with self.lock:
            compiled = max(self.requests_total, 1)
            return {
                "server": {
                    "uptime_s": round(time.monotonic() - self.began, 3),
                    "requests_total": self.requests_total,
                },
                "cache": {
                    "hitRate": round(self.hits / compiled, 3),
                    "entries": len(self.seen),
                    "evictions": 0,
                },
                "scheduler": {
                    "activeTasks": self.working, "queuedCount": 0, "starvationPromotions": 0,
                },
            }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Answers requests; the state is the server's."""

    protocol_version = "HTTP/1.1"
    server_version = "constellation-standin"
    server: "Server"

    def do_GET(self) -> None:
        """Answer one request, counting it as in flight."""
        state = self.server.state
        with state.idle:
            state.in_flight += 1
        try:
            self._answer(state)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with state.idle:
                state.in_flight -= 1
                state.idle.notify_all()

    def _answer(self, state: State) -> None:
        url = urlsplit(self.path)
        if url.path.startswith("/health"):
            self._health(url.path, state)
        elif url.path == "/metrics":
            self._send(200, state.metrics())
        elif url.path == "/work":
            self._work(parse_qs(url.query), state)
        elif url.path == "/session":
            self._session(state)
        else:
            self._send(404, {"error": "not found"})

    def _health(self, path: str, state: State) -> None:
        if path in ("/health", "/health/live"):
            self._send(200, {"status": "ok"})
        elif path == "/health/ready":
            ready = state.is_ready
            status = "ready" if ready else "draining" if state.draining.is_set() else "starting"
            self._send(200 if ready else 503, {"status": status})
        elif path == "/health/detail":
            given = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
            if given in state.keys:
                self._send(200, {"instance": state.instance, "inFlight": state.in_flight})
            else:
                self._send(401, {"error": "an API key is needed"})
        else:
            self._send(404, {"error": "not found"})

    def _work(self, query: dict[str, list[str]], state: State) -> None:
        text = query.get("ms", ["0"])[0]
        wait_ms = min(int(text), MOST_WORK_MS) if text.isdecimal() else 0
        with state.lock:
            state.requests_total += 1
            state.hits += text in state.seen
            state.seen.add(text)
            state.working += 1
        is_cancelled = state.cancelled.wait(wait_ms / 1000)
        with state.lock:
            state.working -= 1
        if is_cancelled:
            self._send(503, {"error": "cancelled: the drain is over"})
        else:
            self._send(200, {"instance": state.instance, "worked_ms": wait_ms})

    def _session(self, state: State) -> None:
        try:
            cookies = SimpleCookie(self.headers.get("Cookie", ""))
        except CookieError:
            cookies = SimpleCookie()
        known = cookies[SESSION_COOKIE].value if SESSION_COOKIE in cookies else ""
        with state.lock:
            state.requests_total += 1
            session = known if known in state.sessions else uuid.uuid4().hex
            state.sessions[session] = count = state.sessions.get(session, 0) + 1
        fresh = {} if session == known else {
            "Set-Cookie": f"{SESSION_COOKIE}={session}; Path=/; HttpOnly"
        }  # fmt: skip
        self._send(200, {"instance": state.instance, "count": count, "lost": bool(known and fresh)},
                   fresh)  # fmt: skip

    def _send(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Request-ID", self.headers.get("X-Request-ID") or uuid.uuid4().hex)
        if self.server.state.draining.is_set():
            self.send_header("Connection", "close")
            self.close_connection = True
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: probes would drown everything else."""


class Server(ThreadingHTTPServer):
    """One thread a request; none of them keeps the process from ending."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, state: State) -> None:
        super().__init__(("", port), Handler)
        self.state = state


def drain(server: Server) -> None:
    """Wait for what is in flight, cancel what does not end, and stop serving."""
    state = server.state
    print(f"draining: {state.in_flight} in flight", flush=True)
    deadline = time.monotonic() + state.drain_s
    with state.idle:
        while state.in_flight and (left := deadline - time.monotonic()) > 0:
            state.idle.wait(left)
        cut = state.in_flight
        state.cancelled.set()
        state.idle.wait_for(lambda: not state.in_flight, timeout=1)
    print(f"drained: {cut} cancelled", flush=True)
    server.shutdown()


def check(port: int) -> int:
    """The image's own health check: 0 when ready."""
    try:
        url = f"http://127.0.0.1:{port}/health/ready"
        with urllib.request.urlopen(url, timeout=2) as answer:
            return 0 if answer.status == 200 else 1
    except OSError:
        return 1


def main(arguments: list[str], env: Mapping[str, str]) -> int:
    """Serve until told to stop."""
    port = int(env.get("CONSTELLATION_PORT", "8080"))
    if arguments == ["--check"]:
        return check(port)
    if env.get("STANDIN_FAIL", "") == "start":
        print("told to fail at start", flush=True)
        return 1
    server = Server(port, State.of(env))

    def begin(signum: int, frame: object) -> None:
        if not server.state.draining.is_set():
            server.state.draining.set()
            threading.Thread(target=drain, args=(server,), daemon=True).start()

    signal.signal(signal.SIGTERM, begin)
    signal.signal(signal.SIGINT, begin)
    print(f"serving on {server.server_address[1]}", flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    print("stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

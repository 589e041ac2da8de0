"""A real nginx and a real HAProxy, with a configuration of the test's own, and who asks them."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.live.balancing.backends import PATIENCE_S, Backend


@dataclass(frozen=True)
class Answer:
    """What a client was told. `tried`: the ports that the edge asked, where it says so."""

    status: int
    slot: int
    cookie: str = ""
    tried: tuple[int, ...] = ()


class Proxy:
    """A running edge. `proxy_protocol`: it is told the client's address ahead of the request."""

    def __init__(
        self, port: int, proxy_protocol: bool = False, control: Path | None = None, master: int = 0
    ) -> None:
        self.port = port
        self.master = master
        self.proxy_protocol = proxy_protocol
        self.control = control

    def send(self, path: str = "/", address: str = "127.0.0.1", cookie: str = "") -> socket.socket:
        """Ask, on a connection of its own."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        lead = (
            f"PROXY TCP4 {address} 127.0.0.1 40000 {self.port}\r\n" if self.proxy_protocol else ""
        )
        carried = f"Cookie: SRV={cookie}\r\n" if cookie else ""
        made.sendall(
            f"{lead}GET {path} HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: {address}\r\n{carried}"
            "Connection: close\r\n\r\n".encode()
        )
        return made

    def read(self, connection: socket.socket) -> Answer:
        """The answer; the connection is closed then."""
        with connection:
            whole = b""
            while got := connection.recv(65536):
                whole += got
        head, _, body = whole.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        status = int(lines[0].split()[1])
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        cookie = headers.get("set-cookie", "").partition("srv=")[2].partition(";")[0]
        tried = headers.get("x-tried", "").replace(",", " ").split()
        ports = tuple(int(each.rpartition(":")[2]) for each in tried if each[-1].isdigit())
        return Answer(status, int(body) if status == 200 else -1, cookie, ports)

    def ask(self, address: str = "127.0.0.1", cookie: str = "") -> Answer:
        """Ask, and wait for the answer."""
        return self.read(self.send("/", address, cookie))

    def command(self, text: str) -> str:
        """One command of HAProxy's runtime API."""
        assert self.control is not None
        with socket.socket(socket.AF_UNIX) as made:
            made.settimeout(PATIENCE_S)
            made.connect(str(self.control))
            made.sendall(f"{text}\n".encode())
            said = b""
            while got := made.recv(65536):
                said += got
        return said.decode().strip()

    def reload(self, config: Path, before: str, after: str) -> None:
        """Have it read its configuration anew, changed so; until a new worker has taken over."""
        text = config.read_text()
        assert before in text
        config.write_text(text.replace(before, after))
        old = _children(self.master)
        os.kill(self.master, signal.SIGUSR2 if self.proxy_protocol else signal.SIGHUP)
        end = time.monotonic() + PATIENCE_S
        while True:
            assert time.monotonic() < end, "no worker is new"
            now = _children(self.master)
            said = config.with_suffix(".log").read_text()
            if now - old and all(_is_ending(pid, said) for pid in old & now):
                return
            time.sleep(0.02)

    def open_connections(self) -> int:
        """How many connections HAProxy counts on its servers."""
        rows = [line.split(",") for line in self.command("show stat").splitlines()]
        at = rows[0].index("scur")
        return sum(int(row[at]) for row in rows[1:] if len(row) > at and row[1].startswith("s"))


def _children(pid: int) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def _is_ending(pid: int, said: str) -> bool:
    """Whether a worker takes nothing new: nginx' says so by its title, HAProxy's in the log."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # it is gone
        return True
    return "shutting down" in title or f"({pid}) : Proxy f stopped" in said


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@contextlib.contextmanager
def _running(words: Sequence[str], port: int, log: Path) -> Iterator[int]:
    """The id of the process, from when it listens until the end; it is ended by it."""
    with log.open("w") as said:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        end = time.monotonic() + PATIENCE_S
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            time.sleep(0.02)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@contextlib.contextmanager
def nginx(
    folder: Path,
    servers: Sequence[Backend],
    rule: str = "",
    options: Sequence[str] = (),
    http: str = "",
    location: str = "",
    master: str = "off",
) -> Iterator[Proxy]:
    """nginx in front of `servers`; `options` are those of each server's line.

    With a `master` process it can be reloaded.
    """
    port = free_port()
    each = list(options) or [""] * len(servers)
    lines = [f"server 127.0.0.1:{b.port} {o};" for b, o in zip(servers, each, strict=True)]
    paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    user = "user root;" if os.geteuid() == 0 else ""
    text = f"""
daemon off; master_process {master}; worker_processes 1; {user}
pid {folder}/nginx.pid; error_log stderr info;
events {{ worker_connections 512; }}
http {{
  access_log off;
  {" ".join(f"{name}_temp_path {folder}/{name};" for name in paths)}
  set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;
  {http}
  upstream b {{ {rule} {" ".join(lines)} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      {location} proxy_pass http://b; proxy_connect_timeout 2s;
      add_header X-Tried $upstream_addr always;
    }}
  }}
}}
"""
    config = folder / "nginx.conf"
    config.write_text(text)
    words = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(config)]
    with _running(words, port, folder / "nginx.log") as pid:
        yield Proxy(port, master=pid)


@contextlib.contextmanager
def haproxy(
    folder: Path,
    servers: Sequence[Backend],
    rule: str,
    weights: Sequence[int] = (),
    backend: str = "",
    cookies: bool = False,
    master: bool = False,
) -> Iterator[Proxy]:
    """HAProxy in front of `servers`, s0, s1, …; `backend` are further lines of its section.

    With a `master` process it can be reloaded.
    """
    port = free_port()
    control = folder / "h.sock"
    lines = [
        f"  server s{b.number} 127.0.0.1:{b.port} weight {weight}"
        + f" cookie s{b.number}" * cookies
        for b, weight in zip(servers, weights or [1] * len(servers), strict=True)
    ]
    text = f"""
global
  nbthread 1
  maxconn 500
  stats socket {control} level admin
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  http-reuse never
frontend f
  bind 127.0.0.1:{port} accept-proxy
  default_backend b
backend b
  balance {rule}
{backend}
""" + "\n".join([*lines, ""])
    config = folder / "haproxy.cfg"
    config.write_text(text)
    words = ["haproxy", "-db", *["-W"] * master, "-f", str(config)]
    with _running(words, port, folder / "haproxy.log") as pid:
        yield Proxy(port, proxy_protocol=True, control=control, master=pid)

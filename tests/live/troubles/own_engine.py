"""An engine of a test's own, which may be restarted and filled.

It lives in a network namespace of its own: an engine without a default bridge removes that of
another engine in the same one.
"""

import contextlib
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import docker

from tests.live.troubles.command import BUSYBOX, Engine

STARTS_WITHIN_S = 40


class OwnEngine:
    """A dockerd with its own folder, socket and namespace; holds the image of the tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.data = folder / "data"
        self.host = f"unix://{folder}/docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        shared: Any = docker.APIClient(version="auto")
        with contextlib.closing(shared):
            info = shared.info()
        name = info["DefaultRuntime"]
        path = info["Runtimes"][name].get("path", "runc")
        runtime = [] if name == "runc" else [f"--add-runtime={name}={path}"]
        log = (self._folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                ["unshare", "--net", "--", "dockerd", "--data-root", str(self.data),
                 "--exec-root", str(self._folder / "exec"), "--host", self.host,
                 "--pidfile", str(self._folder / "pid"), "--bridge", "none",
                 "--default-runtime", name, *runtime],
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            assert time.monotonic() < end, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def stop(self) -> None:
        """End it; its containers end with it."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=STARTS_WITHIN_S)

    def load(self) -> None:
        """Bring the image of the tests over from the shared engine."""
        shared: Any = docker.APIClient(version="auto", timeout=60)
        own: Any = docker.APIClient(base_url=self.host, version="auto", timeout=60)
        with contextlib.closing(shared), contextlib.closing(own):
            own.load_image(b"".join(shared.get_image(BUSYBOX)))

    def seen(self, name: str) -> Engine:
        """This engine past the product."""
        return Engine(name, self.host)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            knock.settimeout(5)
            try:
                knock.connect(self.host.removeprefix("unix://"))
                knock.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b" 200 " in knock.recv(64)
            except OSError:
                return False

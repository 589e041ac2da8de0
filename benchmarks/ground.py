"""A real engine to measure on: stacks of our own under names of their own, all removed after."""

import concurrent.futures
import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import docker
import requests
from docker.utils import kwargs_from_env

from benchmarks.figure import Unavailable
from benchmarks.process import ROOT, Ran, environ, python, run
from benchmarks.relay import DEFAULT

IMAGE = "local/busybox:1"
ENDS_AT_ONCE = 4  # an engine can deadlock when many containers of a network end at once
CALL_S = 60
SLEEP = ["sleep", "36000"]
INIT = {"init": True}  # what ends at once when asked to, and not after its grace

STACK_LABEL = "reconciler.stack"
PROJECT_LABEL = "com.docker.compose.project"
RAW_LABEL = "benchmark.floor"

Json = dict[str, Any]
_numbers = itertools.count()


def engine() -> Any:
    """A client of the engine; Unavailable where none answers, or where it lacks the image."""
    try:
        _knock()
        client: Any = docker.APIClient(version="auto", timeout=CALL_S, **kwargs_from_env())
        client.inspect_image(IMAGE)
    except docker.errors.ImageNotFound:
        raise Unavailable(f"the engine has no image {IMAGE}") from None
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise Unavailable(f"no Docker Engine answers ({type(error).__name__})") from None
    return client


def _knock() -> None:
    # The SDK leaves its socket open where nobody answers.
    scheme, _, path = os.environ.get("DOCKER_HOST", DEFAULT).partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            knock.connect(path)


def has_compose() -> bool:
    """Whether the peer is here."""
    if shutil.which("docker") is None:
        return False
    done = subprocess.run(
        ["docker", "compose", "version"], capture_output=True, timeout=CALL_S, check=False
    )
    return done.returncode == 0


class Ground:
    """One stack's place: a name nobody else has, a folder for its files, and the engine."""

    def __init__(self, client: Any, folder: Path) -> None:
        self.engine = client
        self.folder = folder
        self.name = f"bench{os.getpid()}n{next(_numbers)}"

    def write(self, document: Mapping[str, Any], name: str = "stack") -> Path:
        """Write a document under this ground's name; JSON is YAML."""
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps({"name": self.name, **document}))
        return path

    def apply(self, file: Path, *, expect: int = 0) -> Ran:
        """Our whole process making it so."""
        return run(ours("apply", file, "--yes"), expect=expect)

    def compose(self, file: Path, *words: str) -> list[str]:
        """A command of the peer on a file of its own."""
        return ["docker", "compose", "-p", self.name, "-f", str(file), *words]

    def containers(self, **more: str) -> list[Json]:
        """The running containers of this ground, whoever made them, as the engine lists them."""
        found: list[Json] = []
        for label in (STACK_LABEL, PROJECT_LABEL, RAW_LABEL):
            filters = {"label": [f"{label}={self.name}"], **more}
            found += self.engine.containers(filters=filters)
        return found

    def clear(self) -> None:
        """Remove everything that carries this ground's name, few containers at a time."""
        for label in (STACK_LABEL, PROJECT_LABEL, RAW_LABEL):
            mine = {"label": f"{label}={self.name}"}
            ids = [c["Id"] for c in self.engine.containers(all=True, filters=mine)]
            with concurrent.futures.ThreadPoolExecutor(ENDS_AT_ONCE) as pool:
                list(pool.map(self._remove, ids))
            for network in self.engine.networks(filters=mine):
                self.engine.remove_network(network["Id"])
            for volume in self.engine.volumes(filters=mine)["Volumes"] or []:
                self.engine.remove_volume(volume["Name"])

    def _remove(self, container: str) -> None:
        with contextlib.suppress(docker.errors.NotFound):
            self.engine.remove_container(container, force=True, v=True)


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """A place on the engine, cleared at the end; Unavailable where no engine answers."""
    client = engine()
    with tempfile.TemporaryDirectory() as folder:
        made = Ground(client, Path(folder))
        try:
            yield made
        finally:
            made.clear()
            client.close()


def ours(*words: str | Path) -> list[str | Path]:
    """A command of ours."""
    return python("-m", "reconciler", *words)


def services(count: int, replicas: int, spec: Mapping[str, Any] | None = None) -> Json:
    """So many services that sleep, for us."""
    one = {"image": IMAGE, "command": SLEEP, "replicas": replicas, "docker": INIT, **(spec or {})}
    return {"services": {f"web-{n}": one for n in range(count)}}


def compose_services(count: int, replicas: int, spec: Mapping[str, Any] | None = None) -> Json:
    """The same for Compose."""
    one = {"image": IMAGE, "command": SLEEP, "scale": replicas, "init": True,
           "restart": "always", **(spec or {})}  # fmt: skip
    return {"services": {f"web-{n}": one for n in range(count)}}


def until(holds: Callable[[], object], longest_s: float, what: str) -> None:
    """Wait until it holds; RuntimeError when it does not come to be in time."""
    end = time.monotonic() + longest_s
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {longest_s:g} s: {what}")
        time.sleep(0.05)


@contextlib.contextmanager
def watching(file: Path, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """`watch` in a process of its own, told to end at the end; its process id."""
    env = {**environ(), **(environment or {})}
    log = file.with_suffix(".log")
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ours("watch", file), cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
            stdout=stream, stderr=stream,
        )  # fmt: skip
    try:
        yield process.pid
        if process.poll() is not None:
            raise RuntimeError(f"watch ended by itself:\n{log.read_text()[-2000:]}")
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def shown(values: Sequence[float], unit: str) -> str:
    """Every round, for people."""
    return f"{', '.join(f'{value:.3g}' for value in values)} {unit}"

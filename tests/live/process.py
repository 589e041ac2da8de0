"""The real process on a real engine: `python -m reconciler`, started, watched and killed."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import docker

from tests.live.drift.ground import Json, cleaned
from tests.targets.docker.proxy import Gate

ROOT = Path(__file__).parent.parent.parent
SERVICE = {
    "image": "local/busybox:1", "pull": "never", "entrypoint": ["/bin/busybox"],
    "command": ["sh", "-c", "trap 'exit 0' TERM; /bin/busybox sleep 600 & wait"],
    "termination": {"grace": "5s"},
}  # fmt: skip
_ATTEMPT = re.compile(r"-\d+$")


def pair(version: int) -> Json:
    """A database with a volume, and two copies of a server that reads a config."""
    return {
        "defaults": SERVICE,
        "services": {
            "db": {
                "volumes": ["data:/data"], "environment": {"VERSION": str(version)},
                "rollout": {"strategy": "recreate"},
            },
            "web": {
                "replicas": 2, "configs": ["motd:/etc/motd"], "depends_on": {"db": "started"},
            },
        },
        "configs": {"motd": {"content": f"version {version}\n"}},
        "volumes": {"data": {}},
    }  # fmt: skip


class Lab:
    """One stack, its state file, and the processes that act on it."""

    def __init__(self, stack: str, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.engine: Any = docker.APIClient(version="auto", timeout=60)
        self._started: list[subprocess.Popen[str]] = []
        self._gates: list[Gate] = []

    def write(self, state: Json, name: str = "state") -> Path:
        """This is what is wanted, at once as editors save it: by renaming."""
        path = self.folder / f"{name}.yaml"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps({"name": self.stack, **state}, indent=1))
        fresh.rename(path)
        return path

    def gate(self) -> Gate:
        """Another way to the engine."""
        made = Gate(self.folder / f"{len(self._gates)}.sock")
        self._gates.append(made)
        return made

    def start(
        self, *words: str, gate: Gate | None = None, log: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a command; what it says goes to a file, or can be read from it."""
        env = {**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
        if gate is not None:
            env["DOCKER_HOST"] = gate.host
        with contextlib.ExitStack() as open_files:
            out: Any = subprocess.PIPE
            if log is not None:
                out = open_files.enter_context(log.open("w"))
            made = subprocess.Popen(
                [sys.executable, "-m", "reconciler", *words], cwd=self.folder, env=env, text=True,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._started.append(made)
        return made

    def apply(self, path: Path, *words: str, gate: Gate | None = None) -> tuple[int, str]:
        """Apply, to its end; the exit code and what was said."""
        process = self.start("apply", str(path), "--yes", *words, gate=gate)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said

    def plan(self, path: Path) -> tuple[int, str]:
        """Plan; 0 where there is nothing to do, 2 where there is."""
        process = self.start("plan", str(path), "--detailed-exitcode")
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    def containers(self, service: str = "") -> list[Json]:
        """Every container of the stack, or of one service, inspected, by name."""
        wanted = [f"reconciler.stack={self.stack}"]
        if service:
            wanted += ["reconciler.kind=service", f"reconciler.name={service}"]
        found = []
        for listed in self.engine.containers(all=True, filters={"label": wanted}):
            with contextlib.suppress(docker.errors.NotFound):
                found.append(self.engine.inspect_container(listed["Id"]))
        return sorted(found, key=lambda raw: str(raw["Name"]))

    def creations(self, since: float) -> list[str]:
        """The instances that were made since then, as the engine itself tells it."""
        instances = [f"reconciler.stack={self.stack}", "reconciler.ordinal"]
        filters = {"type": "container", "event": "create", "label": instances}
        now = f"{time.time():.6f}"
        events = self.engine.events(since=f"{since:.6f}", until=now, filters=filters, decode=True)
        return [event["Actor"]["Attributes"]["name"] for event in events]

    def end_state(self) -> Json:
        """All that is there of the stack, but for ids, attempts and numbers of records."""
        mine = {"label": f"reconciler.stack={self.stack}"}
        volumes = self.engine.volumes(filters=mine)["Volumes"] or []
        records: dict[str, Any] = {}
        for raw in sorted(volumes, key=_seq):
            marks = raw["Labels"]
            if "reconciler.record" in marks and marks["reconciler.record"] != "lock":
                body = json.loads(marks["reconciler.body"])
                records[marks["reconciler.name"]] = (body.get("revision"), body.get("outcome"))
        return {
            "containers": [_container(raw) for raw in self.containers()],
            "networks": [
                (raw["Name"], {k: v for k, v in raw["Labels"].items() if "nonce" not in k})
                for raw in self.engine.networks(filters=mine)
            ],
            "volumes": sorted(
                raw["Name"] for raw in volumes if "reconciler.record" not in raw["Labels"]
            ),
            "records": records,
        }

    def records(self, kind: str) -> int:
        """How many records of a kind there are."""
        mine = {"label": [f"reconciler.stack={self.stack}", f"reconciler.record={kind}"]}
        return len(self.engine.volumes(filters=mine)["Volumes"] or [])

    def lock_holder(self) -> int:
        """The process that the newest record of the lock names; 0 for none, or given back."""
        mine = {"label": [f"reconciler.stack={self.stack}", "reconciler.record=lock"]}
        newest = max(self.engine.volumes(filters=mine)["Volumes"] or [], key=_seq, default=None)
        body = json.loads(newest["Labels"]["reconciler.body"]) if newest is not None else {}
        return 0 if body.get("released") else int(body.get("pid", 0))

    def end(self, process: subprocess.Popen[str], number: int = signal.SIGKILL) -> int:
        """End a process that was started here, and wait for it."""
        if process.poll() is None:
            process.send_signal(number)
        code = process.wait(30)
        if process.stdout is not None:
            process.stdout.close()
        return code

    def clean(self) -> None:
        """End what still runs, and remove everything of the stack."""
        for process in self._started:
            self.end(process)
        for gate in self._gates:
            gate.close()
        problems = list(cleaned(self.engine, f"reconciler.stack={self.stack}"))
        self.engine.close()
        assert problems == []


def until(holds: Callable[[], object], most_s: float = 30, why: Callable[[], str] = str) -> float:
    """Wait until it holds; how long that took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() < began + most_s, f"it did not come to be in time\n{why()}"
        time.sleep(0.05)
    return time.monotonic() - began


@contextlib.contextmanager
def lab(name: str, folder: Path) -> Iterator[Lab]:
    """A stack of its own; nothing of it is left at the end."""
    made = Lab(f"{name}{os.getpid()}", folder)
    try:
        yield made
    finally:
        made.clean()


def _seq(raw: Json) -> int:
    return int(raw["Labels"].get("reconciler.seq", 0))


def _container(raw: Json) -> Sequence[Any]:
    labels = raw["Config"]["Labels"]
    changing = ("reconciler.attempt", "reconciler.instance")
    kept = {name: text for name, text in labels.items() if name not in changing}
    networks = {
        name: sorted(alias for alias in found["Aliases"] if alias != raw["Id"][:12])
        for name, found in raw["NetworkSettings"]["Networks"].items()
    }
    host = raw["HostConfig"]
    return (
        _ATTEMPT.sub("", raw["Name"]), raw["State"]["Status"], raw["Config"]["Image"], kept,
        sorted(raw["Config"]["Env"] or ()), raw["Config"]["Cmd"], networks, host["RestartPolicy"],
        sorted((m["Source"], m["Destination"]) for m in raw["Mounts"]),
    )  # fmt: skip

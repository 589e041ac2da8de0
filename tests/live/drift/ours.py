"""A stack on the real engine through the controller and its real-time driver, in process."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import docker

from reconciler.controller.core import Controller
from reconciler.controller.interface import Policy
from reconciler.drivers import real
from reconciler.model.status import Notice, Verdict
from reconciler.model.units import NS_PER_S
from reconciler.plan.plan import Plan
from reconciler.plan.planner import make_plan, scope_of
from reconciler.spec.load import Loaded, load
from reconciler.targets.docker.target import DockerTarget
from tests.live.drift.ground import Json, cleaned, one, run_on

TIMEOUT_NS = 120 * NS_PER_S


class Ours:
    """One state file, applied as the command line does it."""

    def __init__(self, project: str, folder: Path, env: Mapping[str, str]) -> None:
        self.project = project
        self.engine: Any = docker.APIClient(version="auto", timeout=60)
        self.notices: list[Notice] = []
        self._file = folder / f"{project}.json"
        self._env = env
        self._target: DockerTarget | None = None

    def write(self, state: Json) -> None:
        """This is what is wanted from now on."""
        self._file.write_text(json.dumps({"name": self.project, **state}))
        self.loaded: Loaded = load([str(self._file)], env=self._env)

    @property
    def target(self) -> DockerTarget:
        if self._target is None:
            self._target = DockerTarget(self.project, self.loaded.contents)
        return self._target

    def plan(self) -> Plan:
        """What an apply would do, from a look of its own."""
        observed = self.target.observe(scope_of(self.loaded.stack))
        capabilities = self.target.capabilities
        return make_plan(self.loaded.stack, observed, {}, capabilities, target="docker")

    def apply(self, plan: Plan) -> Verdict:
        """Do what the plan says, and nothing else."""
        policy = Policy(approved={c.key: c for c in plan.changes}, confirmed=True)
        controller = Controller(self.loaded.stack, self.target.capabilities, policy)
        verdict = real.run(
            controller, self.target, on_notice=self.notices.append, timeout_ns=TIMEOUT_NS
        )
        self.fresh()
        return verdict

    def fresh(self) -> None:
        """Forget everything, as a new process would."""
        if self._target is not None:
            self._target.close()
        self._target = None

    def labels(self, kind: str, name: str) -> dict[str, str]:
        return {"reconciler.stack": self.project, "reconciler.kind": kind, "reconciler.name": name}

    def mine(self, service: str) -> dict[str, list[str]]:
        labels = self.labels("service", service)
        return {"label": [f"{name}={text}" for name, text in labels.items()]}

    def name(self, service: str, number: int = 0) -> str:
        return f"{self.project}-{service}-{number}-"

    def edit(self, service: str, path: str, script: str) -> None:
        mounts = one(self, service)["Mounts"]
        source = next(m["Source"] for m in mounts if m["Destination"] == path)
        run_on(self.engine, source, script)

    def clean(self) -> None:
        """Remove everything of it, whatever state it is in."""
        self.fresh()
        for problem in cleaned(self.engine, f"reconciler.stack={self.project}"):
            raise AssertionError(problem)
        self.engine.close()


def told(plan: Plan) -> set[str]:
    """Every line of a plan: ``service/web image``, ``network/x delete``, ``volume/y kept``."""
    lines = {f"{c.key} {f.path}" for c in plan.changes for f in c.fields}
    lines |= {f"{c.key} {c.action.name.lower()}" for c in plan.changes}
    return lines | {f"{key} kept" for key in plan.kept}


def shows(lines: Iterable[str], begin: str) -> bool:
    """Whether some line begins so."""
    return any(line.startswith(begin) for line in lines)

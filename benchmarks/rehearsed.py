"""Whole rehearsals that figures time: a scenario in files (JSON is YAML too), and one seed.

Nothing is scripted: the reconciler decides, the world obeys, the edge hears of it in its time,
and the kernel serves what arrives.
"""

import gc
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.__main__ import COLLECT
from reconciler.model.rehearsal import Run
from reconciler.rehearsal.run import Task, run_seed, task_of
from reconciler.spec.scenarios import load_scenario

ROOT = Path(__file__).resolve().parents[1]
ENV = {"CONSTELLATION_API_KEYS": "key:Admin"}


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One run of a task, and the processor time that it took, in s."""

    run: Run
    took_s: float

    @property
    def requests(self) -> int:
        """Requests that arrived, at all services."""
        return sum(service.arrivals for service in self.run.services)


def task(scenario: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> Task:
    """The task of a scenario; `state`, when given, is the state that it is about."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        said = dict(scenario)
        if state is not None:
            (folder / "state.yaml").write_text(json.dumps(dict(state)))
            said["state"] = "state.yaml"
        file = folder / "scenario.yaml"
        file.write_text(json.dumps(said))
        found = load_scenario(str(file), env=ENV)
        return task_of(found.scenario, found.path, found.start, found.after)


def rehearse(asked: Task, *, may_drop: bool = False) -> Rehearsed:
    """Run it by seed 0, as the program does; it must converge, and unless it may, drop nothing."""
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT)
    try:
        began = time.process_time()
        run, _ = run_seed(asked, 0)
        took_s = time.process_time() - began
    finally:
        gc.set_threshold(*before)
    assert run.verdict == "converged", run.verdict
    dropped = {service.service: service.dropped for service in run.services if service.dropped}
    assert may_drop or not dropped, dropped
    return Rehearsed(run, took_s)


def constellation(
    instances: int, per_s: int, lasts_s: int, *,
    environment: str = "balanced", edge: str = "haproxy", target: str = "docker",
) -> Task:  # fmt: skip
    """Constellation behind an edge, every instance replaced in the middle of its traffic."""
    own = "services.constellation"
    return task({
        "title": "A day through a rolling update.",
        "state": str(ROOT / "state" / "constellation"),
        "environment": environment,
        "set": {
            f"{own}.replicas": instances,
            f"{own}.rollout": {"max_surge": "25%", "max_unavailable": 0},
        },
        "target": target, "edge": {"kind": edge},
        "traffic": [{
            "service": "constellation", "rate": {"poisson": per_s},
            "service_time": {"exponential": "20ms"},
            "clients": {"count": 65_536, "network": "10.0.0.0/8"},
        }],
        "behaviour": {
            "constellation": {"ready": "20s", "on_stop": "finish", "concurrency": 8},
        },
        "changes": [{
            "at": f"{lasts_s // 2}s",
            "set": {f"{own}.environment.CONSTELLATION_RATE_LIMIT_RPM": "300"},
        }],
        "checks": ["dropped <= 0"],
        "seeds": 1, "lasts": f"{lasts_s}s",
    })  # fmt: skip

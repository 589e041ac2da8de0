"""Small stacks and scenarios, read from text as from files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from reconciler.model.rehearsal import Run
from reconciler.rehearsal.run import Task, run_seed, task_of
from reconciler.spec.scenarios import load_scenario

WEB: dict[str, Any] = {
    "image": "web:1", "replicas": 2,
    "readiness": {"http": {"path": "/ready", "port": 8080}, "period": "1s", "failures": 1},
    "termination": {"drain": "5s", "grace": "30s"},
    "rollout": {"max_surge": 1, "max_unavailable": 0},
    "routing": {"port": 8080, "drain": "10s"},
}  # fmt: skip
CHANGE = {"at": "30s", "set": {"services.web.environment.VERSION": "2"}}


def task(folder: Path, web: dict[str, Any] | None = None, **scenario: Any) -> Task:
    """A scenario on one service, as its files would say it."""
    service = {**WEB, **(web or {})}
    stack: dict[str, Any] = {"name": "shop", "services": {"web": service}}
    stack |= scenario.pop("stack", {})
    (folder / "shop.yaml").write_text(yaml.safe_dump(stack, sort_keys=False))
    said = {
        "state": "shop.yaml",
        "traffic": [{"service": "web", "rate": {"poisson": 100}, "service_time": "20ms"}],
        "changes": [CHANGE], "lasts": "2m", **scenario,
    }  # fmt: skip
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    loaded = load_scenario(path, env={})
    return task_of(loaded.scenario, loaded.path, loaded.start, loaded.after)


def runs(made: Task, seeds: Sequence[int] = range(3)) -> list[Run]:
    """A run for each seed."""
    return [run_seed(made, seed)[0] for seed in seeds]


def codes(found: Sequence[Run]) -> set[str]:
    """The causes of whatever was dropped."""
    return {cause.code for run in found for cause in run.causes}


def dropped(found: Sequence[Run]) -> int:
    """Requests dropped in all runs."""
    return sum(service.dropped_total for run in found for service in run.services)


def cut(found: Sequence[Run]) -> int:
    """Sessions cut in all runs."""
    return sum(service.sessions_cut for run in found for service in run.services)

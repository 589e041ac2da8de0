"""Short ways to load a scenario in tests."""

import textwrap
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from reconciler.spec.scenarios import LoadedScenario, load_scenario

STATE = """\
name: shop
variables: {TAG: {default: "1"}}
services:
  web:
    image: web:${TAG}
    replicas: 2
    routing: {port: 80}
    metrics: {queued: {format: json, pointer: /q}}
  db: {image: db:1}
external: {kafka: {address: "kafka:9092"}}
nodes: {a: {cpu: "4"}}
budgets: {pg: {terms: [{service: web, factors: {pool: 10}}], limit: 100}}
configs: {motd: {content: hello}}
secrets: {key: {env: KEY}}
environments:
  big: {services: {web: {replicas: 5}}}
"""
OTHER = "name: shop\nservices: {web: {image: 'web:9', routing: {port: 80}}, new: {image: n}}\n"


def scene(folder: Path, text: str, **options: Any) -> LoadedScenario:
    """A scenario on the state above, both in `folder`."""
    (folder / "state.yaml").write_text(STATE)
    (folder / "other.yaml").write_text(OTHER)
    path = folder / "sims" / "s.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("state: ../state.yaml\n" + textwrap.dedent(text))
    return load_scenario(path, **{"env": {}, **options})


def found_in(folder: Path, text: str, **options: Any) -> list[Diagnostic]:
    """Everything that is said of a scenario, whether it is refused or not."""
    try:
        return list(scene(folder, text, **options).warnings)
    except DiagnosticsError as error:
        return error.diagnostics


def refused(folder: Path, text: str, **options: Any) -> list[Diagnostic]:
    """What a refused scenario is refused for."""
    with pytest.raises(DiagnosticsError) as error:
        scene(folder, text, **options)
    return error.value.diagnostics

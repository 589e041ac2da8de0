"""A command line on a stack of its own, and what it leaves on the engine."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.troubles.command import Command, Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    """The shared engine, seen past the product."""
    made = Engine(f"trouble{os.getpid()}")
    try:
        yield made
    finally:
        made.clean()


@pytest.fixture
def command(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:  # fmt: skip
    """The command line, with a configuration of docker's that holds no account."""
    docker = tmp_path / "docker"
    docker.mkdir()
    (docker / "config.json").write_text(json.dumps({"auths": {}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(docker))
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "RECONCILER_TARGET"):
        monkeypatch.delenv(name, raising=False)
    return Command(engine.stack, tmp_path, capsys)

"""A working directory with a stack in it, and a command line run in this very process."""

import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli.main import run

SHOP = """\
name: shop
variables:
  TAG: {default: "1.0"}
environments:
  stage:
    variables: {TAG: "2.0"}
services:
  web:
    image: web:${TAG}
    replicas: 2
    depends_on: {db: started}
    readiness: {tcp: {port: 80}, failures: 3, period: 1s}
    rollout: {deadline: 20s}
  db:
    image: db:1.0
    ports: ["5432/tcp"]
volumes:
  data: {}
"""


@dataclass(frozen=True)
class Result:
    """What a command printed and how it exited."""

    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty simulator, a plain environment, and shop.yaml."""
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "RECONCILER_DEBUG", "RECONCILER_WORLD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RECONCILER_TARGET", "simulator")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    state = tmp_path / "shop.yaml"
    state.write_text(SHOP)
    return state


@pytest.fixture
def cli(shop: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """Runs a command line; the state's directory is the working one."""
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments: str) -> Result:
        capsys.readouterr()
        code = run(arguments)
        out, err = capsys.readouterr()
        return Result(code, out, err)

    yield call
    signal.signal(signal.SIGTERM, before)

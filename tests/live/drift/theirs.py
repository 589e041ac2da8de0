"""The same cases under Compose: one project for each, and one `up -d` after the change."""

import copy as copies
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import docker

from tests.live.drift.cases import PW, THEIRS, Case
from tests.live.drift.ground import Json, cleaned, one

LONGEST_S = 90
PROJECT = "com.docker.compose.project"


class Theirs:
    """One case's stack under Compose."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.project = f"cdrift{os.getpid()}{case.name}"
        self.engine: Any = docker.APIClient(version="auto", timeout=60)
        self._file = folder / f"{case.name}.json"
        service = copies.deepcopy(THEIRS) | case.theirs
        top: Json = {"networks": {"main": {}, "side": {}}, "volumes": {"data": {}}}
        for section, things in case.top_theirs.items():
            top.setdefault(section, {}).update(things)
        self._file.write_text(json.dumps({"services": {case.name: service}, **top}))

    def up(self) -> "subprocess.CompletedProcess[str]":
        """`docker compose up -d`; whatever it asks is answered with no input."""
        return subprocess.run(
            ["docker", "compose", "-p", self.project, "-f", str(self._file), "up", "-d"],
            capture_output=True, text=True, timeout=LONGEST_S, stdin=subprocess.DEVNULL,
            env=os.environ | {"DRIFT_PW": PW}, check=False,
        )  # fmt: skip

    def labels(self, kind: str, name: str) -> dict[str, str]:
        return {PROJECT: self.project, f"com.docker.compose.{kind}": name}

    def mine(self, service: str) -> dict[str, list[str]]:
        labels = self.labels("service", service)
        return {"label": [f"{name}={text}" for name, text in labels.items()]}

    def name(self, service: str, number: int = 0) -> str:
        return f"{self.project}-{service}-{number + 1}"

    def edit(self, service: str, path: str, script: str) -> None:
        # Its owner, without the right to write where nobody may.
        words = ["/bin/busybox", "sh", "-c", f"chmod u+w $1; {script}", "sh", path]
        made = self.engine.exec_create(one(self, service)["Id"], words, user="0")
        said = self.engine.exec_start(made["Id"])
        assert self.engine.exec_inspect(made["Id"])["ExitCode"] == 0, said

    def clean(self) -> None:
        """Remove everything of it."""
        list(cleaned(self.engine, f"{PROJECT}={self.project}"))
        self.engine.close()


class Result(NamedTuple):
    """Whether `up -d` brought back what was, and what it said where not."""

    repaired: bool
    said: str


def tried(case: Case, folder: Path) -> Result:
    """Bring the case up under Compose, make its change, and bring it up again."""
    ground = Theirs(case, folder)
    try:
        first = ground.up()
        if first.returncode:
            return Result(False, f"could not be tried: {_last(first.stderr)}")
        before = case.truth(ground, case.name)
        try:
            case.act(ground, case.name)
        except (docker.errors.APIError, LookupError, ValueError, AssertionError) as error:
            return Result(False, f"could not be tried: {str(error)[:120]}")
        if case.truth_or_error(ground) == before:
            return Result(False, "could not be tried: the change changed nothing")
        second = ground.up()
        if case.truth_or_error(ground) == before:
            return Result(True, "")
        return Result(False, _told(second))
    finally:
        ground.clean()


def _told(done: "subprocess.CompletedProcess[str]") -> str:
    if done.returncode:
        return f"fails: {_last(done.stderr)}"
    return "told, left as it is" if "Found orphan containers" in done.stderr else ""


def _last(text: str) -> str:
    plain = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line) for line in text.strip().splitlines()]
    return (plain or [""])[-1].strip()[:120]

"""One mutated input through the command line, in this process: how it ended, and whether well."""

import contextlib
import io
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import yaml

from reconciler.cli import exits
from reconciler.cli.main import run
from tests.fuzz.mutations import access_log, garbled, mutated

ROOT = Path(__file__).parents[2]
SCENARIOS = tuple(sorted((ROOT / "sims").glob("*.yaml")))
STATES = tuple(sorted(p for p in (ROOT / "state").rglob("*.yaml")))
DOCUMENTED = {exits.OK, exits.ERROR, exits.MISSED, exits.USAGE}
LONGEST_S = 180  # what is let run is of some minutes at most; R620 refuses the rest


class Endless(BaseException):
    """It went on for too long; no handler of the product's catches it."""


@dataclass(frozen=True)
class Found:
    """What was tried, how it ended, and what is wrong with that, if anything."""

    what: str
    code: int
    err: str
    wrong: str = ""

    def __str__(self) -> str:
        return f"{self.wrong}: {self.what}: exit {self.code}: {self.err[-1500:]}"


def attempt(seed: int, directory: Path) -> Found:
    """The input of one seed, tried."""
    random = Random(seed)
    kind = random.choice((_scenario, _scenario, _scenario, _state, _state, _log))
    what, arguments = kind(random, directory)
    out, err = io.StringIO(), io.StringIO()
    try:
        with (
            _at(directory),
            _alarm(),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run(arguments)
    except Endless:
        return Found(what, -1, err.getvalue(), f"after {LONGEST_S} s it had not ended")
    except BaseException as error:
        return Found(what, -1, repr(error), "raised")
    told = out.getvalue() + err.getvalue()
    if code not in DOCUMENTED:
        return Found(what, code, told, "not a documented exit code")
    if "Traceback" in told:
        return Found(what, code, told, "a traceback")
    if code and not told.strip():
        return Found(what, code, told, "failed without a word")
    return Found(what, code, told)


@contextlib.contextmanager
def _at(directory: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def ring(signum: int, frame: object) -> None:
        raise Endless

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _written(random: Random, source: Path, made: Path) -> str:
    """A mutated copy of a file; what was done to it."""
    text = source.read_text()
    if random.random() < 0.2:
        made.write_text(garbled(random, text), newline="")
        return "garbled"
    tree = yaml.safe_load(text)
    told = mutated(random, tree)
    if isinstance(tree, dict) and isinstance(tree.get("state"), str):
        tree["state"] = tree["state"].replace("../state/", f"{ROOT}/state/")
    if isinstance(tree, dict) and "seeds" in tree and tree["seeds"] in (3, 4, 5, 6, 8, 10):
        tree["seeds"] = 1
    made.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))
    return told


def _scenario(random: Random, directory: Path) -> tuple[str, list[str]]:
    source = random.choice(SCENARIOS)
    told = _written(random, source, directory / "scenario.yaml")
    out = random.choice(([], ["-o", "json"]))
    return f"{source.name}: {told}", ["simulate", "scenario.yaml", "--seeds", "1", *out]


def _state(random: Random, directory: Path) -> tuple[str, list[str]]:
    """A state on the commands that only look at the file, or a rehearsal of it on nothing."""
    source = random.choice(STATES)
    here = directory / "state"
    shutil.rmtree(here, ignore_errors=True)
    here.mkdir()
    if source.parent.name != "state":
        for each in source.parent.iterdir():
            shutil.copy(each, here)
    told = _written(random, source, here / source.name)
    command = random.choice(("capacity", "validate", "graph", "schema", "destroy", "plan"))
    arguments = [command, "state"]
    if command == "schema":
        arguments = [command]
    if command in ("validate", "destroy", "plan"):
        arguments += ["--target", "simulator"]
    if command == "destroy":
        arguments += ["--dry-run"]
    return f"{command} {source.parent.name}/{source.name}: {told}", arguments


def _log(random: Random, directory: Path) -> tuple[str, list[str]]:
    data = access_log(random)
    name = random.choice(("access.log", "access.log.gz"))
    (directory / name).write_bytes(data)
    (directory / "state.yaml").write_text(_STATE)
    traffic = {"service": "web", "rate": {"log": name}}
    if random.random() < 0.5:
        traffic["service_time"] = {"log": name}
    made = {"title": "t", "state": "state.yaml", "traffic": [traffic], "lasts": "2m"}
    made["changes"] = [{"at": "1m", "set": {"services.web.image": "web:2"}}]
    (directory / "scenario.yaml").write_text(yaml.safe_dump(made))
    if random.random() < 0.5:
        return f"rehearse {name}", ["rehearse", "state.yaml", "--target", "simulator",
                                    "--scenario", "scenario.yaml", "--seeds", "1"]  # fmt: skip
    return f"simulate {name}", ["simulate", "scenario.yaml", "--seeds", "1"]


_STATE = 'name: a\nservices:\n  web: {image: "web:1", ports: ["80"], routing: {}}\n'

"""Property tests of one's own scenarios: what fails is shrunk, written down, and replayed."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.faults import FAULT_KINDS
from reconciler.model.scenario import Trouble
from reconciler.spec.scenarios import load_scenario
from reconciler.testing import GENTLE, Drawn, Stage, as_written, choosers, faults, holds, stage
from tests.rehearsal.stacks import task

ROOT = Path(__file__).resolve().parents[1]
SMALL: dict[str, Any] = {"traffic": [], "lasts": "90s"}


def scenario(folder: Path, **said: Any) -> Path:
    task(folder, **{**SMALL, **said})  # it can be read
    return folder / "scenario.yaml"


def test_what_holds_holds_whatever_goes_wrong_with_calls(tmp_path: Path) -> None:
    # A reply that is lost is waited for until the call's deadline: four minutes are enough.
    # Two, one more during the change, and one that is on its way out the while.
    checks = ["instances(web) <= 4", "replicas == 2"]
    holds(scenario(tmp_path, checks=checks, lasts="5m"), examples=15)


def test_what_fails_is_written_down_and_replayed_by_its_command(tmp_path: Path) -> None:
    path = scenario(tmp_path, checks=["converged within 18s"])
    assert stage(path).run().holds
    with pytest.raises(AssertionError) as failure:
        holds(path, kinds=("delay", "event_doubled"), examples=100)
    said = str(failure.value)
    (command,) = re.findall(r"replay: reconciler (simulate .*)", said)
    written = Path(shlex.split(command)[1])
    loaded = load_scenario(written, env={})
    assert len(loaded.scenario.faults) <= 2, "shrunk to what matters"
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *shlex.split(command)], cwd=ROOT, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 5, done.stdout + done.stderr
    assert "converged within 18s" in done.stdout


def test_what_a_chooser_decided_is_the_same_as_faults_of_a_scenario(tmp_path: Path) -> None:
    found = stage(scenario(tmp_path))

    class Second:
        """The second call on each thing fails after its effect."""

        def __init__(self) -> None:
            self.drawn = Drawn(lambda strategy: 0)  # type: ignore[arg-type,return-value]

        def choose(self, name: str, options: int) -> int:
            self.drawn.choose(name, options)
            number = self.drawn._named[name]
            if number == 2:
                self.drawn.chosen.append((self.drawn.asked, name, number, 2))
            return 2 if number == 2 else 0

    chooser = Second()
    decided = found.run(chooser=chooser)
    assert chooser.drawn.faults()
    said = found.run(chooser.drawn.faults())
    assert (said.digest, said.converged_ns) == (decided.digest, decided.converged_ns)
    assert said.digest != found.run().digest or said.converged_ns != found.run().converged_ns


KINDS = tuple(
    name
    for name, kind in FAULT_KINDS.items()
    if kind.strikes not in ("node", "external", "image", "reconciler")
)


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return stage(scenario(tmp_path_factory.mktemp("staged")))


def test_faults_that_are_drawn_are_faults_that_a_scenario_may_have(staged: Stage) -> None:
    @given(faults(staged, KINDS, most=4))
    def check(wrong: tuple[Trouble, ...]) -> None:
        written = staged.write(wrong)
        assert load_scenario(written, env={}).scenario.faults == wrong

    check()


def test_by_default_nothing_breaks_in_the_world() -> None:
    assert not any(FAULT_KINDS[kind].is_timed for kind in GENTLE)


def test_a_fault_is_written_as_short_as_it_can_be() -> None:
    fault = Trouble(kind="crash", on="service/web", at=90_000_000_000)
    assert as_written(fault) == {"kind": "crash", "on": "service/web", "at": "1m30s"}


@given(choosers(), st.lists(st.integers(1, 4), max_size=30))
def test_a_chooser_stays_within_the_options(chooser: Drawn, options: list[int]) -> None:
    for number, count in enumerate(options):
        assert 0 <= chooser.choose(f"create n{number}", count) < count

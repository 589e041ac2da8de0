"""The real process killed at every call that writes, and at any moment: the next run finishes.

An update goes to and fro between two versions on one stack; each run of it is killed
somewhere, and the next one must bring about the same end as a run that nobody killed. Here
a sample is tried; `nox -s crashes` tries every call, both ways, and more moments.
"""

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from reconciler.plan.planner import make_plan, scope_of
from reconciler.plan.standing import HISTORY_FACTS
from reconciler.spec.load import load
from reconciler.targets.docker.target import DockerTarget
from tests.live.drift.ground import Json
from tests.live.process import Lab, lab, pair
from tests.targets.docker.proxy import Cut, Gate, Write

pytestmark = pytest.mark.live("docker", "image")

ALL = bool(os.environ.get("RECONCILER_CRASHES"))
SEED = int(os.environ.get("RECONCILER_SEED", "1"))
WAYS = ("before", "lost")
CALLS = 28  # an update makes 26 calls that write, or a few more or less by the moment
SAMPLE = [(3, "lost"), (8, "lost"), (13, "before"), (16, "lost"), (21, "before")]
POINTS = [(call, way) for call in range(1, CALLS + 1) for way in WAYS] if ALL else SAMPLE
MOMENTS = 30 if ALL else 3


@dataclass
class Story:
    """A stack, the version that it is at, and how each version is without any crash."""

    lab: Lab
    version: int
    ends: dict[int, Json]
    creations: int
    longest_s: float

    def killed(self, gate: Gate | None, kill_after_s: float | None = None) -> tuple[float, int]:
        """Begin an update that is killed on its way; when it began, and its exit code."""
        self.version = 3 - self.version
        began = time.time()
        path = self.lab.write(pair(self.version))
        process = self.lab.start("apply", str(path), "--yes", gate=gate)
        if gate is not None:
            gate.victim = process.pid
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            process.kill()
        process.communicate(timeout=120)
        return began, process.returncode

    def finish(self, began: float) -> None:
        """The next run brings about what a run without a crash does, and with as few calls."""
        path = self.lab.folder / "state.yaml"
        code, said = self.lab.apply(path)
        assert code == 0, said
        made = self.lab.creations(began)
        assert len(made) <= self.creations + 1, made
        assert self.lab.end_state() == self.ends[self.version]
        assert self.lab.records("revision") <= 2 * HISTORY_FACTS
        loaded = load([str(path)], env={})
        target = DockerTarget(self.lab.stack, loaded.contents)
        try:
            seen = target.observe(scope_of(loaded.stack))
            plan = make_plan(loaded.stack, seen, {}, target.capabilities, target="docker")
        finally:
            target.close()
        assert plan.is_empty, plan.changes


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with lab("crash", tmp_path_factory.mktemp("crash")) as made:
        told = Story(made, 2, {}, 0, 0.0)
        for version in (1, 2):
            began = time.time()
            code, said = made.apply(made.write(pair(version)))
            assert code == 0, said
            told.ends[version] = made.end_state()
            told.creations = len(made.creations(began))
            told.longest_s = time.time() - began
        yield told


@pytest.mark.parametrize(("call", "way"), POINTS)
def test_killed_at_a_call_the_next_run_finishes(story: Story, call: int, way: str) -> None:
    gate = story.lab.gate()
    struck = []

    def strike(write: Write) -> None:
        if write.number == call:
            os.kill(gate.victim, 9)
            struck.append(write.text)
            raise Cut

    if way == "before":
        gate.before = strike
    else:
        gate.answered = strike
    began, code = story.killed(gate)
    assert (code == -9) if struck else (code == 0 and call > len(gate.acts) > 20)
    story.finish(began)


@pytest.mark.parametrize("number", range(MOMENTS))
def test_killed_at_any_moment_the_next_run_finishes(story: Story, number: int) -> None:
    after_s = random.Random(f"{SEED} {number}").uniform(0.2, story.longest_s)
    print(f"RECONCILER_SEED={SEED}: moment {number} is after {after_s:.3f} s")
    began, code = story.killed(None, after_s)
    assert code in (-9, 0)
    story.finish(began)


def test_an_update_is_not_so_short_that_the_sample_misses_it(story: Story) -> None:
    assert story.creations == 3
    assert {name for name, *_ in story.ends[1]["containers"]} != {
        name for name, *_ in story.ends[2]["containers"]
    }

"""Several reconcilers at once on one stack, some of them killed: never two of them act at once.

What each does is seen from outside, by a gate in front of the engine of each.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli import exits
from reconciler.drivers.locking import Lock
from reconciler.model.observed import Scope
from reconciler.model.units import NS_PER_S
from reconciler.plan.lease import LIFE_NS, Holder
from reconciler.targets.docker.target import DockerTarget
from tests.live.drift.ground import Json
from tests.live.process import SERVICE, Lab, lab, until
from tests.targets.docker.live import Held
from tests.targets.docker.proxy import Gate, Write

pytestmark = pytest.mark.live("docker", "image")

ALL = bool(os.environ.get("RECONCILER_CRASHES"))
SEED = int(os.environ.get("RECONCILER_SEED", "1"))
ROUNDS = 10 if ALL else 1
KILLS = 12 if ALL else 3
LIFE_S = LIFE_NS / NS_PER_S


def state(version: int) -> Json:
    """Two services; each version replaces both."""
    made = {"environment": {"VERSION": str(version)}, "rollout": {"strategy": "recreate"}}
    return {"defaults": SERVICE, "services": {"a": made, "b": {**made, "replicas": 2}}}


@dataclass
class Runner:
    """One reconciler, what it did, and when it was killed."""

    process: subprocess.Popen[str]
    gate: Gate
    log: Path
    died: float | None = None

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self.died = time.monotonic()


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab("race", tmp_path_factory.mktemp("race")) as made:
        code, said = made.apply(made.write(state(0)))
        assert code == exits.OK, said
        yield made


def start(ground: Lab, command: str, version: int, *words: str) -> Runner:
    """A reconciler of its own state file, through a gate of its own."""
    gate = ground.gate()
    path = ground.write(state(version), f"version-{version}")
    log = ground.folder / f"{len(list(ground.folder.glob('*.log')))}.log"
    return Runner(ground.start(command, str(path), *words, gate=gate, log=log), gate, log)


def check_that_none_acted_beside_another(runners: Sequence[Runner]) -> None:
    """From the first to the last act of one there is none of another, unless it was dead."""
    tenures = [(r.gate.acts[0].began, r.gate.acts[-1].began, r) for r in runners if r.gate.acts]
    for _, _, one in tenures:
        first, last = one.gate.acts[0].began, one.gate.acts[-1].began
        for other in runners:
            if other is one:
                continue
            between = [w for w in other.gate.acts if first < w.began < last]
            if one.died is not None:  # what lay in its socket comes through after its death
                between = [w for w in between if w.began < one.died]
            assert between == [], (_brief(one.gate.acts), _brief(between))


def _brief(acts: Sequence[Write]) -> list[str]:
    return [f"{w.began:.3f} {w.text}" for w in acts]


def converge(ground: Lab) -> None:
    """Whatever was left behind, one more run finishes."""
    path = ground.write(state(0))
    code, said = ground.apply(path)
    assert code == exits.OK, said
    assert ground.plan(path)[0] == exits.OK
    assert len(ground.containers()) == 3


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("number", range(ROUNDS))
def test_of_applies_at_once_one_acts_at_a_time(ground: Lab, count: int, number: int) -> None:
    chance = random.Random(f"{SEED} apply {count} {number}")
    kill_after_s, base = chance.uniform(0.5, 3.0), 10 * number + count * 100
    print(f"RECONCILER_SEED={SEED}: a holder is killed after {kill_after_s:.3f} s")
    runners = [start(ground, "apply", base + n, "--yes") for n in range(count)]
    time.sleep(kill_after_s)
    holder = holder_of(ground, runners)
    if holder is not None:
        holder.kill()
    for runner in runners:
        code = runner.process.wait(60)
        said = runner.log.read_text()
        assert code in (exits.OK, exits.STALE, -signal.SIGKILL), said
        # Where the others went first, what was shown is no longer what would be done.
        assert code != exits.STALE or not runner.gate.acts, said
    check_that_none_acted_beside_another(runners)
    assert sum(bool(r.gate.acts) for r in runners) >= 1
    converge(ground)


def test_of_daemons_at_once_one_acts_and_the_next_takes_over(ground: Lab) -> None:
    chance = random.Random(f"{SEED} watch")
    versions = iter(range(1_000, 2_000))
    words = ("--lock-wait", "300s")
    runners = [start(ground, "watch", next(versions), *words) for _ in range(3)]
    waits = []
    for _ in range(KILLS):
        until(lambda: holder_of(ground, runners) is not None)
        pause_s = chance.uniform(0.0, 3.0)
        print(f"RECONCILER_SEED={SEED}: the holder is killed after {pause_s:.3f} s")
        time.sleep(pause_s)
        holder = holder_of(ground, runners)
        assert holder is not None
        holder.kill()
        # A dead process of this machine is not waited for, whatever else the machine does.
        waits.append(until(lambda: holder_of(ground, runners) is not None, LIFE_S / 2))
        runners.append(start(ground, "watch", next(versions), *words))
    time.sleep(1.0)
    for runner in runners:
        if runner.died is None:
            code = ground.end(runner.process, signal.SIGTERM)
            assert code == exits.OK, runner.log.read_text()
    check_that_none_acted_beside_another(runners)
    assert min(waits) < 2, waits
    converge(ground)


def holder_of(ground: Lab, runners: Sequence[Runner]) -> Runner | None:
    """Whose process the newest record of the lock names, if it is one of these and alive."""
    pid = ground.lock_holder()
    return next((r for r in runners if r.process.pid == pid and r.is_alive), None)


def test_a_silent_holder_of_another_machine_is_waited_for_as_long_as_is_said(
    ground: Lab,
) -> None:
    targets = [DockerTarget(ground.stack, Held()) for _ in range(2)]
    here, there = (
        Lock(target, ground.stack, Holder(name, name, os.getpid()))
        for target, name in zip(targets, ("here", "there"), strict=True)
    )
    try:
        here.acquire(0, lambda: False, lambda text: None)
        here._ended.set()  # as if it had been killed: it renews no more
        silent = time.monotonic()
        told: list[str] = []
        there.acquire(60 * NS_PER_S, lambda: False, told.append)
        waited_s = time.monotonic() - silent
        assert LIFE_S - 1 < waited_s < LIFE_S + 5
        assert there.is_held() and not here.is_held()
        assert told == [f"waiting for here (process {os.getpid()}), who holds the lock"]
        there.release()
        observed = targets[0].observe(Scope(ground.stack, keys=frozenset()))
        newest = max((r for r in observed.records if r.kind == "lock"), key=lambda r: r.seq)
        assert (newest.body["holder"], newest.body["released"]) == ("there", True)
    finally:
        for target in targets:
            target.close()


if ALL:

    def test_a_holder_that_was_stopped_for_long_does_not_act_when_it_goes_on(
        ground: Lab,
    ) -> None:
        first = start(ground, "apply", 3_000, "--yes")
        until(lambda: len(first.gate.acts) >= 2)
        first.process.send_signal(signal.SIGSTOP)
        try:
            second = start(ground, "apply", 3_001, "--yes", "--lock-wait", "60s")
            until(lambda: second.gate.acts, LIFE_S + 10)
            before = len(first.gate.acts)
        finally:
            first.process.send_signal(signal.SIGCONT)
        assert first.process.wait(60) == exits.ERROR
        assert "lock was lost" in first.log.read_text()
        assert len(first.gate.acts) == before
        assert second.process.wait(60) in (exits.OK, exits.STALE)
        converge(ground)

"""Every scenario gives one history: in fresh processes, over hash seeds, plain and compiled."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.name for path in (ROOT / "sims").glob("*.yaml"))
# PYTHONHASHSEED, and whether the plain kernel is forced.
PROCESSES = (("0", False), ("4242", False), ("random", True))
SCRIPT = """
import sys
from reconciler.rehearsal.run import run_seed, task_of
from reconciler.sim.traffic.kernel import COMPILED
from reconciler.spec.scenarios import load_scenario
print("compiled" if COMPILED else "plain")
for name in sys.argv[1:]:
    found = load_scenario(f"sims/{name}", env={})
    run, _ = run_seed(task_of(found.scenario, found.path, found.start, found.after), 0)
    print(name, run.digest, run.events)
"""

Process = tuple[str, bool]


def _environment(process: Process) -> dict[str, str]:
    hash_seed, plain = process
    env = {name: value for name, value in os.environ.items() if name != "RECONCILER_PURE"}
    env |= {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    return env | {"RECONCILER_PURE": "1"} if plain else env


@cache
def _histories() -> dict[Process, dict[str, str]]:
    """What each process says of each scenario; they run at the same time."""
    running = {
        process: subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *SCENARIOS], env=_environment(process), cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for process in PROCESSES
    }  # fmt: skip
    found = {}
    for process, each in running.items():
        out, err = each.communicate(timeout=280)
        assert each.returncode == 0, err
        kind, *lines = out.splitlines()
        assert not process[1] or kind == "plain", "the plain kernel was asked for"
        found[process] = dict(line.split(" ", 1) for line in lines)
    return found


def _first_difference(name: str, one: Process, other: Process, folder: Path) -> str:
    """The first event of the two histories that is not the same."""
    traces: list[list[str]] = []
    for process in (one, other):
        file = folder / f"trace-{len(traces)}"
        command = ["-m", "reconciler", "simulate", f"sims/{name}", "--seed", "0", "--trace", file]
        subprocess.run(
            [sys.executable, *map(str, command)], env=_environment(process), cwd=ROOT,
            capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        traces.append(file.read_text().splitlines())
    return first_difference(*traces)


def first_difference(one: list[str], other: list[str]) -> str:
    """Where two lists of lines part."""
    for number, (a, b) in enumerate(zip(one, other, strict=False), 1):
        if a != b:
            return f"event {number}:\n  {a}\n  {b}"
    if len(one) != len(other):
        both = min(len(one), len(other))
        return f"event {both + 1}, in one only:\n  {max(one, other, key=len)[both]}"
    return "instances go the same; what differs is among requests"


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_has_one_history_in_every_process(name: str, tmp_path: Path) -> None:
    digests = {process: told[name] for process, told in _histories().items()}
    first, *others = PROCESSES
    for other in others:
        if digests[other] != digests[first]:
            where = _first_difference(name, first, other, tmp_path)
            pytest.fail(f"{first} and {other} differ: {digests[first]}, {digests[other]}\n{where}")


def test_scenarios_have_histories_of_their_own() -> None:
    told = list(_histories()[PROCESSES[0]].values())
    assert len(told) == len(SCENARIOS) > 20
    assert len(set(told)) > len(told) // 2


def test_the_first_event_that_differs_is_found() -> None:
    same = "instances go the same; what differs is among requests"
    assert first_difference(["a", "b"], ["a", "b"]) == same
    assert first_difference(["a", "b"], ["a", "c"]) == "event 2:\n  b\n  c"
    assert "event 2, in one only:\n  b" in first_difference(["a", "b"], ["a"])

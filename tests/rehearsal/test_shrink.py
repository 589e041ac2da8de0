"""A failing run is shrunk to the faults that matter, and replayed by its command alone."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.scenario import Trouble
from reconciler.rehearsal.report import report_of
from reconciler.rehearsal.run import run_seed
from reconciler.rehearsal.shrink import faults_that_matter, least, with_faults
from reconciler.rehearsal.troubles import told
from reconciler.views.lines import rendered
from reconciler.views.rehearsal import rehearsal_lines
from reconciler.views.rehearsal_document import rehearsal_document
from tests.rehearsal.stacks import task

ROOT = Path(__file__).resolve().parents[2]
# Of these only the second crash meets requests: by then two have hung, and one is left.
HARMLESS: list[dict[str, Any]] = [
    {"kind": "delay", "call": "create", "lasting": "1s"},
    {"kind": "event_lost", "nth": 2},
    {"kind": "lost_reply", "call": "start", "nth": 1},
    {"kind": "event_doubled", "nth": 3},
    {"kind": "fail_before", "call": "signal", "nth": 1},
]
CRASH = {"kind": "crash", "at": "70s", "on": "service/web"}
SLOW = [{"service": "web", "rate": {"poisson": 60}, "service_time": "200ms"}]


@pytest.mark.parametrize(
    ("matter", "count"), [({3}, 8), ({0, 7}, 8), ({1, 2, 6}, 7), (set(), 5), ({0}, 1)]
)
def test_what_is_left_is_exactly_what_matters(matter: set[int], count: int) -> None:
    tried: list[tuple[int, ...]] = []

    def fails(items: Sequence[int]) -> bool:
        tried.append(tuple(items))
        return matter <= set(items)

    assert least(range(count), fails) == sorted(matter)
    assert len(tried) <= 40


def test_where_either_of_two_is_enough_one_is_left() -> None:
    assert len(least(range(6), lambda items: bool({1, 4} & set(items)))) == 1


def test_a_crash_among_harmless_faults_is_what_a_run_fails_by(tmp_path: Path) -> None:
    faults = [*HARMLESS[:3], CRASH, *HARMLESS[3:]]
    made = task(tmp_path, traffic=SLOW, faults=faults, checks=["dropped <= 0"])
    run, _ = run_seed(made, 0)
    assert not run.holds
    (left,) = faults_that_matter(made, run)
    assert left.kind == "crash"
    alone, _ = run_seed(replace(made, scenario=replace(made.scenario, faults=(left,))), 0)
    assert not alone.holds


def test_a_report_tells_what_its_worst_run_fails_by(tmp_path: Path) -> None:
    def report(**scenario: Any):
        made = task(tmp_path, traffic=SLOW, **scenario)
        runs = [run_seed(made, 0)[0]]
        return with_faults(made, report_of(made, runs, title="shop", replay="again"))

    dropped = ["dropped <= 0"]
    found = report(faults=[*HARMLESS, CRASH], checks=dropped)
    text = rendered(rehearsal_lines(found), colour=False)
    assert "faults that seed 0 fails by\n  crash of service/web at 1m10s" in text
    assert rehearsal_document(found)["faults"] == ["crash of service/web at 1m10s"]
    assert report(faults=HARMLESS, checks=dropped).faults is None, "it holds"
    assert report(checks=["p99 <= 1ms"]).faults is None, "nothing goes wrong"
    by_itself = report(faults=HARMLESS, checks=["p99 <= 1ms"])
    assert by_itself.faults == ()
    text = rendered(rehearsal_lines(by_itself), colour=False)
    assert "none: it fails without them" in text


def test_another_process_replays_the_worst_seed_and_finds_the_same(tmp_path: Path) -> None:
    faults = [*HARMLESS, CRASH]
    task(tmp_path, traffic=SLOW, faults=faults, checks=["dropped <= 0"])
    first = _simulate("reconciler simulate scenario.yaml --seeds 3", tmp_path, "1")
    again = _simulate(first["replay"], tmp_path, "2")
    assert first["faults"] == again["faults"] == ["crash of service/web at 1m10s"]
    (replayed,) = again["by_seed"]
    worst = next(run for run in first["by_seed"] if run["seed"] == first["worst_seed"])
    assert replayed == worst


def _simulate(command: str, folder: Path, hash_seed: str) -> dict[str, Any]:
    words = shlex.split(command)[1:]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *words, "--output", "json"], cwd=folder, env=env,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Trouble(kind="lost_reply", call="start", nth=2), "lost reply at start 2"),
        (Trouble(kind="event_lost", nth=0, on="service/web"),
         "event lost at each call of service/web"),
        (Trouble(kind="node_loss", on="a", at=90 * 10**9, lasting=30 * 10**9),
         "node loss of a at 1m30s for 30s"),
        (Trouble(kind="kill_reconciler", nth=3), "kill reconciler at call 3"),
    ],
)  # fmt: skip
def test_a_fault_is_told_in_a_line(fault: Trouble, text: str) -> None:
    assert told(fault) == text

"""All is as wanted within a bound, and stays so: what ceases to be counts again."""

from pathlib import Path
from typing import Any

from reconciler.rehearsal.convergence import Convergence
from tests.rehearsal.stacks import runs, task

S = 10**9
NODES = {"a": {"cpu": 4, "memory": "8Gi"}}
CLUSTER: dict[str, Any] = {"target": "kubernetes", "nodes": NODES, "lasts": "10m"}
CHECKS = ["converged", "not converged", "converged within 1m"]


def _turned(*turns: tuple[bool, int]) -> Convergence:
    made = Convergence()
    for converged, at_s in turns:
        made.turn(converged=converged, now_ns=at_s * S)
    return made


def test_the_first_time_counts_from_the_change_and_each_later_one_from_when_it_ceased() -> None:
    made = _turned((False, 30), (True, 40), (True, 50), (False, 60), (False, 61), (True, 100))
    assert made.took_ns(30 * S, ()) == 40 * S
    assert (made.first_ns, made.lost_ns, made.since_ns) == (40 * S, 60 * S, 100 * S)


def test_while_a_fault_lasts_nothing_need_be_mended() -> None:
    made = _turned((True, 40), (False, 60), (True, 100))
    assert made.took_ns(30 * S, (95 * S,)) == 10 * S, "the change took longest"
    assert made.took_ns(30 * S, (80 * S, 70 * S, 120 * S, 20 * S)) == 20 * S


def test_what_ceases_and_does_not_come_again_has_not_converged() -> None:
    assert _turned((True, 40), (False, 60)).took_ns(30 * S, ()) is None
    assert _turned((False, 40)).took_ns(30 * S, ()) is None


def test_a_run_whose_only_node_is_lost_for_good_after_the_change_has_not_converged(
    tmp_path: Path,
) -> None:
    lost = {"kind": "node_loss", "at": "200s", "on": "a"}
    for run in runs(task(tmp_path, faults=[lost], checks=CHECKS, **CLUSTER)):
        assert (run.verdict, run.converged_ns) == ("not converged", None)
        assert [check.holds for check in run.checks] == [False, True, False]
        said = [m for m in run.moments if m.text == "not all is as wanted any more"]
        assert len(said) == 1 and said[0].at_ns >= 200 * S


def test_a_node_that_comes_back_counts_from_when_it_does(tmp_path: Path) -> None:
    lost = {"kind": "node_loss", "at": "200s", "on": "a", "lasting": "150s"}
    made = task(tmp_path, faults=[lost], checks=CHECKS, **CLUSTER)
    for run in runs(made):
        assert run.verdict == "converged"
        assert [check.holds for check in run.checks] == [True, False, True]
        assert [m.text for m in run.moments if m.kind == "verdict"] == [
            "all is as wanted", "not all is as wanted any more", "all is as wanted again",
        ]  # fmt: skip


def test_without_a_change_and_without_faults_it_takes_no_time(tmp_path: Path) -> None:
    assert {run.converged_ns for run in runs(task(tmp_path, changes=[]))} == {0}


def test_another_reconciler_does_not_make_anew_what_has_converged(tmp_path: Path) -> None:
    kill = {"kind": "kill_reconciler", "at": "100s", "lasting": "5s"}
    for before, after in zip(
        runs(task(tmp_path)), runs(task(tmp_path, faults=[kill])), strict=True
    ):
        assert after.converged_ns == before.converged_ns


def _deaths(tmp_path: Path, *faults: dict[str, Any], changes: int = 1) -> list[str]:
    said = [
        {"at": f"{30 + 60 * n}s", "set": {"services.web.environment.VERSION": str(n)}}
        for n in range(1, changes + 1)
    ]
    (run,) = runs(
        task(tmp_path, faults=list(faults), changes=said, lasts="6m", checks=["converged"]),
        range(1),
    )
    assert run.holds
    return [m.text for m in run.moments if "reconciler" in m.text]


def test_each_death_at_a_call_strikes_once_and_counts_over_reconcilers_and_changes(
    tmp_path: Path,
) -> None:
    kill = {"kind": "kill_reconciler"}
    create = [{**kill, "call": "create", "nth": n} for n in (1, 2, 3)]
    said = [f"the reconciler dies at create {n}" for n in (1, 2, 3)]
    assert _deaths(tmp_path, *create, changes=1) == said[:2], "it creates two"
    assert _deaths(tmp_path, *create, changes=3) == said
    assert _deaths(tmp_path, create[2], changes=3) == said[2:]
    assert _deaths(tmp_path, {**kill, "nth": 3}, create[0], {**kill, "nth": 3}, changes=3)[1:] == [
        "the reconciler dies at call 3"
    ]

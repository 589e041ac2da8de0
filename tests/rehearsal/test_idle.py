"""Faults that never struck are told, and only these."""

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.rehearsal.report import report_of
from reconciler.views.lines import rendered
from reconciler.views.rehearsal import rehearsal_lines
from reconciler.views.rehearsal_document import rehearsal_document
from reconciler.views.rehearsal_html import rehearsal_html
from reconciler.views.rehearsal_markdown import rehearsal_markdown
from tests.rehearsal.stacks import runs, task

ON: dict[str, Any] = {"on": "service/web"}
KILL: dict[str, Any] = {"kind": "kill_reconciler"}
EDIT: dict[str, Any] = {**ON, "kind": "edit", "at": "80s", "value": "9"}
STRIKE: list[dict[str, Any]] = [
    {**ON, "kind": "fail_before", "call": "create", "nth": 1},
    {**ON, "kind": "crash", "at": "80s"},
    {**ON, "kind": "removed", "at": "80s"},
    {**EDIT, "field": "environment.VERSION"},
    {"kind": "crash", **ON, "call": "create", "nth": 1},
    {**KILL, "at": "60s"},
    {**KILL, "call": "create", "nth": 2},
    {"kind": "throttled", "at": "80s", "lasting": "10s", "amount": 3},
]
IDLE: list[dict[str, Any]] = [
    {**ON, "kind": "fail_before", "call": "create", "nth": 99},
    {"kind": "crash", **ON, "call": "create", "nth": 99},
    {**EDIT, "field": "environmnet.VERSION"},
    {**KILL, "call": "create", "nth": 99},
]


@pytest.mark.parametrize("fault", STRIKE, ids=str)
def test_what_strikes_is_not_told_of(tmp_path: Path, fault: dict[str, Any]) -> None:
    assert [run.idle for run in runs(task(tmp_path, faults=[fault]), range(1))] == [()]


@pytest.mark.parametrize("fault", IDLE, ids=str)
def test_what_never_strikes_is_told(tmp_path: Path, fault: dict[str, Any]) -> None:
    (run,) = runs(task(tmp_path, faults=[STRIKE[0], fault]), range(1))
    assert len(run.idle) == 1 and run.idle[0].startswith(fault["kind"].replace("_", " "))


def test_each_form_of_the_report_says_it(tmp_path: Path) -> None:
    made = task(tmp_path, faults=[IDLE[1], STRIKE[1]])
    report = report_of(made, runs(made, range(2)), title="", replay="")
    text = "crash at create 99 of service/web"
    assert report.idle == (text,)
    said = rendered(rehearsal_lines(report), colour=False)
    assert f"faults that never struck\n  {text}\n" in said
    assert json.loads(json.dumps(rehearsal_document(report)))["never_struck"] == [text]
    for other in (rehearsal_markdown(report), str(rehearsal_html(report))):
        assert "aults that never struck" in other and text in other


def test_what_is_done_by_hand_is_told_in_the_timeline(tmp_path: Path) -> None:
    (run,) = runs(task(tmp_path, faults=STRIKE[2:4]), range(1))
    said = [m.text for m in run.moments if m.kind == "fault" and m.at_ns == 80 * 10**9]
    assert sum("is removed by hand" in text for text in said) == 1
    assert any("is edited by hand: environment.VERSION" in text for text in said)

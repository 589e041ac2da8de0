"""What is recorded of instances: the floor that is in force, and what somebody does by hand."""

from pathlib import Path

from reconciler.model.rehearsal import Run
from reconciler.views.lines import rendered
from reconciler.views.rehearsal_timeline import timeline_lines
from tests.rehearsal.stacks import runs, task

S = 10**9
MORE = {"at": "30s", "set": {"services.web.replicas": 4}}
FEWER = {"at": "90s", "set": {"services.web.replicas": 1}}


def test_a_floor_falls_with_the_change_and_rises_once_so_many_are_ready(tmp_path: Path) -> None:
    for run in runs(task(tmp_path, changes=[MORE, FEWER])):
        (web,) = run.services
        (began, first), (risen_ns, second), (fallen_ns, third) = web.floors or ()
        assert (first, second, third) == (2, 4, 1)
        assert (began, fallen_ns) == (0, 90 * S) and 30 * S < risen_ns < 90 * S
        assert web.floor == 1 and web.closest == (1, 1), "none was missing at any time"
        assert "below floor" not in _drawn(run)


def test_what_falls_below_the_floor_in_force_is_marked_where_it_does(tmp_path: Path) -> None:
    crash = {"kind": "crash", "at": "80s", "on": "service/web"}
    for run in runs(task(tmp_path, changes=[MORE, FEWER], faults=[crash])):
        assert run.services[0].closest == (3, 4)
        assert "below floor" in _drawn(run)


def _drawn(run: Run) -> str:
    return rendered(timeline_lines(run), colour=False)

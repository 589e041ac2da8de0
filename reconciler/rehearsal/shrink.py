"""Which faults of a failing run matter: the others are taken away while it fails the same.

Delta debugging (Zeller and Hildebrandt, 2002, ddmin): halves first, then smaller parts, until
no single fault can be left out. Runs are by the same seed; what is drawn for one thing does
not move when another is gone.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from reconciler.model.rehearsal import Report, Run
from reconciler.model.scenario import Trouble
from reconciler.rehearsal.run import Task, run_seed
from reconciler.rehearsal.troubles import told

T = TypeVar("T")

MOST_RUNS = 200


def with_faults(task: Task, report: Report, *, on_try: Callable[[], None] = lambda: None) -> Report:
    """The report, and which faults its worst run fails by, where it fails and there are any.

    `on_try` hears of each run that is made for it.
    """
    worst = report.worst
    if worst.holds or not task.scenario.faults:
        return report
    left = faults_that_matter(task, worst, on_try)
    return replace(report, faults=tuple(map(told, left)))


def faults_that_matter(
    task: Task, run: Run, on_try: Callable[[], None] = lambda: None
) -> tuple[Trouble, ...]:
    """The faults that are left of a failing run's; none of them can go, or it would hold.

    It fails the same as long as every check that it missed is missed, and what must never
    happen still does. Empty: it fails without any fault.
    """
    missed = _missed(run)

    def fails(faults: Sequence[Trouble]) -> bool:
        on_try()
        scenario = replace(task.scenario, faults=tuple(faults))
        again, _ = run_seed(replace(task, scenario=scenario), run.seed)
        return missed <= _missed(again)

    return tuple(least(task.scenario.faults, fails))


def _missed(run: Run) -> frozenset[str]:
    found = {check.text for check in run.checks if not check.holds}
    return frozenset(found | ({"a violation"} if run.violations else set()))


def least(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> list[T]:
    """The items that are left once none can go: all of them are known to fail."""
    left, parts, tries = list(items), 2, 0
    if not left or fails(()):
        return []
    while len(left) > 1 and tries < MOST_RUNS:
        size = -(-len(left) // parts)
        for first in range(0, len(left), size):
            rest = left[:first] + left[first + size :]
            tries += 1
            if fails(rest):
                left, parts = rest, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(2 * parts, len(left))
    return left

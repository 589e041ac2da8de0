"""From runs to a report."""

from collections.abc import Sequence

from reconciler import graph as graphs
from reconciler.model.rehearsal import Report, Run
from reconciler.model.stack import Stack
from reconciler.rehearsal.assumptions import assumptions_of, beginnings
from reconciler.rehearsal.causes import merged
from reconciler.rehearsal.run import Task
from reconciler.rehearsal.statistics import figures_of, worst_of


def report_of(task: Task, runs: Sequence[Run], *, title: str, replay: str) -> Report:
    """What came of a task over all its runs. `replay` is a command that ends with its seed."""
    wanted = next((stack for _, stack in reversed(task.after) if stack is not None), task.start)
    stacks = [stack for _, stack in task.after if stack is not None]
    is_seen = task.live is not None
    facts = (*task.facts, *beginnings(task.scenario, task.start, stacks, is_seen=is_seen))
    worst = worst_of(runs)
    nodes, edges = _graph(wanted)
    return Report(
        title, worst.plan, tuple(runs), figures_of(runs),
        merged(cause for run in runs for cause in run.causes),
        assumptions_of(task.scenario, wanted, facts, task.measured), nodes, edges, worst.seed,
        f"{replay} --seed {worst.seed}",
    )  # fmt: skip


def _graph(stack: Stack) -> tuple[tuple[str, ...], tuple[tuple[str, str, str], ...]]:
    """The dependency graph, as names and (from, to, condition)."""
    needs = graphs.build(stack).needs
    nodes = tuple(str(key) for key in needs)
    edges = tuple(
        (str(key), str(need), str(condition))
        for key, found in needs.items()
        for need, condition in sorted(found.items())
    )
    return nodes, edges

"""`reconciler rehearse`: what an apply would cost, in numbers, before it is done."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exits
from reconciler.cli.loading import findings, load, refuse_errors
from reconciler.cli.options import REHEARSED, needs_state, options
from reconciler.cli.rehearsing import (
    REPORT,
    Wanted,
    judged,
    load_scenario,
    rehearsed,
    wanted_of,
    write_compared,
)
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.model.observed import Observed
    from reconciler.model.scenario import Scenario
    from reconciler.model.stack import Stack
    from reconciler.rehearsal.run import Task


@click.command("rehearse")
@options(REHEARSED, REPORT)
@click.option(
    "--from", "revision", metavar="REVISION",
    help="Take for what runs now what the state says in this git revision; contact nothing.",
)  # fmt: skip
@click.option(
    "--scenario", "scenario_file", type=click.Path(path_type=str, dir_okay=False), metavar="FILE",
    help="Take traffic, edge, behaviour, faults and checks from this scenario.",
)  # fmt: skip
@click.option(
    "--compare", "other", metavar="REVISION",
    help="Rehearse the state of this git revision too, by the same random numbers.",
)  # fmt: skip
def command(
    settings: Settings, revision: str | None, scenario_file: str | None, other: str | None,
    **given: Any,
) -> int:  # fmt: skip
    """Say what applying STATE would drop: over many seeds, on a simulated copy of what runs.

    Takes what runs now, on the target or by another git revision, makes the plan that `apply`
    would make, and carries it out on the simulator, under traffic. Nothing on the target is
    changed. The exit code is 5 where a check does not hold.
    """
    needs_state(settings)
    wanted = wanted_of(given)
    rehearsal = _Rehearsal(settings, revision, scenario_file)
    seeds = wanted.seeds_of(rehearsal.scenario.seeds)
    task = rehearsal.task(rehearsal.stack)
    if other is None:
        return judged(settings, task, seeds, wanted, title=rehearsal.title, replay=rehearsal.replay)
    second = rehearsal.task(rehearsal.at(other))
    return _compared(settings, (second, task), seeds, wanted, rehearsal, other)


def _compared(
    settings: Settings, tasks: "tuple[Task, Task]", seeds: range, wanted: Wanted,
    rehearsal: "_Rehearsal", other: str,
) -> int:  # fmt: skip
    from reconciler.views.rehearsal_comparison import comparison_document, comparison_lines

    titles = (f"{rehearsal.title} as of {other}", rehearsal.title)
    before, after = (
        rehearsed(settings, task, seeds, wanted, title=title, replay=rehearsal.replay)
        for task, title in zip(tasks, titles, strict=True)
    )
    console = settings.console
    console.result(
        lambda: comparison_lines(before, after, width=console.width),
        lambda: comparison_document(before, after),
    )
    write_compared(before, after, wanted)
    return exits.OK if after.holds else exits.MISSED


@dataclass
class _Rehearsal:
    """What is rehearsed: the change from what runs to what the state says."""

    settings: Settings
    revision: str | None
    scenario_file: str | None

    @cached_property
    def stack(self) -> "Stack":
        """What is wanted, checked as for an apply."""
        from reconciler.rehearsal.features import CAPABILITIES

        loaded = load(self.settings, resolve=self.revision is None)
        found = findings(loaded, CAPABILITIES, "a rehearsal")
        refuse_errors(found)
        self.settings.console.warn(found)
        return loaded.stack

    @property
    def title(self) -> str:
        """What the report is headed with."""
        what = f"since {self.revision}" if self.revision else f"on {self.settings.target}"
        return f"{self.stack.name} {what}"

    @property
    def replay(self) -> str:
        """The command, but for its seed."""
        words = ["reconciler rehearse", *self.settings.state, "--target", self.settings.target]
        if self.settings.environment:
            words += ["-e", self.settings.environment]
        if self.revision:
            words += ["--from", self.revision]
        if self.scenario_file:
            words += ["--scenario", self.scenario_file]
        return " ".join(words)

    @cached_property
    def scenario(self) -> "Scenario":
        """What loads it: from a file, or assumed."""
        from reconciler.rehearsal.assumed import scenario_of

        if self.scenario_file is None:
            return scenario_of(self.stack)
        return load_scenario(self.settings, self.scenario_file).scenario

    @cached_property
    def live(self) -> "Observed | None":
        """What runs now; None where another revision of the state stands for it."""
        if self.revision is not None:
            return None
        from reconciler.cli.targets import open_target
        from reconciler.plan.planner import scope_of

        loaded = load(self.settings)
        with open_target(self.settings, loaded, acting=False) as opened:
            return opened.target.observe(scope_of(self.stack))

    def at(self, revision: str) -> "Stack":
        """The state of a git revision."""
        from reconciler.cli.revisions import checked_out

        with checked_out(revision, self.settings.state) as paths:
            from dataclasses import replace

            return load(replace(self.settings, state=paths), resolve=False).stack

    def task(self, wanted: "Stack") -> "Task":
        """The change to `wanted`, as something that can be run by a seed."""
        from reconciler.rehearsal.assumed import CHANGE_NS
        from reconciler.rehearsal.run import task_of

        start = self.at(self.revision) if self.revision is not None else wanted
        path = self.scenario_file or "."
        return task_of(self.scenario, path, start, [(CHANGE_NS, wanted)], self.live)

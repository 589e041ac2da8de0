"""`reconciler simulate`: run a scenario, by one seed or many, and say what happened."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.loading import refuse_errors
from reconciler.cli.options import OUTPUT, VARIABLES, options
from reconciler.cli.rehearsing import REPORT, Side, compared, judged, load_scenario, wanted_of
from reconciler.cli.replaying import command_of
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.spec.scenarios import LoadedScenario

_SCENARIO = click.Path(path_type=str, dir_okay=False)


@click.command("simulate")
@click.argument("scenario", type=_SCENARIO)
@options(VARIABLES, REPORT, OUTPUT)
@click.option(
    "--compare", "other", type=_SCENARIO, metavar="SCENARIO",
    help="Run this scenario first, by the same random numbers, and say what is different.",
)  # fmt: skip
def command(settings: Settings, scenario: str, other: str | None, **given: Any) -> int:
    """Run a SCENARIO: a state, a change, traffic and faults, and the checks that must hold.

    Prints what happened, what was dropped and why, and a command that replays the worst seed.
    The exit code is 5 where a check does not hold.
    """
    wanted = wanted_of(settings, given)
    side, count = _side(settings, scenario)
    seeds = wanted.seeds_of(count)
    if other is None:
        return judged(settings, side, seeds, wanted)
    return compared(settings, _side(settings, other)[0], side, seeds, wanted)


def _side(settings: Settings, path: str) -> tuple[Side, int]:
    """A scenario as something to run, and by how many seeds it wants to be."""
    from reconciler.rehearsal.run import task_of

    loaded = load_scenario(settings, path)
    _tell_states(settings, loaded)
    task = task_of(loaded.scenario, loaded.path, loaded.start, loaded.after)
    words = command_of(["reconciler simulate", path], settings.variables)
    side = Side(task, loaded.scenario.title or path, lambda holds: words)
    return side, loaded.scenario.seeds


def _tell_states(settings: Settings, loaded: "LoadedScenario") -> None:
    """What `validate` says of the scenario's states, each finding once.

    A state may be wrong on purpose, to see what becomes of it: its errors are told as warnings,
    and that a waiver of the state has nothing to waive in the scenario (R299) is not told.
    What its target does not act on is refused, for the run would show something else.
    """
    from reconciler.graph import build
    from reconciler.rehearsal.features import capabilities_of
    from reconciler.spec.checks import check
    from reconciler.spec.checks.support import unsupported
    from reconciler.spec.checks.table import UNUSED_WAIVER

    target = loaded.scenario.target
    stacks = [loaded.start, *(stack for _, stack in loaded.after if stack is not None)]
    lacking, found = [], []
    for stack in stacks:
        lacking += unsupported(stack, capabilities_of(target), target)
        found += [
            replace(e, severity="warning") for e in check(stack) if e.code != UNUSED_WAIVER.code
        ]
        found += build(stack).cycles()
    told = [*lacking, *found]
    once = [each for at, each in enumerate(told) if each not in told[:at]]
    once.sort(key=lambda each: each.sort_key)
    refuse_errors(once)
    settings.console.warn(once)

"""`reconciler simulate`: run a scenario, by one seed or many, and say what happened."""

from typing import Any

import click

from reconciler.cli.options import OUTPUT, VARIABLES, options
from reconciler.cli.rehearsing import REPORT, Side, compared, judged, load_scenario, wanted_of
from reconciler.cli.replaying import command_of
from reconciler.cli.settings import Settings

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
    task = task_of(loaded.scenario, loaded.path, loaded.start, loaded.after)
    words = command_of(["reconciler simulate", path], settings.variables)
    side = Side(task, loaded.scenario.title or path, lambda holds: words)
    return side, loaded.scenario.seeds

"""`reconciler simulate`: run a scenario, by one seed or many, and say what happened."""

from typing import Any

import click

from reconciler.cli.options import OUTPUT, VARIABLES, options
from reconciler.cli.rehearsing import REPORT, judged, load_scenario, wanted_of
from reconciler.cli.settings import Settings


@click.command("simulate")
@click.argument("scenario", type=click.Path(path_type=str, dir_okay=False))
@options(VARIABLES, REPORT, OUTPUT)
def command(settings: Settings, scenario: str, **given: Any) -> int:
    """Run a SCENARIO: a state, a change, traffic and faults, and the checks that must hold.

    Prints what happened, what was dropped and why, and a command that replays the worst seed.
    The exit code is 5 where a check does not hold.
    """
    from reconciler.rehearsal.run import task_of

    wanted = wanted_of(given)
    loaded = load_scenario(settings, scenario)
    seeds = wanted.seeds_of(loaded.scenario.seeds)
    return judged(
        settings, task_of(loaded.scenario, loaded.path, loaded.start, loaded.after), seeds, wanted,
        title=loaded.scenario.title or scenario, replay=f"reconciler simulate {scenario}",
    )  # fmt: skip

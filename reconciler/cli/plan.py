"""`reconciler plan`: what an apply would do, and why."""

import json
from pathlib import Path

import click

from reconciler.cli import exits
from reconciler.cli.options import LIVE, RETRY, needs_state, options
from reconciler.cli.settings import Settings


@click.command("plan")
@options(LIVE, RETRY)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Save the plan, for `apply --plan FILE`.",
)  # fmt: skip
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 0: no changes, 1: error, 2: changes."
)
def command(settings: Settings, out: Path | None, detailed_exitcode: bool) -> int:
    """Show what an apply would do, and why. Nothing is written to the target."""
    from reconciler.cli.files import write_file
    from reconciler.cli.session import session
    from reconciler.spec.yaml import bulk
    from reconciler.views.plan import plan_document, plan_lines

    needs_state(settings)
    console = settings.console
    with bulk():  # what is read and planned is kept to the end of the process
        with session(settings) as open_session:
            plan = open_session.plan()
        console.warn(plan.findings)
        console.result(
            lambda: plan_lines(plan, calls=console.verbosity > 0), lambda: plan_document(plan)
        )
    if plan.errors:
        return exits.ERROR
    if out is not None:
        write_file(out, json.dumps(plan_document(plan), indent=2, ensure_ascii=False) + "\n")
    return exits.CHANGES if detailed_exitcode and not plan.is_empty else exits.OK

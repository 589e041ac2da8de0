"""`reconciler status`: what is healthy, what is not, and why."""

import click

from reconciler.cli import exits
from reconciler.cli.options import LIVE, needs_state, options
from reconciler.cli.settings import Settings


@click.command("status")
@options(LIVE)
@click.option(
    "--detailed-exitcode", is_flag=True,
    help="Exit with 0: all is ready, 1: error, 2: something is not.",
)  # fmt: skip
def command(settings: Settings, detailed_exitcode: bool) -> int:
    """Show what is healthy, what is not, and why, with the last log lines of what fails."""
    from reconciler.cli.session import session
    from reconciler.controller.interface import Looked, Policy
    from reconciler.views.status import status_document, status_lines

    needs_state(settings)
    console = settings.console
    with session(settings) as open_session:
        observed, predicted = open_session.look()
        controller = open_session.controller(Policy(act=False))
        now_ns = observed.target_now_ns
        controller.handle(Looked(observed, predicted), now_ns)
        statuses = open_session.with_logs(controller.statuses())
    verdict = controller.verdict()
    console.result(
        lambda: status_lines(open_session.title, statuses, now_ns, width=console.width),
        lambda: status_document(
            open_session.stack.name, settings.target, statuses, verdict, now_ns
        ),
    )
    well = all(status.phase == "ready" for status in statuses)
    return exits.CHANGES if detailed_exitcode and not well else exits.OK

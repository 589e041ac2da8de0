"""`reconciler diff`: how what runs differs from what is wanted."""

import click

from reconciler.cli import exits
from reconciler.cli.options import LIVE, RETRY, needs_state, options
from reconciler.cli.settings import Settings


@click.command("diff")
@options(LIVE, RETRY, error=exits.DIFF_ERROR)
def command(settings: Settings) -> int:
    """Show how what runs differs from what is wanted, field by field.

    Exits with 0 where nothing differs, 1 where something does, 2 on an error.
    """
    from reconciler.cli.session import session
    from reconciler.views.diff import diff_document, diff_lines

    needs_state(settings)
    console = settings.console
    with session(settings) as open_session:
        plan = open_session.plan()
    console.warn(plan.findings)
    console.result(lambda: diff_lines(plan), lambda: diff_document(plan))
    if plan.errors:
        return exits.DIFF_ERROR
    return exits.OK if plan.is_empty else exits.DIFFERENT

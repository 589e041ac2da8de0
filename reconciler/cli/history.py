"""`reconciler history`: the revisions of services, and what became of them."""

import click

from reconciler.cli.options import LIVE_SERVICES, needs_state, options
from reconciler.cli.services import keys_of, split
from reconciler.cli.settings import Settings


@click.command("history")
@options(LIVE_SERVICES)
def command(settings: Settings) -> int:
    """Show the revisions of services and jobs, newest first, and what became of them.

    It is read from the target: whoever can look there sees the same.
    """
    from reconciler.cli import exits
    from reconciler.cli.session import session
    from reconciler.plan.changes import Asked, standing_for
    from reconciler.plan.history import history_of
    from reconciler.plan.view import view_of
    from reconciler.views.history import history_document, history_lines

    needs_state(settings)
    settings, names = split(settings)
    with session(settings) as open_session:
        stack = open_session.stack
        keys = keys_of(stack, names)
        observed, _ = open_session.look()
        in_place = open_session.opened.target.capabilities.in_place
    view = view_of(observed)
    asked = [Asked(stack, key, in_place) for key in keys]
    histories = [history_of(each.key, standing_for(each, view), view) for each in asked]
    now_ns, console = observed.target_now_ns, settings.console
    console.result(
        lambda: history_lines(open_session.title, histories, now_ns, width=console.width),
        lambda: history_document(stack.name, settings.target, histories),
    )
    return exits.OK

"""`reconciler destroy`: remove everything that is ours."""

import click

from reconciler.cli import exits
from reconciler.cli.options import ACT, LIVE, needs_state, options
from reconciler.cli.settings import Settings


@click.command("destroy")
@options(LIVE, ACT)
@click.option("--volumes", is_flag=True, help="Volumes that are kept otherwise go too.")
def command(settings: Settings, yes: bool, volumes: bool) -> int:
    """Remove everything of the stack that is ours, users before what they use.

    Volumes stay unless they were declared with `keep: false` or --volumes is given.
    """
    from reconciler.cli import asking
    from reconciler.cli.acting import act, show_plan
    from reconciler.cli.session import session
    from reconciler.controller.interface import Policy
    from reconciler.plan.planner import emptied
    from reconciler.plan.shutdown import ending_of

    needs_state(settings)
    console = settings.console
    with session(settings, acting=True, removing=True) as open_session:
        plan = open_session.destroy_plan(volumes=volumes)
        show_plan(console, plan, removing=True)
        if plan.errors:
            return exits.ERROR
        if not plan.is_empty:
            asking.confirm(console, f"Remove all this from {open_session.title}?", yes=yes)
        policy = Policy(
            approved={change.key: change for change in plan.changes},
            confirmed=True,
            volumes=volumes,
            ending=ending_of(open_session.stack),
        )
        stack = emptied(open_session.stack)
        return act(open_session, plan, open_session.controller(policy, stack), "destroy")

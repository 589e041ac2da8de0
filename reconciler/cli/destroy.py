"""`reconciler destroy`: remove everything that is ours."""

import click

from reconciler.cli import exits
from reconciler.cli.options import ACT, LIVE, needs_state, options
from reconciler.cli.settings import Settings


@click.command("destroy")
@options(LIVE, ACT)
@click.option("--volumes", is_flag=True, help="Volumes that are kept otherwise go too.")
@click.option("--dry-run", is_flag=True, help="Only show what would go, and within which bounds.")
def command(settings: Settings, yes: bool, volumes: bool, dry_run: bool) -> int:
    """Remove everything of the stack that is ours, users before what they use.

    Volumes stay unless they were declared with `keep: false` or --volumes is given. What
    `shutdown` says of the stack bounds it: to drain, to stop each wave, to flush, and in all.
    """
    from reconciler.cli import asking
    from reconciler.cli.acting import act, show_plan
    from reconciler.cli.session import session
    from reconciler.controller.interface import Policy
    from reconciler.plan.planner import emptied
    from reconciler.plan.shutdown import ending_of
    from reconciler.views.plan import plan_document, plan_lines

    needs_state(settings)
    console = settings.console
    with session(settings, acting=not dry_run, removing=True) as open_session:
        plan = open_session.destroy_plan(volumes=volumes)
        if dry_run:
            console.warn(plan.findings)
            shown = lambda: plan_lines(plan, calls=console.verbosity > 0, removing=True)  # noqa: E731
            console.result(shown, lambda: plan_document(plan))
            return exits.ERROR if plan.errors else exits.OK
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

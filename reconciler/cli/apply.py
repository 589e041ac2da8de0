"""`reconciler apply`: make it so, after showing the plan."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import exits
from reconciler.cli.options import ACT, LIVE, RETRY, needs_state, options
from reconciler.cli.settings import TARGETS, Settings

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.plan.plan import Plan


@click.command("apply")
@options(LIVE, RETRY, ACT)
@click.option(
    "--plan", "saved", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Apply this saved plan, or refuse it when it is stale; STATE may be left out.",
)  # fmt: skip
@click.option(
    "--confirm-deletions", is_flag=True,
    help="Agree to more deletions than the stack allows without a question.",
)  # fmt: skip
def command(settings: Settings, yes: bool, saved: Path | None, confirm_deletions: bool) -> int:
    """Show the plan, ask, and make it so: in order, gated on health.

    Safe to interrupt or kill at any instant; the next apply goes on from what it finds.
    """
    from reconciler.cli.session import session

    given = None
    if saved is not None:
        settings, given = _from_saved(settings, saved)
        yes = True  # it has been looked at; that is what it was saved for
    needs_state(settings)
    with session(settings, acting=True) as open_session:
        plan = open_session.plan()
        if given is not None:
            _refuse_stale(given, plan)
        return _apply(open_session, plan, yes=yes, deletions=confirm_deletions)


def _apply(open_session: "Session", plan: "Plan", *, yes: bool, deletions: bool) -> int:
    from reconciler.cli import asking
    from reconciler.cli.acting import act, show_plan
    from reconciler.controller.interface import Policy

    console = open_session.settings.console
    show_plan(console, plan)
    if plan.errors:
        return exits.ERROR
    if not plan.is_empty:
        asking.confirm_deletions(console, plan, confirmed=deletions)
        asking.confirm(console, f"Apply this to {open_session.title}?", yes=yes)
    # Where all is well nothing is written, the lock not either.
    acts = not (plan.is_empty and open_session.is_well())
    policy = Policy(
        approved={change.key: change for change in plan.changes},
        confirmed=True,
        retry=open_session.retried(),
        act=acts,
        commit=open_session.commit() if acts else "",
    )
    return act(open_session, plan, open_session.controller(policy), "apply")


def _from_saved(settings: Settings, path: Path) -> tuple[Settings, "Plan"]:
    """What was saved, and the settings that it was made with."""
    from reconciler.cli.files import read_file
    from reconciler.plan.saved import load

    plan = load(read_file(path), str(path))
    target = next((name for name in TARGETS if name == plan.target), settings.target)
    state = settings.state or plan.state
    environment = settings.environment or plan.environment
    return replace(settings, state=state, environment=environment, target=target), plan


def _refuse_stale(saved: "Plan", fresh: "Plan") -> None:
    from reconciler.plan.saved import stale

    reasons = stale(saved, fresh)
    if reasons:
        raise exits.Stop(exits.STALE, reasons)

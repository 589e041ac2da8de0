"""`reconciler rollback`: go back to a revision that was good."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli import exits
from reconciler.cli.options import ACT, LIVE_SERVICES, needs_state, options
from reconciler.cli.services import keys_of, split
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.model.resource import ResourceKey
    from reconciler.model.status import Verdict
    from reconciler.plan.plan import Plan
    from reconciler.plan.rollback import Rollback


@click.command("rollback")
@options(LIVE_SERVICES, ACT)
@click.option(
    "--to", metavar="REVISION", default="",
    help="Go back to this revision, or to the one that begins so.",
)  # fmt: skip
@click.option("--reason", metavar="TEXT", default="", help="Why; `history` shows it.")
def command(settings: Settings, yes: bool, to: str, reason: str) -> int:
    """Take one service back to its last good revision, or to a named one.

    The file still asks for the present one: it is held from now on, until the file changes or
    `apply --retry SERVICE` goes forward again. Nothing else of the stack is touched.
    """
    from reconciler.cli.session import session

    needs_state(settings)
    settings, names = split(settings)
    if len(names) != 1:
        raise click.UsageError("name the one SERVICE to roll back, after the STATE")
    with session(settings, acting=True) as open_session:
        (key,) = keys_of(open_session.stack, names)
        if key.kind != "service":
            raise click.UsageError(f"{key} is no service: what a job has done cannot be undone")
        return _roll_back(open_session, key, yes=yes, to=to, reason=reason)


def _roll_back(session: "Session", key: "ResourceKey", *, yes: bool, to: str, reason: str) -> int:
    from reconciler.cli import asking
    from reconciler.cli.acting import (
        act,
        holding,
        refuse,
        refuse_other,
        show_plan,
        write_records,
    )
    from reconciler.cli.images import bring_image, image_of
    from reconciler.controller.interface import Policy

    console, commit = session.settings.console, session.commit()
    found, plan = _planned(session, key, to, reason, commit)
    image = image_of(session, key, found)
    show_plan(console, plan)
    if plan.errors:
        return exits.ERROR
    if found.records or not plan.is_empty:
        if not image.is_here:
            console.show(
                [(f"Its image {image.reference} is no longer there: it is pulled first.",)]
            )
        asking.confirm(console, f"Take {key} of {session.title} back to {found.revision}?", yes=yes)
    with holding(session):
        again, fresh = _planned(session, key, to, reason, commit)
        refuse(_otherwise(found, again))
        refuse_other(plan, fresh)
        if again.records or not fresh.is_empty:
            bring_image(session, key, again)
        write_records(session, key, again.records)
        policy = Policy(
            approved={change.key: change for change in fresh.changes},
            only=frozenset({key}),
            confirmed=True,
            commit=commit,
        )
        return act(session, fresh, session.controller(policy), "rollback", judge=_held_is_well)


def _otherwise(shown: "Rollback", fresh: "Rollback") -> list[str]:
    """How the facts to be written are others than those that were shown."""
    if shown.revision != fresh.revision:
        return [f"it would go back to {fresh.revision} now"]
    if [record.id for record in shown.records] != [record.id for record in fresh.records]:
        return ["another reconciler has noted something of it meanwhile"]
    return []


def _planned(
    session: "Session", key: "ResourceKey", to: str, reason: str, commit: str
) -> tuple["Rollback", "Plan"]:
    """What an apply would do to the service, were the facts of the rollback written."""
    from reconciler.plan.changes import Asked
    from reconciler.plan.rollback import rollback_of
    from reconciler.plan.view import view_of

    observed, predicted = session.look()
    asked = Asked(session.stack, key, session.opened.target.capabilities.in_place)
    now_ns = observed.target_now_ns
    found = rollback_of(asked, view_of(observed), now_ns, to=to, reason=reason, commit=commit)
    after = replace(observed, records=(*observed.records, *found.records))
    plan = session.plan_of(after, predicted)
    return found, replace(
        plan,
        changes=tuple(c for c in plan.changes if c.key == key),
        held={k: why for k, why in plan.held.items() if k == key},
        kept=(),
    )  # fmt: skip


def _held_is_well(verdict: "Verdict") -> "Verdict":
    """What a rollback came to: that the wanted revision is held is what was asked for."""
    left = tuple(status for status in verdict.failures if status.phase != "held")
    if verdict.kind != "failed" or left or not verdict.failures:
        return verdict
    return replace(verdict, kind="converged", failures=())

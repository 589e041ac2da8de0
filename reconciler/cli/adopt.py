"""`reconciler adopt`: make ours what runs already, by name."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import exits
from reconciler.cli.options import LIVE, LOCK, needs_state, options
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.model.resource import ResourceKey
    from reconciler.plan.adoption import Entry
    from reconciler.plan.view import View


@click.command("adopt")
@options(LIVE, LOCK)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def command(settings: Settings, yes: bool) -> int:
    """Adopt the containers, volumes and networks that `adopt` names, and do nothing else.

    They count as ours from then on, whoever looks. Nothing of them changes by it; `plan` says
    afterwards how they differ from what the file asks for. An apply adopts first, too.
    """
    from reconciler.cli.session import session

    needs_state(settings)
    with session(settings, acting=True) as open_session:
        return _adopt(open_session, yes=yes)


def _adopt(session: "Session", *, yes: bool) -> int:
    from reconciler.cli import asking
    from reconciler.cli.acting import holding
    from reconciler.plan.adoption import entries_of, findings, records_of
    from reconciler.plan.view import view_of
    from reconciler.views.adoption import adoption_document, adoption_lines

    console, stack = session.settings.console, session.stack
    observed, _ = session.look()
    view = view_of(observed)
    entries = entries_of(stack, view)
    refused = [found for key in sorted(view.adoptable) for found in findings(stack, key, view)]
    writes = {key: records_of(key, view) for key in sorted(view.adoptable)}
    if any(writes.values()) and not refused:
        if console.output == "text":
            console.show(adoption_lines(session.title, entries))
        asking.confirm(console, f"Adopt this for {session.title}?", yes=yes)
        with holding(session):
            view = _write(session, entries)
        entries = entries_of(stack, view)
    console.warn(refused)
    console.result(
        lambda: adoption_lines(session.title, entries),
        lambda: adoption_document(stack.name, session.settings.target, entries),
    )
    return exits.ERROR if refused else exits.OK


def _write(session: "Session", shown: "list[Entry]") -> "View":
    """Adopt what was shown, if it still is so; what there is then."""
    from reconciler.cli.acting import refuse, write_records
    from reconciler.plan.adoption import entries_of, records_of
    from reconciler.plan.view import view_of

    view = view_of(session.look()[0])
    now = {(e.asked.key, e.asked.name): (e.stage, e.id) for e in entries_of(session.stack, view)}
    refuse(
        f"{entry.asked.name} is no longer as it was"
        for entry in shown
        if now.get((entry.asked.key, entry.asked.name)) != (entry.stage, entry.id)
    )
    keys = sorted(view.adoptable)
    for key in keys:
        write_records(session, key, records_of(key, view))
    view = view_of(session.look()[0])
    _confirm(session, [key for key in keys if key.kind == "service"], view)
    return view


def _confirm(session: "Session", keys: "list[ResourceKey]", view: "View") -> None:
    """Note as good the services that run as the file describes them."""
    from reconciler.cli.acting import write_records
    from reconciler.plan.adoption import confirmation_of
    from reconciler.plan.changes import Asked

    in_place, commit = session.opened.target.capabilities.in_place, session.commit()
    for key in keys:
        found = confirmation_of(Asked(session.stack, key, in_place), view, commit)
        write_records(session, key, [found] if found is not None else [])

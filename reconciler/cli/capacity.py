"""`reconciler capacity`: how many instances fit the nodes, and what binds first."""

import click

from reconciler.cli import exits
from reconciler.cli.loading import findings, load
from reconciler.cli.options import STATE, needs_state, options
from reconciler.cli.settings import Settings
from reconciler.model.diagnostic import DiagnosticsError

UNREADABLE = "R260"


@click.command("capacity")
@options(STATE)
def command(settings: Settings) -> int:
    """Show how many instances of each service fit the nodes; nothing is contacted.

    Counted is what instances request (a limit where nothing is requested) against the nodes of
    the desired state, and budgets against their limits: as wanted, with every service rolled at
    once, and at the autoscaler's maximum. Exits with 5 where it does not fit.
    """
    from reconciler.cli.targets import capabilities_of
    from reconciler.sim.capacity import capacity_of
    from reconciler.views.capacity import capacity_document, capacity_lines

    needs_state(settings)
    loaded = load(settings, resolve=False)
    try:
        report = capacity_of(loaded.stack)
    except ValueError:
        found = findings(loaded, capabilities_of(settings.target), settings.target)
        raise DiagnosticsError([d for d in found if d.code == UNREADABLE]) from None
    settings.console.result(lambda: capacity_lines(report), lambda: capacity_document(report))
    return exits.OK if report.ok else exits.MISSED

"""`reconciler capacity`: how many instances fit the nodes, and what binds first."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli import exits
from reconciler.cli.loading import findings, load
from reconciler.cli.options import CLUSTER, STATE, needs_state, options
from reconciler.cli.settings import Settings
from reconciler.model.diagnostic import DiagnosticsError

if TYPE_CHECKING:
    from reconciler.model.stack import Stack

UNREADABLE = "R260"


@click.command("capacity")
@options(STATE, CLUSTER)
@click.option(
    "--live", is_flag=True,
    help="Kubernetes: count the cluster's own nodes, less what others hold of them.",
)  # fmt: skip
def command(settings: Settings, live: bool) -> int:
    """Show how many instances of each service fit the nodes; without --live nothing is contacted.

    Counted is what instances request (a limit where nothing is requested) against the nodes of
    the desired state, and budgets against their limits: as wanted, with every service rolled at
    once, and at the autoscaler's maximum. Exits with 5 where it does not fit.
    """
    from reconciler.cli.targets import capabilities_of
    from reconciler.sim.capacity import capacity_of
    from reconciler.views.capacity import capacity_document, capacity_lines

    needs_state(settings)
    if live and settings.target != "kubernetes":
        raise click.UsageError("--live is for --target kubernetes")
    loaded = load(settings, resolve=False)
    try:
        report = capacity_of(_on_cluster(settings, loaded.stack) if live else loaded.stack)
    except ValueError:
        found = findings(loaded, capabilities_of(settings.target), settings.target)
        raise DiagnosticsError([d for d in found if d.code == UNREADABLE]) from None
    settings.console.result(lambda: capacity_lines(report), lambda: capacity_document(report))
    return exits.OK if report.ok else exits.MISSED


def _on_cluster(settings: Settings, stack: "Stack") -> "Stack":
    """The stack on the machines of the cluster, in place of those that it declares."""
    from reconciler.cli.targets import survey_of
    from reconciler.rehearsal.cluster import nodes_of

    nodes = nodes_of(survey_of(settings, stack))
    return replace(stack, declared=replace(stack.declared, nodes=nodes))

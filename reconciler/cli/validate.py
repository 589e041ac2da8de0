"""`reconciler validate`: everything that can be said without looking at a target."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from reconciler.cli import exits
from reconciler.cli.loading import findings, load
from reconciler.cli.options import STATE, needs_state, options
from reconciler.cli.settings import Settings
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError

if TYPE_CHECKING:
    from reconciler.model.stack import Stack
    from reconciler.views.documents import Document
    from reconciler.views.lines import Line


@click.command("validate")
@options(STATE)
def command(settings: Settings) -> int:
    """Check a desired state: its schema, its references, and what is known to go wrong.

    Nothing is contacted, and what secrets hold is not read. Findings that the file waives
    are shown with the reason.
    """
    from reconciler.cli.targets import capabilities_of

    needs_state(settings)
    stack: Stack | None = None
    try:
        loaded = load(settings, resolve=False)
        stack = loaded.stack
        found = findings(loaded, capabilities_of(settings.target), settings.target)
    except DiagnosticsError as mistakes:
        found = mistakes.diagnostics
    settings.console.result(lambda: _lines(settings, stack, found), lambda: _document(stack, found))
    return exits.ERROR if any(d.is_error for d in found) else exits.OK


def _lines(settings: Settings, stack: "Stack | None", found: Sequence[Diagnostic]) -> list["Line"]:
    from reconciler.views.diagnostics import diagnostics_lines, summary_line
    from reconciler.views.lines import line

    if settings.console.verbosity < 0:
        found = [d for d in found if d.is_error]
    console = settings.console
    made = diagnostics_lines(found, console.source, width=console.width)
    counts = summary_line(found)
    if stack is None or any(d.is_error for d in found):
        return [*made, counts]
    ok = line(("ok", "good"), f": {_inventory(stack)}")
    return [*made, (*ok, " (", *counts, ")") if counts else ok]


def _document(stack: "Stack | None", found: Sequence[Diagnostic]) -> "Document":
    from reconciler.views.diagnostics import diagnostic_document
    from reconciler.views.documents import document

    return document(
        "validate",
        stack=stack.name if stack else None,
        ok=not any(d.is_error for d in found),
        declares=_counts(stack) if stack else {},
        diagnostics=[diagnostic_document(d) for d in found],
    )


def _counts(stack: "Stack") -> dict[str, int]:
    declared = stack.declared
    counts = {
        "service": len(declared.services), "job": len(declared.jobs),
        "network": len(declared.networks), "volume": len(declared.volumes),
        "config": len(declared.configs), "secret": len(declared.secrets),
        "external": len(declared.external), "manifest": len(declared.manifests),
    }  # fmt: skip
    return {kind: count for kind, count in counts.items() if count}


def _inventory(stack: "Stack") -> str:
    from reconciler.views.values import counted

    parts = [counted(count, kind) for kind, count in _counts(stack).items()]
    return f"{stack.name} declares {', '.join(parts) or 'nothing'}"

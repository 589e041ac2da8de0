"""From the files named on the command line to a stack that may be acted on."""

import sys
from typing import TYPE_CHECKING

from reconciler.cli.console import Console
from reconciler.cli.settings import Settings
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError

if TYPE_CHECKING:
    from reconciler.spec.load import Loaded
    from reconciler.targets.port import Capabilities

STDIN = "-"
STDIN_NAME = "<stdin>"


def load(settings: Settings, *, resolve: bool = True) -> "Loaded":
    """Read the desired state; DiagnosticsError where it cannot be.

    Without `resolve`, what secrets and host variables hold is not asked for.
    """
    from reconciler.spec import load as spec

    console = settings.console
    stdin = _stdin(console) if STDIN in settings.state else None
    return spec.load(
        settings.state,
        environment=settings.environment,
        variables=settings.variables,
        env=console.env,
        resolve=resolve,
        stdin=stdin,
    )


def findings(loaded: "Loaded", capabilities: "Capabilities", target: str) -> list[Diagnostic]:
    """Everything that can be said of a stack without looking at its target, in order of place."""
    from reconciler.graph import build
    from reconciler.spec.checks import check
    from reconciler.spec.checks.support import unsupported

    stack = loaded.stack
    found = [
        *loaded.warnings,
        *check(stack),
        *unsupported(stack, capabilities, target),
        *build(stack).cycles(),
    ]
    return sorted(found, key=lambda d: d.sort_key)


def refuse_errors(found: list[Diagnostic]) -> None:
    """Raise everything that was found, if any of it stops a plan."""
    if any(diagnostic.is_error for diagnostic in found):
        raise DiagnosticsError(found)


def _stdin(console: Console) -> str:
    if STDIN_NAME in console.texts:  # it can be read only once
        return console.texts[STDIN_NAME]
    # Bytes that are no text come through, so that the reader can say where they are.
    text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    console.texts[STDIN_NAME] = text
    return text

"""Confirmations: asked for on a terminal, demanded as flags elsewhere."""

import sys
from typing import NoReturn

from reconciler.cli import exits
from reconciler.cli.console import Console
from reconciler.model.diagnostic import Diagnostic
from reconciler.plan.plan import Plan
from reconciler.views.values import counted

UNANSWERED = "R710"
REFUSED = "R711"


def confirm(console: Console, question: str, *, yes: bool) -> None:
    """Go on if it is agreed to; Stop otherwise."""
    if yes:
        return
    if not console.can_ask:
        _stop(UNANSWERED, "there is nobody to ask for a confirmation", "pass --yes (-y)")
    if _answer(console, f"{question} [y/N] ").lower() not in ("y", "yes"):
        _stop(REFUSED, "not confirmed; nothing was done", "answer y, or pass --yes")


def confirm_deletions(console: Console, plan: Plan, *, confirmed: bool) -> None:
    """Go on if a plan that deletes more than the stack allows is agreed to; Stop otherwise."""
    if confirmed or not plan.needs_confirmation:
        return
    count = len(plan.deletions)
    what = f"{counted(count, 'resource')} would be deleted for good"
    more = f"more than the {plan.confirm_above} that this stack allows without a question"
    if not console.can_ask:
        _stop(UNANSWERED, f"{what}, {more}", "look at the plan, then pass --confirm-deletions")
    if _answer(console, f"{what}, {more}. Type {count} to agree: ") != str(count):
        _stop(REFUSED, "the deletions were not confirmed; nothing was done",
              "type the number, or pass --confirm-deletions")  # fmt: skip


def _answer(console: Console, question: str) -> str:
    console.err.write(question)
    console.err.flush()
    return sys.stdin.readline().strip()


def _stop(code: str, summary: str, hint: str) -> NoReturn:
    raise exits.Stop(exits.UNCONFIRMED, [Diagnostic(code, summary, hint=hint)])

"""What runs already becomes ours before anything else is done about it."""

from reconciler.controller.decision import Context, Decision, simple
from reconciler.model.change import Action
from reconciler.model.step import WriteRecord
from reconciler.plan import adoption


def decide_adoption(ctx: Context) -> Decision:
    """The records that make it ours, where that was agreed to."""
    for finding in adoption.findings(ctx.stack, ctx.key, ctx.view):
        return Decision(simple(ctx.key, "failed", finding.summary, settled=True))
    names = ", ".join(each.name for each in adoption.pending(ctx.key, ctx.view))
    if not _is_approved(ctx):
        return Decision(simple(ctx.key, "pending", f"{names} is not adopted yet", settled=True))
    steps = tuple(WriteRecord(ctx.key, r) for r in adoption.records_of(ctx.key, ctx.view))
    return Decision(simple(ctx.key, "progressing", f"adopting {names}"), steps)


def _is_approved(ctx: Context) -> bool:
    if not ctx.policy.act:
        return False
    approved = ctx.policy.approved
    if approved is None:
        return True
    change = approved.get(ctx.key)
    return change is not None and change.action is not Action.DELETE

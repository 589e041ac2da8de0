"""A plan as differences: what runs and what is wanted, field by field, like a unified diff."""

from collections.abc import Iterator

from reconciler.model.change import Action, Change
from reconciler.plan.plan import Plan
from reconciler.plan.saved import dump
from reconciler.views.documents import Document, document
from reconciler.views.lines import Line, line
from reconciler.views.plan import UNKNOWN, at
from reconciler.views.values import shown


def diff_lines(plan: Plan) -> list[Line]:
    """One hunk for each resource that differs; nothing where nothing does."""
    made: list[Line] = []
    for change in plan.changes:
        made += _hunk(change)
    return made


def diff_document(plan: Plan) -> Document:
    """The differences for machines."""
    return document(
        "diff",
        stack=plan.stack,
        target=plan.target,
        environment=plan.environment,
        different=not plan.is_empty,
        resources=dump(plan)["changes"],
    )


def _hunk(change: Change) -> Iterator[Line]:
    creates, deletes = change.action is Action.CREATE, change.action is Action.DELETE
    live = "/dev/null" if creates else f"{change.key}  live"
    wanted = "/dev/null" if deletes else f"{change.key}  {at(change.position) or 'wanted'}"
    yield line((f"--- {live}", "bold"))
    yield line((f"+++ {wanted}", "bold"))
    yield line((f"@@ {change.reason or 'differs'} @@", "dim"))
    for field in change.fields:
        if field.old is not None and not creates:
            yield line((f"-{field.path}: {shown(field.path, field.old)}", "delete"))
        if field.new is not None:
            place = at(field.position) if field.position != change.position else ""
            text = f"+{field.path}: {shown(field.path, field.new)}"
            yield line((text, "add"), (f"  # {place}" if place else "", "dim"))
    if change.calls.get("pull"):
        yield line((f"+image id: {UNKNOWN}", "add"))
    for identifier in change.deletes if change.action is Action.DELETE else ():
        yield line((f"-id: {identifier[:12]}", "delete"))

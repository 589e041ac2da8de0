"""What to do about one network, volume, config, secret, external or native object."""

from reconciler.controller.decision import Context, Decision, simple, waiting
from reconciler.controller.removals import held_by, holding, is_stuck
from reconciler.model.change import Action
from reconciler.model.observed import Fields, ObservedObject
from reconciler.model.resource import ResourceKey
from reconciler.model.step import ApplyObject, DeleteObject, DropRecord, Step, WriteRecord
from reconciler.model.units import format_duration
from reconciler.plan import objects

THERE = frozenset({"exists", "started", "healthy", "completed"})


def decide_external(ctx: Context) -> Decision:
    """Not ours: it is there unless the target has looked and says that it is not."""
    found = ctx.view.objects.get(ctx.key)
    if found is None or found.status.ok:
        return Decision(simple(ctx.key, "ready", settled=True, meets=THERE))
    return Decision(simple(ctx.key, "degraded", found.status.message, settled=False))


def decide_object(ctx: Context, wanted: Fields) -> Decision:
    """The next step of one object, and how it is."""
    key, slot = ctx.key, ctx.slot
    found = ctx.view.objects.get(key)
    native = ctx.capabilities.workloads == "native"
    if slot.given_up:
        return Decision(simple(key, "failed", slot.given_up, settled=True))
    if found is not None:
        for finding in objects.conflicts(ctx.stack, key, wanted, found):
            return Decision(simple(key, "failed", finding.summary, settled=True))
    change = objects.object_change(ctx.stack, key, wanted, found, native)
    if change is None:
        assert found is not None
        slot.rewritten = frozenset()
        return _as_wanted(ctx, found)
    if not ctx.is_approved((change.to_revision,), change.to_replicas):
        text = "not there" if found is None else "differs from what is wanted"
        return Decision(simple(key, "pending" if found else "absent", text, settled=True))
    unmet = ctx.unmet()
    if unmet is not None:
        message, hopeless = waiting(ctx, *unmet)
        return Decision(simple(key, "waiting", message, settled=hopeless))
    wrong = frozenset((found.id,) if found and slot.trouble is None else ())
    at_ns = slot.set_right_ns(wrong, ctx.now_ns)
    if ctx.now_ns < at_ns:
        text = f"another actor changes it: {slot.disputes} times so far, set right"
        text = f"{text} after {format_duration(at_ns - slot.disputed_ns)}"
        return Decision(simple(key, "degraded", text), wake_at_ns=at_ns)
    if found is not None and change.action is Action.REPLACE:
        return _made_anew(ctx, found)
    slot.rewritten = frozenset()
    step = ApplyObject(key, wanted, found.fingerprint if found else None)
    return Decision(simple(key, "progressing", change.reason), (step,))


def _as_wanted(ctx: Context, found: ObservedObject) -> Decision:
    status, key = found.status, ctx.key
    if status.done and status.ok:
        return Decision(simple(key, "ready", status.message, settled=True, meets=THERE))
    if not status.ok:
        return Decision(simple(key, "failed", status.message, settled=True))
    return Decision(simple(key, "progressing", status.message, settled=not ctx.policy.act))


def _made_anew(ctx: Context, found: ObservedObject) -> Decision:
    held = held_by(ctx, ctx.key)
    if held:
        stuck = is_stuck(ctx, holding(ctx, ctx.key))
        text = f"waits for {held[0]} to leave it"
        return Decision(simple(ctx.key, "failed" if stuck else "progressing", text, settled=stuck))
    step = DeleteObject(ctx.key, found.id, found.fingerprint)
    return Decision(simple(ctx.key, "progressing", "making it anew"), (step,))


def _stays(ctx: Context, key: ResourceKey) -> bool:
    """Whether nothing more happens to something that is no longer declared."""
    return not ctx.policy.act or ctx.status_of(key).settled


def decide_stack(ctx: Context) -> Decision:
    """The record of what is protected, where it is not as declared."""
    key = ctx.key
    leaving = [k for k in objects.outliving(ctx.stack, ctx.view) if not _stays(ctx, k)]
    if leaving:  # it is forgotten once it is gone, and all is written at once
        return Decision(simple(key, "progressing", f"waits for {leaving[0]} to go"))
    change = objects.protection_change(ctx.stack, ctx.view)
    if change is None:
        return Decision(simple(key, "ready", settled=True, meets=THERE))
    approved = ctx.policy.approved
    if not ctx.policy.act or (approved is not None and key not in approved):
        return Decision(simple(key, "pending", change.reason, settled=True))
    records = ctx.view.records_of(key)
    record = objects.protection_record(ctx.stack, ctx.view)
    if not any(record.body.values()):
        steps: tuple[Step, ...] = tuple(DropRecord(key, old) for old in records)
    elif records and records[-1].body == record.body:
        steps = tuple(DropRecord(key, old) for old in records[:-1])
    else:
        steps = (WriteRecord(key, record),)
    return Decision(simple(key, "progressing", change.reason), steps)

"""What is ours and no longer declared: it ends, users before what they use."""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.controller import shutdown
from reconciler.controller.decision import Context, Decision, earliest, simple
from reconciler.controller.users import users_of
from reconciler.model.resource import ResourceKey
from reconciler.model.status import ResourcePhase, ResourceStatus
from reconciler.model.step import DeleteObject, DropRecord, Step
from reconciler.plan.objects import holders, holds
from reconciler.plan.planner import is_kept_volume
from reconciler.plan.shutdown import WORKLOADS
from reconciler.plan.stopping import UNBOUNDED, Stop, next_of


def decide_removed(ctx: Context) -> Decision:
    """A workload that is no longer declared: its instances end, then it is forgotten."""
    instances, slot = ctx.view.of(ctx.key), ctx.slot
    status = ResourceStatus(ctx.key, "removing", "", 0, 0, len(instances), instances=instances)
    if not instances and not ctx.view.records_of(ctx.key):
        return Decision(replace(status, message="gone", settled=True))
    if not ctx.is_removal_approved():
        text = "no longer declared; its removal was not agreed to"
        return Decision(replace(status, phase="pending", message=text, settled=True))
    if instances and ctx.capabilities.workloads == "native":
        return Decision(replace(status, message="ends"))  # told to with the object they were of
    drain = shutdown.drains(ctx, status, instances)
    if drain is not None:
        return drain
    begun = instances and all(i.id in slot.stops for i in instances)  # and so goes on
    users = [] if begun else users_of(ctx)
    if users:
        stuck = is_stuck(ctx, users)
        text = f"waits for {users[0]} to go"
        phase: ResourcePhase = "failed" if stuck else "removing"
        return Decision(replace(status, phase=phase, message=text, settled=stuck))
    return _stopping(ctx, status)


def _stopping(ctx: Context, status: ResourceStatus) -> Decision:
    """All instances of a workload end together, and what is remembered of it goes with the last."""
    instances, under = ctx.view.of(ctx.key), ctx.underway
    if not instances:
        steps = [DropRecord(ctx.key, record) for record in ctx.view.records_of(ctx.key)]
        return Decision(replace(status, message="forgetting it"), tuple(steps))
    limits = under.ending.limits(under.began_ns) if under is not None else UNBOUNDED
    kept_ns = shutdown.flush_end_ns(ctx)
    found: list[Step] = []
    wake_ns: int | None = None
    message = "kept for its logs"
    for instance in instances:
        stop = ctx.slot.stops.setdefault(instance.id, Stop(ctx.now_ns))
        if instance.has_ended and (kept_ns is None or ctx.now_ns < kept_ns):
            wake_ns = earliest(wake_ns, kept_ns)
            continue
        message = "stopping"
        following = next_of(instance, stop, ctx.now_ns, limits=limits)
        found += [following.step] if following.step else []
        wake_ns = earliest(wake_ns, following.wake_at_ns)
    return Decision(replace(status, message=message), tuple(found), wake_ns)


def decide_object_removed(ctx: Context) -> Decision:
    """An object that is no longer declared goes when nothing holds it any more."""
    key, found = ctx.key, ctx.view.objects.get(ctx.key)
    if found is None or not found.owned:
        return _forgotten(ctx)
    if is_kept_volume(key, ctx.stack, ctx.view, ctx.policy.volumes):
        return Decision(simple(key, "ready", "kept", settled=True))
    fallback = _fallback_of(ctx, key)
    if fallback is not None:
        return Decision(fallback)
    if not ctx.is_removal_approved():
        text = "no longer declared; its removal was not agreed to"
        return Decision(simple(key, "pending", text, settled=True))
    wait = _workload_waits(ctx) if key.kind in WORKLOADS else _object_waits(ctx)
    if wait is not None:
        return wait
    under, grace_ns = ctx.underway, None
    if under is not None and key.kind in WORKLOADS:
        grace_ns = under.ending.grace_ns(under.began_ns, ctx.now_ns)
    step = DeleteObject(key, found.id, found.fingerprint, grace_ns)
    return Decision(simple(key, "removing", "removing"), (step,))


def _workload_waits(ctx: Context) -> Decision | None:
    """Why a workload that is an object of the target does not go yet."""
    drain = shutdown.drains(ctx, simple(ctx.key, "removing"))
    if drain is not None:
        return drain
    users = shutdown.awaited_users(ctx)
    return _waits(ctx, f"waits for {users[0]} to go", users) if users else None


def _object_waits(ctx: Context) -> Decision | None:
    """Why something that workloads use does not go yet."""
    held = held_by(ctx, ctx.key)
    if held:
        return _waits(ctx, f"waits for {held[0]} to leave it", holding(ctx, ctx.key))
    rest_ns = shutdown.rest_ns(ctx)
    if rest_ns is None or ctx.now_ns < rest_ns:
        return Decision(simple(ctx.key, "removing", "waits until all is flushed"), (), rest_ns)
    return None


def _waits(ctx: Context, text: str, others: list[ResourceKey]) -> Decision:
    stuck = is_stuck(ctx, others)
    return Decision(simple(ctx.key, "failed" if stuck else "removing", text, settled=stuck))


def _forgotten(ctx: Context) -> Decision:
    """What was remembered of an object that is gone goes too."""
    records = ctx.view.records_of(ctx.key)
    if not records or not ctx.is_removal_approved():
        return Decision(simple(ctx.key, "ready", settled=True))
    steps = tuple(DropRecord(ctx.key, record) for record in records)
    return Decision(simple(ctx.key, "removing", "forgetting it"), steps)


def _fallback_of(ctx: Context, key: ResourceKey) -> ResourceStatus | None:
    """What a rollback may need, or needs, stays until the wanted revision is confirmed."""
    if key.kind not in ("config", "secret"):
        return None
    for user in sorted(k for k in ctx.graph.needs if k.kind == "service"):
        standing = ctx.standing_of(user)
        if holds(key, standing.fallback):
            if standing.failed is not None:
                return simple(key, "ready", f"kept for {user}", settled=True)
            stuck, text = is_stuck(ctx, [user]), f"waits for {user} to be confirmed"
            return simple(key, "removing", text, settled=stuck)
    return None


def is_stuck(ctx: Context, others: Iterable[ResourceKey]) -> bool:
    """Whether nothing more happens to one of these, so that waiting for it is for good."""
    statuses = (ctx.status_of(other) for other in others)
    return any(status.settled and status.phase != "ready" for status in statuses)


def holding(ctx: Context, key: ResourceKey) -> list[ResourceKey]:
    """The workloads whose instances hold an object."""
    return [user for user in sorted(ctx.view.instances) if _holders(ctx, key, user)]


def held_by(ctx: Context, key: ResourceKey) -> tuple[str, ...]:
    """Names of our instances that hold an object, in order."""
    return tuple(name for user in holding(ctx, key) for name in _holders(ctx, key, user))


def _holders(ctx: Context, key: ResourceKey, user: ResourceKey) -> tuple[str, ...]:
    """The instances of one workload that hold an object; an ended one is on no network.

    The last run of a job stays for its logs, and must not keep a network for ever.
    """
    instances = ctx.view.instances[user]
    if key.kind == "network":
        instances = tuple(i for i in instances if not i.has_ended)
    return holders(key, instances)

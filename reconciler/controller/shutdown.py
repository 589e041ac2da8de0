"""A stack that is shut down: who has to wait for what, and until when.

When it began is remembered by this process alone. One that takes over counts from its own
beginning, so that what it is about to end gets its time again: later, and never earlier.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.controller.decision import Context, Decision, earliest
from reconciler.model.observed import Instance
from reconciler.model.resource import ResourceKey
from reconciler.model.status import ResourceStatus
from reconciler.plan.shutdown import WORKLOADS
from reconciler.plan.stopping import drain_step, has_work


def drains(
    ctx: Context, status: ResourceStatus, instances: Sequence[Instance] = ()
) -> Decision | None:
    """The decision about a workload as long as the shutdown drains; None once that is over.

    Nothing is signalled yet. What an edge of ours routes gets no new session; what else runs
    is not seen to be done, and has all of the time.
    """
    under = ctx.underway
    if under is None or under.has_drained:
        return None
    end_ns = under.ending.drain_end_ns(under.began_ns)
    if ctx.now_ns >= end_ns or not any(has_work(i) for i in _leaving(ctx)):
        under.has_drained = True
        return None
    steps = [step for step in map(drain_step, instances) if step is not None]
    return Decision(replace(status, message="drains"), tuple(steps), end_ns)


def flush_end_ns(ctx: Context) -> int | None:
    """Until when what has ended is kept, so that its logs can be read; None if not known yet."""
    under = ctx.underway
    if under is None or not under.ending.bounds.flush:
        return 0
    end_ns, last_ns = under.ending.end_ns(under.began_ns), 0
    for instance in _leaving(ctx):
        if not instance.has_ended:
            return end_ns
        last_ns = max(last_ns, instance.finished_at_ns or 0)
    flushed_ns = last_ns + under.ending.bounds.flush
    return flushed_ns if end_ns is None else min(flushed_ns, end_ns)


def holds_others(ctx: Context, instance: Instance) -> bool:
    """Whether what this instance uses has to stay for it: not for one kept for its logs."""
    under = ctx.underway
    kept = under is not None and under.ending.bounds.flush > 0
    return not (kept and instance.has_ended)


def awaited_users(ctx: Context) -> list[ResourceKey]:
    """The workloads that have to end before the object decided on, a workload, may.

    For targets whose workloads are objects: nothing there tells who was made to use whom.
    """
    under = ctx.underway
    if under is None:
        return []
    users = under.ending.users.get(ctx.key, ())
    return [u for u in users if _is_there(ctx, u) and ctx.is_removal_approved(u)]


def rest_ns(ctx: Context) -> int | None:
    """When what is no workload may go; None as long as a workload is there."""
    under = ctx.underway
    if under is None or not under.ending.bounds.flush:
        return 0
    if next(_leaving(ctx), None) is not None or _has_workloads(ctx):
        under.busy_ns = ctx.now_ns
        return None
    if ctx.capabilities.workloads != "native":
        return 0  # what had ended was kept until all was flushed
    flushed_ns = under.busy_ns + under.ending.bounds.flush
    return earliest(flushed_ns, under.ending.end_ns(under.began_ns))


def _leaving(ctx: Context) -> Iterator[Instance]:
    """Every instance that is going to go."""
    for key, instances in ctx.view.instances.items():
        if instances and _goes(ctx, key):
            yield from instances


def _has_workloads(ctx: Context) -> bool:
    return any(key.kind in WORKLOADS and _goes(ctx, key) for key in ctx.view.objects)


def _goes(ctx: Context, key: ResourceKey) -> bool:
    """Whether it was agreed that it goes, and nothing forbids it for good."""
    status = ctx.status_of(key)
    stuck = status.settled and status.phase == "failed"
    return ctx.is_removal_approved(key) and not stuck


def _is_there(ctx: Context, key: ResourceKey) -> bool:
    return key in ctx.view.objects or bool(ctx.view.of(key))

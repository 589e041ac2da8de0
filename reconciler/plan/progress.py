"""When a rollout last got on: from what is observed, so that it survives a restart."""

from collections.abc import Iterable

from reconciler.diff.fit import Fit
from reconciler.plan.roster import Roster


def progress_ns(roster: Roster, began_ns: int, arrived: int | None = None) -> int:
    """The last of: the turn's beginning, a first creation, an instance ready, a drain's end.

    After kubernetes ``DeploymentTimedOut``; replacements by the restart policy are no
    progress, or a service that is restarted again and again would never be late.
    `arrived`: what `arrived_ns` tells of the current ones, where it is known.
    """
    last_ns = max(began_ns, arrived_ns(roster.current) if arrived is None else arrived)
    for leaving in roster.leaving:  # the edge lets its sessions end: that is waiting, not lateness
        drain_ns = leaving.fields.get("stop.drain", 0)
        if leaving.draining_since_ns is not None and isinstance(drain_ns, int):
            last_ns = max(last_ns, leaving.draining_since_ns + drain_ns)
    return last_ns


def arrived_ns(current: Iterable[Fit]) -> int:
    """When one of these was first created, or became ready, last; 0 where none was."""
    last_ns = 0
    for one in current:
        instance = one.instance
        if instance.streak == 0:
            last_ns = max(last_ns, instance.created_at_ns)
        if instance.ready and instance.ready_since_ns is not None:
            last_ns = max(last_ns, instance.ready_since_ns)
    return last_ns

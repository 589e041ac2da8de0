"""When a rollout last got on: from what is observed, so that it survives a restart."""

from reconciler.plan.roster import Roster


def progress_ns(roster: Roster, began_ns: int) -> int:
    """The last of: the turn's beginning, a first creation, an instance ready, a drain's end.

    After kubernetes ``DeploymentTimedOut``; replacements by the restart policy are no
    progress, or a service that is restarted again and again would never be late.
    """
    times = [began_ns]
    for one in roster.current:
        instance = one.instance
        if instance.streak == 0:
            times.append(instance.created_at_ns)
        if instance.ready and instance.ready_since_ns is not None:
            times.append(instance.ready_since_ns)
    for leaving in roster.leaving:  # the edge lets its sessions end: that is waiting, not lateness
        drain_ns = leaving.fields.get("stop.drain", 0)
        if leaving.draining_since_ns is not None and isinstance(drain_ns, int):
            times.append(leaving.draining_since_ns + drain_ns)
    return max(times)

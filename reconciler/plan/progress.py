"""When a rollout last got on: from what is observed, so that it survives a restart."""

from reconciler.plan.roster import Roster


def progress_ns(roster: Roster, began_ns: int) -> int:
    """The last of: the turn's beginning, a first creation, an instance ready, a drain's end.

    After kubernetes ``DeploymentTimedOut``; replacements by the restart policy are no
    progress, or a service that is restarted again and again would never be late.
    """
    last_ns = began_ns
    for one in roster.current:
        instance = one.instance
        if instance.created_at_ns > last_ns and instance.streak == 0:
            last_ns = instance.created_at_ns
        ready_ns = instance.ready_since_ns
        if ready_ns is not None and ready_ns > last_ns and instance.ready:
            last_ns = ready_ns
    for leaving in roster.leaving:  # the edge lets its sessions end: that is waiting, not lateness
        drain_ns = leaving.fields.get("stop.drain", 0)
        if leaving.draining_since_ns is not None and isinstance(drain_ns, int):
            last_ns = max(last_ns, leaving.draining_since_ns + drain_ns)
    return last_ns

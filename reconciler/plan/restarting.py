"""Which ended instances run again, when, and how often.

Crashes are the engine's own restart policy's. What is left to the reconciler: an instance
that someone stopped, and one that is unhealthy; the latter is *replaced*, with Kubernetes'
CrashLoopBackOff delays (0, 10, 20, 40 … 300 s from its predecessor's end).
"""

from reconciler.model.lifecycle import Backoff, Restart
from reconciler.model.observed import Instance


def may_start_again(instance: Instance) -> bool:
    """Whether an instance that does not run is to, by its restart policy.

    One that was never started, or that somebody paused, always is.
    """
    if instance.phase in ("created", "paused"):
        return True
    if not instance.has_ended or not instance.armed:
        return False
    policy = instance.fields.get("restart.policy", "never")
    return policy == "always" or (policy == "on-failure" and instance.exit_code != 0)


def is_spent(instance: Instance) -> bool:
    """Whether it has ended for good: disarmed ahead of a stop, so that it is replaced."""
    return instance.has_ended and not instance.armed


def streak_after(past: Instance, backoff: Backoff) -> int:
    """How many replacements in a row its successor is; a long enough life starts over."""
    if past.started_at_ns is None or past.finished_at_ns is None:
        return past.streak + 1
    lived_ns = past.finished_at_ns - past.started_at_ns
    return 1 if lived_ns >= backoff.reset else past.streak + 1


def not_before_ns(past: Instance, restart: Restart) -> int:
    """When the successor of an ended instance may come: its end plus the delay."""
    streak = streak_after(past, restart.backoff)
    ended_ns = past.finished_at_ns or past.started_at_ns or past.created_at_ns
    return ended_ns + (0 if streak <= 1 else restart.backoff.delay_ns(streak - 2))


def is_exhausted(past: Instance, restart: Restart) -> bool:
    """Whether another replacement would be one too many."""
    return streak_after(past, restart.backoff) > restart.most

"""How an instance ends: disarm, drain, wait, signal, timer, kill, remove.

The engine's restart policy is switched off first, or the engine would start it again. Then an
edge of ours sends it no new session, and what it has may end for as long as routing.drain says.
pre_stop uses up grace, as in the kubelet's killContainer; at least 2 s of it remain.
"""

from dataclasses import dataclass

from reconciler.model.observed import Fields, Instance
from reconciler.model.step import (
    RemoveInstance,
    RouteInstance,
    SignalInstance,
    Step,
    UpdateInstance,
)
from reconciler.model.units import NS_PER_S

KILL = "SIGKILL"
DISARMED = {"restart.policy": "never"}
NOTHING: Fields = {}
DEFAULT_GRACE_NS = 10 * NS_PER_S  # the engine's own
LEAST_AFTER_PRE_STOP_NS = 2 * NS_PER_S


@dataclass(slots=True)
class Stop:
    """What this process has done to stop an instance; lost with it, and then done again."""

    since_ns: int
    signalled_ns: int | None = None
    killed_ns: int | None = None
    keep: bool = False  # stays, once ended, for its logs


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds a stop besides its own times, where a whole stack is shut down.

    `stop_ns` is all that pre_stop and grace may take; an own grace that is shorter stays.
    From `end_ns` on it is killed, whatever it was to have. `is_drained`: the edge had its
    time to drain before, and it is not waited for again.
    """

    stop_ns: int | None = None
    end_ns: int | None = None
    is_drained: bool = False


UNBOUNDED = Limits()


@dataclass(frozen=True, slots=True)
class Next:
    """The next step of a stop, or when to come back."""

    step: Step | None = None
    wake_at_ns: int | None = None


def next_of(
    instance: Instance,
    stop: Stop,
    now_ns: int,
    wanted: Fields = NOTHING,
    limits: Limits = UNBOUNDED,
) -> Next:
    """What ends this instance next; :func:`note` what has come of it.

    Its times are those that are `wanted` now, where the service still is: the timer is ours,
    and a longer grace is meant for the very change that brings it. Else they are its own.
    """
    key, full_id = instance.key, instance.id
    if not instance.is_running:
        if stop.keep or instance.phase == "removing":
            return Next()
        return Next(RemoveInstance(key, full_id))
    disarm = _disarm(instance)
    if disarm is not None:
        return Next(disarm)
    fields = wanted if "stop.grace" in wanted else instance.fields
    if limits.end_ns is None:
        return _gently(instance, stop, now_ns, fields, limits)
    if now_ns >= limits.end_ns:
        return _kill(instance, stop, now_ns)
    found = _gently(instance, stop, now_ns, fields, limits)
    if found.wake_at_ns is not None and found.wake_at_ns > limits.end_ns:
        return Next(wake_at_ns=limits.end_ns)
    return found


def _gently(instance: Instance, stop: Stop, now_ns: int, fields: Fields, limits: Limits) -> Next:
    """Drain, pre-stop, signal, grace: what an instance has before it is killed."""
    if stop.signalled_ns is None:
        wait = _drained(instance, fields, now_ns, limits)
        if wait is not None:
            return wait
    pre_stop_ns, grace_ns = _times(fields, limits)
    if now_ns < stop.since_ns + pre_stop_ns:
        return Next(wake_at_ns=stop.since_ns + pre_stop_ns)
    if stop.signalled_ns is None:
        signal = str(instance.fields.get("stop_signal") or "SIGTERM")
        return Next(SignalInstance(instance.key, instance.id, signal))
    kill_at_ns = stop.signalled_ns + grace_ns
    if now_ns < kill_at_ns:
        return Next(wake_at_ns=kill_at_ns)
    return _kill(instance, stop, now_ns)


def _kill(instance: Instance, stop: Stop, now_ns: int) -> Next:
    """Kill it; once more where it still runs long after."""
    if stop.killed_ns is None or now_ns >= stop.killed_ns + DEFAULT_GRACE_NS:
        return Next(SignalInstance(instance.key, instance.id, KILL))
    return Next(wake_at_ns=stop.killed_ns + DEFAULT_GRACE_NS)


def drain_step(instance: Instance) -> Step | None:
    """What takes an instance out of the edge's rotation, and leaves it as it is otherwise."""
    if not instance.is_running or not instance.routed:
        return None
    return _disarm(instance) or RouteInstance(instance.key, instance.id, "drain")


def has_work(instance: Instance) -> bool:
    """Whether something may be under way there: all but what an edge of ours knows to be empty."""
    return instance.is_running and not (instance.drained and not instance.routed)


def _disarm(instance: Instance) -> Step | None:
    if instance.armed and instance.fields.get("restart.policy", "never") != "never":
        return UpdateInstance(instance.key, instance.id, DISARMED)
    return None


def _drained(instance: Instance, fields: Fields, now_ns: int, limits: Limits) -> Next | None:
    """What the edge has still to do before the signal; None where nothing is left."""
    if instance.routed:
        return Next(RouteInstance(instance.key, instance.id, "drain"))
    since_ns = instance.draining_since_ns
    if since_ns is None or instance.drained or limits.is_drained:
        return None
    drain_ns = fields.get("stop.drain", 0)
    assert isinstance(drain_ns, int)
    end_ns = since_ns + drain_ns
    return Next(wake_at_ns=end_ns) if now_ns < end_ns else None


def note(stop: Stop, step: SignalInstance, now_ns: int) -> None:
    """The signal was delivered. One that may not have been is sent again."""
    if step.signal == KILL:
        stop.killed_ns = now_ns
    else:
        stop.signalled_ns = now_ns


def _times(fields: Fields, limits: Limits) -> tuple[int, int]:
    """(from the beginning to the signal, from the signal to the kill)."""
    pre_stop_ns = fields.get("stop.pre_stop", 0)
    grace = fields.get("stop.grace", DEFAULT_GRACE_NS)
    assert isinstance(pre_stop_ns, int)
    grace_ns = grace if isinstance(grace, int) else DEFAULT_GRACE_NS
    least_ns = LEAST_AFTER_PRE_STOP_NS
    if limits.stop_ns is not None and max(grace_ns, pre_stop_ns + least_ns) > limits.stop_ns:
        grace_ns, least_ns = limits.stop_ns, min(least_ns, limits.stop_ns)
        pre_stop_ns = min(pre_stop_ns, grace_ns - least_ns)
    return pre_stop_ns, max(grace_ns - pre_stop_ns, least_ns)

"""How apps behave: what a scenario gives, and what is assumed.

No engine reports these. Whatever a profile leaves out has a value all the same, and a report
lists it as assumed (`reconciler.rehearsal.assumptions`).
"""

from dataclasses import replace

from reconciler.model.scenario import Profile
from reconciler.model.service import Service
from reconciler.sim.behaviour import SERVICE, Behaviour

# Profile field → Behaviour field, where the value is the same.
SAME = {
    "start": "start_ns", "ready": "ready_ns", "stop": "stop_ns", "before_ready": "before_ready",
    "on_stop": "on_stop", "drain": "drain_ns", "closes_sessions": "closes_sessions",
    "ignores_stop": "ignores_stop", "concurrency": "concurrency", "backlog": "backlog",
    "cold": "cold_ns", "cpu_per_request": "cpu_per_request_ns", "memory": "memory_bytes",
    "memory_per_request": "memory_per_request",
    "memory_growth": "memory_growth_bytes_per_s", "hang_after": "hang_after_ns",
    "crash_after": "crash_after_ns",
}  # fmt: skip


def behaviour_of(service: Service, profile: Profile, busy_ns: int = 0) -> Behaviour:
    """How instances of a service behave; its own termination fills what the profile leaves out.

    `busy_ns` is how long its requests take on average, 0 where it gets none. It bounds what a
    CPU limit lets through, and does so only where the processor time of a request is given: an
    assumed one shall drop nothing.
    """
    given = {
        field: getattr(profile, name)
        for name, field in SAME.items()
        if getattr(profile, name) is not None
    }
    if profile.drain is None:
        given["drain_ns"] = service.termination.drain
    if profile.cold_factor is not None:
        given["cold_permille"] = round(profile.cold_factor * 1000)
    given["speed_permille"] = tuple(round(speed * 1000) for speed in profile.speeds)
    if profile.limit is not None:
        given["limit_gap_ns"] = profile.limit.per // profile.limit.requests
        given["limit_burst"] = profile.limit.burst
    if profile.needs:
        given["needs"] = tuple(sorted(profile.needs.items()))
    if profile.cpu_per_request:
        given["busy_ns"] = busy_ns
    if given.get("on_stop") == "exit":
        given["drain_ns"] = 0
    return replace(SERVICE, **given)

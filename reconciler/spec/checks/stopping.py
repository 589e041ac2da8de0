"""Checks of how things end: grace, drains, the front door's delay, the shutdown's bounds."""

from collections.abc import Iterator, Mapping

from reconciler.model.lifecycle import Termination
from reconciler.model.stack import Stack
from reconciler.model.units import NS_PER_S, format_duration
from reconciler.spec.checks.base import Check, Finding

MARGIN_NS = 15 * NS_PER_S
DEFAULT_GRACE_NS = Termination().grace


def _killed_in_drain(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        end = service.termination
        used = end.pre_stop + end.drain
        if used > 0 and end.grace <= used:
            yield Finding(
                ("services", name, "termination", "grace"),
                f"service/{name} is killed after {format_duration(end.grace)}, when pre_stop and "
                f"drain may take {format_duration(used)}",
                f"set termination.grace to at least {format_duration(used + MARGIN_NS)}",
            )


def _no_margin(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        end = service.termination
        used = end.pre_stop + end.drain
        if used + MARGIN_NS > end.grace and (used == 0 or end.grace > used):
            yield Finding(
                ("services", name, "termination", "grace"),
                f"service/{name} has a grace of {format_duration(end.grace)}, and "
                f"pre_stop + drain + 15s is {format_duration(used + MARGIN_NS)}",
                f"set termination.grace to at least {format_duration(used + MARGIN_NS)}",
            )


def _sessions_cut(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        routing = service.routing
        if routing is None:
            continue
        if routing.session_longest is not None:
            longest, what = routing.session_longest, "sessions"
        elif routing.websocket:
            longest, what = routing.timeouts.idle, "websockets"
        else:
            continue
        if longest > routing.drain:
            cut = format_duration(longest - routing.drain)
            yield Finding(
                ("services", name, "routing", "drain"),
                f"service/{name} has {what} of up to {format_duration(longest)} and drains for "
                f"{format_duration(routing.drain)}: each change cuts those that have more than "
                f"that left, by up to {cut}",
            )


def _requests_cut(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        routing, end = service.routing, service.termination
        if routing is None:
            continue
        drains = routing.drain + end.pre_stop + end.drain
        if routing.timeouts.request > drains:
            request = format_duration(routing.timeouts.request)
            yield Finding(
                ("services", name, "routing", "drain"),
                f"service/{name} may take {request} for a request, and its drains last "
                f"{format_duration(drains)}",
                f"set routing.drain to {request}, or a shorter routing.timeouts.request",
            )


def _front_door_late(stack: Stack) -> Iterator[Finding]:
    edge = stack.declared.edge
    if edge is None or edge.kind != "foreign":
        return
    late = edge.check_interval * edge.check_failures
    for name, service in stack.declared.services.items():
        if service.routing is None:
            continue
        waits = service.routing.drain + service.termination.pre_stop
        if edge.passive_only:
            told = "the front door has no active check and learns of a stop by failed requests"
        elif late > waits:
            told = (
                f"the front door takes {format_duration(late)} to hear of a stop, and "
                f"routing.drain + pre_stop wait {format_duration(waits)}"
            )
        else:
            continue
        yield Finding(("services", name, "routing", "drain"), f"service/{name}: {told}")


def _waves_too_long(stack: Stack) -> Iterator[Finding]:
    bounds = stack.declared.shutdown
    if bounds.total is None or not stack.declared.services:
        return
    waves = _waves(stack)
    needed = bounds.drain + waves * bounds.stop + bounds.flush
    if needed > bounds.total:
        yield Finding(
            ("shutdown", "total"),
            f"the shutdown needs {format_duration(needed)} (drain "
            f"{format_duration(bounds.drain)}, {waves} waves of {format_duration(bounds.stop)}, "
            f"flush {format_duration(bounds.flush)}) and has {format_duration(bounds.total)}",
        )


def _slower_than_shutdown(stack: Stack) -> Iterator[Finding]:
    bounds = stack.declared.shutdown
    if not bounds.stop and bounds.total is None:
        return
    for name, service in stack.declared.services.items():
        end = service.termination
        # A grace that nobody wrote is a bound and no wish: it gives way to the shutdown's.
        takes = end.pre_stop + end.drain if end.grace == DEFAULT_GRACE_NS else end.grace
        limit, field = bounds.stop, "stop"
        if bounds.total is not None and end.grace > bounds.total:
            takes, limit, field = end.grace, bounds.total, "total"
        if limit and takes > limit:
            yield Finding(
                ("services", name, "termination", "grace"),
                f"service/{name} may take {format_duration(takes)} to stop, and shutdown.{field} "
                f"gives {format_duration(limit)}",
            )


def _waves(stack: Stack) -> int:
    """The length of the longest chain of services; what stands on a cycle counts for none.

    Jobs carry an order on and have nothing to stop.
    """
    needs = _needs(stack)
    users: dict[str, list[str]] = {key: [] for key in needs}
    for key, wanted in needs.items():
        for need in wanted:
            users[need].append(key)
    missing = {key: len(wanted) for key, wanted in needs.items()}
    wave = {key: int(key.startswith("service/")) for key in needs}
    ready, longest = [key for key, count in missing.items() if count == 0], 0
    while ready:
        key = ready.pop()
        longest = max(longest, wave[key])
        for user in users[key]:
            wave[user] = max(wave[user], wave[key] + int(user.startswith("service/")))
            missing[user] -= 1
            if missing[user] == 0:
                ready.append(user)
    return longest


def _needs(stack: Stack) -> Mapping[str, list[str]]:
    declared = stack.declared
    named = {f"service/{name}": service.depends_on for name, service in declared.services.items()}
    named |= {f"job/{name}": job.depends_on for name, job in declared.jobs.items()}
    return {key: [need for need in wanted if need in named] for key, wanted in named.items()}


CHECKS = (
    Check(
        code="R201",
        title="The service is killed before its drain is over.",
        severity="error",
        why="pre_stop uses up grace, and at the end of grace comes SIGKILL: what the drain was "
        "to finish is lost at every change.",
        fix="set termination.grace to at least pre_stop + drain + 15s",
        source="Kubernetes, kubelet killContainer",
        find=_killed_in_drain,
    ),
    Check(
        code="R202",
        title="Grace leaves less than 15 s after pre_stop and drain.",
        severity="warning",
        why="After its drain an app cancels what is left, flushes and exits. 15 s are kept for "
        "that; whether it needs them is its own affair, so this is a warning.",
        fix="set termination.grace to at least pre_stop + drain + 15s",
        find=_no_margin,
    ),
    Check(
        code="R203",
        title="The longest connection outlives the edge's drain.",
        severity="warning",
        why="routing.drain lets old sessions end before the stop signal; what is older than "
        "the drain is cut by every change. How many that are depends on the traffic, and "
        "clients may reconnect, so this is a warning.",
        fix="set routing.drain to the longest life of a session, or say in a waiver that "
        "clients reconnect",
        find=_sessions_cut,
    ),
    Check(
        code="R204",
        title="The longest request does not fit in the drains.",
        severity="warning",
        why="A request that is in flight when an instance goes has routing.drain, pre_stop and "
        "termination.drain to end. Without affinity a drain is over as soon as nothing is in "
        "flight, so a long one costs nothing; with affinity, once affinity.timeout has passed "
        "since the last request, for until then somebody may come again.",
        fix="set routing.drain to the longest request, or a shorter routing.timeouts.request",
        find=_requests_cut,
    ),
    Check(
        code="R205",
        title="The front door hears of a stop too late.",
        severity="warning",
        why="A front door that is not ours is told by its health checks alone: for interval × "
        "failures it goes on sending requests. Without active checks each stop costs at least "
        "one request.",
        fix="let the app answer on for edge.check_interval × edge.check_failures after its stop "
        "signal, with its readiness failing; in a cluster, which takes an instance out at once, "
        "set termination.pre_stop to that, and give a front door without active checks retries "
        "on another instance",
        find=_front_door_late,
    ),
    Check(
        code="R206",
        title="The waves of a shutdown do not fit its total.",
        severity="error",
        why="Services stop in reverse dependency order, wave by wave: drain + waves × stop + "
        "flush. What is beyond the total is killed, and the last waves are the data stores.",
        fix="raise shutdown.total, shorten shutdown.stop, or take dependencies out",
        find=_waves_too_long,
    ),
    Check(
        code="R207",
        title="A service takes longer to stop than the shutdown gives it.",
        severity="warning",
        why="`destroy` gives each wave shutdown.stop and everything shutdown.total; a service "
        "that needs longer is killed in its drain. The default grace is no wish and is not "
        "held against a wave.",
        fix="raise shutdown.stop and shutdown.total, or shorten the service's termination",
        find=_slower_than_shutdown,
    ),
)

"""Checks of probes, and of what follows from them."""

import re
from collections.abc import Iterator

from reconciler.model.lifecycle import Probe
from reconciler.model.stack import Stack
from reconciler.model.units import format_duration
from reconciler.spec.checks.base import Check, Finding, Path, longest_start_ns

HTTP_LIKE = frozenset({"http", "h2", "grpc", "https"})
DEEP = re.compile(r"(?:^|[/_-])(?:ready|readyz|readiness|deep|db|database|detail|details|full)\b")
ALWAYS_200 = frozenset({"/up", "/ping", "/live", "/livez", "/liveness", "/health/live"})


def _asks_alike(one: Probe, other: Probe) -> bool:
    if one.http is not None and other.http is not None:
        return (one.http.port, one.http.path) == (other.http.port, other.http.path)
    if one.grpc is not None and other.grpc is not None:
        return one.grpc == other.grpc
    return False


def _liveness_is_readiness(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        live, ready = service.liveness, service.readiness
        if live is not None and ready is not None and _asks_alike(live, ready):
            asked = live.http.path if live.http is not None else "the same gRPC service"
            yield Finding(
                ("services", name, "liveness"),
                f"service/{name} asks {asked} for liveness and for readiness",
            )


def _no_liveness(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        if service.liveness is not None:
            continue
        if service.routing is not None:
            yield Finding(("services", name), f"service/{name} is routed and has no liveness probe")
        elif any(port.protocol in HTTP_LIKE for port in service.ports):
            yield Finding(
                ("services", name),
                f"service/{name} answers requests and has no liveness probe",
                "add a liveness probe; a port that speaks something else says so: 5432/tcp",
            )


def _no_readiness(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        if service.routing is not None and service.readiness is None:
            said = f"service/{name} is routed and has no readiness probe"
            yield Finding(("services", name, "routing"), said)


def _deep_liveness(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        live = service.liveness
        if live is None or live.http is None or not DEEP.search(live.http.path.lower()):
            continue
        if service.readiness is None or not _asks_alike(live, service.readiness):
            yield Finding(
                ("services", name, "liveness", "http", "path"),
                f"service/{name} asks {live.http.path} for liveness, which looks like more than "
                "the process alone",
            )


def _always_ready(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        ready, live = service.readiness, service.liveness
        if ready is None or ready.http is None or ready.http.body:
            continue
        path = ready.http.path.partition("?")[0].rstrip("/")
        if path in ALWAYS_200 and not (live is not None and _asks_alike(live, ready)):
            yield Finding(
                ("services", name, "readiness", "http", "path"),
                f"service/{name} asks {path} for readiness, which usually answers 200 in an "
                "error state too",
            )


def _probes(stack: Stack) -> Iterator[tuple[Path, str, Probe]]:
    for name, service in stack.declared.services.items():
        if service.startup is not None:
            yield ("services", name, "startup"), f"service/{name}", service.startup
        if service.liveness is not None:
            yield ("services", name, "liveness"), f"service/{name}", service.liveness
        if service.readiness is not None:
            yield ("services", name, "readiness"), f"service/{name}", service.readiness
    for name, external in stack.declared.external.items():
        if external.probe is not None:
            yield ("external", name, "probe"), f"external/{name}", external.probe


def _slow_answer(stack: Stack) -> Iterator[Finding]:
    for path, subject, probe in _probes(stack):
        if 0 < probe.period < probe.timeout:
            yield Finding(
                (*path, "timeout"),
                f"{subject}: its {path[-1]} probe waits {format_duration(probe.timeout)} for an "
                f"answer and asks every {format_duration(probe.period)}",
            )


def _killed_at_start(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        live, ready = service.liveness, service.readiness
        if live is None or ready is None or service.startup is not None:
            continue
        if longest_start_ns(live) < ready.delay:
            yield Finding(
                ("services", name, "liveness"),
                f"service/{name} is restarted {format_duration(longest_start_ns(live))} after its "
                f"start when it does not answer, and is not asked whether it is ready before "
                f"{format_duration(ready.delay)}",
            )


def _never_restarted(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        if service.liveness is not None and service.restart.policy == "never":
            yield Finding(
                ("services", name, "restart", "policy"),
                f"service/{name} has a liveness probe and is never restarted",
            )


CHECKS = (
    Check(
        code="R210",
        title="Liveness asks what readiness asks.",
        severity="warning",
        why="A full queue, a drain or a missing dependency makes an instance unready; asked "
        "the same way, it counts as dead as well and is restarted, with the work it had.",
        fix="ask another path for liveness, one that answers as long as the process can work",
        source="Kubernetes, “Configure Liveness, Readiness and Startup Probes”",
        find=_liveness_is_readiness,
    ),
    Check(
        code="R211",
        title="A service that can hang has no liveness probe.",
        severity="warning",
        why="The engine restarts what ends, not what hangs: without a liveness probe a "
        "deadlocked process stays until a person sees it.",
        fix="add a liveness probe on a path that needs nothing but the process",
        find=_no_liveness,
    ),
    Check(
        code="R212",
        title="A routed service has no readiness probe.",
        severity="warning",
        why="Readiness is the edge's check. Without it an instance gets requests before it "
        "listens, and goes on getting them when it can serve none.",
        fix="add a readiness probe on a path that answers 503 while starting and draining",
        find=_no_readiness,
    ),
    Check(
        code="R213",
        title="Liveness seems to ask about more than the process.",
        severity="warning",
        why="A liveness probe that fails with a database restarts every instance at once, and "
        "mends nothing. Guessed from the path, so this is a warning.",
        fix="ask a path for liveness that touches no dependency",
        source="Kubernetes, “Configure Liveness, Readiness and Startup Probes”",
        find=_deep_liveness,
    ),
    Check(
        code="R214",
        title="Readiness stays 200 in the error state.",
        severity="warning",
        why="A path that answers as soon as the server is up keeps an instance in service that "
        "can serve nothing. Guessed from the path, so this is a warning; an expected body "
        "settles it.",
        fix="ask a path for readiness that fails in the error state, or expect a `body`",
        find=_always_ready,
    ),
    Check(
        code="R215",
        title="A probe waits longer for an answer than until the next question.",
        severity="warning",
        why="Questions pile up on an instance that is slow already, and a failure is noticed "
        "after failures × timeout and not × period.",
        fix="make timeout at most as long as period",
        find=_slow_answer,
    ),
    Check(
        code="R217",
        title="Liveness restarts what is still starting.",
        severity="warning",
        why="Readiness is not asked until the service can have started; liveness without a "
        "startup probe counts failures before, and restarts it again and again.",
        fix="add a startup probe: liveness waits for it",
        source="Kubernetes, pkg/kubelet/prober/worker.go",
        find=_killed_at_start,
    ),
    Check(
        code="R218",
        title="A liveness probe that nothing acts on.",
        severity="warning",
        why="With restart.policy never, what is found dead stays dead.",
        fix="set restart.policy to always or on-failure, or take the liveness probe out",
        find=_never_restarted,
    ),
)

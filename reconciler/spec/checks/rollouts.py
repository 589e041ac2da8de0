"""Checks of how many instances there are, and how they are exchanged."""

from collections.abc import Iterator

from reconciler.model.lifecycle import Rollout
from reconciler.model.peak import most_of, surge_of
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.model.units import amount_of
from reconciler.spec.checks.base import Check, Finding, Path

DEFAULT = Rollout()
TWO_AT_ONCE = frozenset({"start-first", "blue-green", "canary"})


def _singleton_overlaps(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        if service.singleton:
            for field, said in _overlaps(service):
                yield Finding(
                    ("services", name, *field), f"service/{name} is a singleton and {said}"
                )


def _overlaps(service: Service) -> Iterator[tuple[Path, str]]:
    rollout = service.rollout
    if service.replicas is not None and service.replicas > 1:
        yield ("replicas",), f"has {service.replicas} replicas"
    if service.autoscale is not None and service.autoscale.max > 1:
        yield ("autoscale",), f"is scaled up to {service.autoscale.max}"
    if rollout.strategy in TWO_AT_ONCE:
        yield ("rollout", "strategy"), f"is exchanged by {rollout.strategy}, two at once"
    # The default surge is nobody's wish: a singleton is always stopped before it is started.
    elif rollout.strategy == "rolling" and rollout.max_surge != DEFAULT.max_surge:
        surge = amount_of(rollout.max_surge, 1, up=True)
        if surge:
            yield ("rollout", "max_surge"), f"has a surge of {surge}"


def _replicas_and_autoscale(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        scale = service.autoscale
        if scale is None or service.replicas is None:
            continue
        outside = "" if scale.min <= service.replicas <= scale.max else ", outside of its bounds"
        yield Finding(
            ("services", name, "replicas"),
            f"service/{name} has {service.replicas} replicas beside autoscale from {scale.min} "
            f"to {scale.max}{outside}",
        )


def _scales_by_shares_of_nothing(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        scale = service.autoscale
        if scale is None:
            continue
        asked, most = service.resources.requests, service.resources.limits
        for field, share, amount in (
            ("cpu", scale.cpu, asked.cpu or most.cpu),
            ("memory", scale.memory, asked.memory or most.memory),
        ):
            if share is not None and not amount:
                yield Finding(
                    ("services", name, "autoscale", field),
                    f"service/{name} scales at {share} % of its {field} request, and requests none",
                    f"set resources.requests.{field}",
                )


def _neither_more_nor_less(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        rollout = service.rollout
        if rollout.max_surge == DEFAULT.max_surge or rollout.strategy != "rolling":
            continue  # a share of the replicas rounds up to one at least
        replicas = service.wanted
        if not replicas or service.singleton or service.has_fixed_host_port:
            continue
        if (
            amount_of(rollout.max_surge, replicas, up=True)
            == 0
            == amount_of(rollout.max_unavailable, replicas, up=False)
        ):
            yield Finding(
                ("services", name, "rollout", "max_surge"),
                f"service/{name}: with {replicas} replicas, max_surge {rollout.max_surge} and "
                f"max_unavailable {rollout.max_unavailable} both come to 0",
            )


def _nothing_to_shift(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        strategy = service.rollout.strategy
        if strategy in ("canary", "blue-green") and service.routing is None:
            yield Finding(
                ("services", name, "rollout", "strategy"),
                f"service/{name} is exchanged by {strategy} and has no route",
            )


def _gap(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        if not service.has_fixed_host_port or service.routing is not None or service.singleton:
            continue
        if service.rollout.strategy != "rolling" or service.wanted == 0:
            continue
        index, port = next((i, p) for i, p in enumerate(service.ports) if p.host is not None)
        floor = (
            ""
            if amount_of(service.rollout.max_unavailable, service.wanted, up=False)
            else (", so that max_unavailable cannot be kept")
        )
        yield Finding(
            ("services", name, "ports", index),
            f"service/{name}: a rolling update has a gap, port {port.host} must be freed "
            f"first{floor}",
        )


def _no_second_port(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        strategy = service.rollout.strategy
        if strategy in TWO_AT_ONCE and service.has_fixed_host_port:
            yield Finding(
                ("services", name, "rollout", "strategy"),
                f"service/{name} is exchanged by {strategy}, and both would need its host port",
            )


def _two_writers(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        if not service.volumes or service.singleton:
            continue
        most = most_of(service)
        surge = surge_of(service, most)
        if most + surge < 2:
            continue
        for index, mount in enumerate(service.volumes):
            if mount.read_only or mount.is_host_path:
                continue
            when = f"{most} instances share" if most > 1 else "a rollout has two instances on"
            yield Finding(
                ("services", name, "volumes", index),
                f"service/{name}: {when} the writable volume {mount.source!r}",
            )


CHECKS = (
    Check(
        code="R240",
        title="A singleton that could overlap itself.",
        severity="error",
        why="A singleton is promised never to run twice at once; what is asked for beside it "
        "needs two.",
        fix="take singleton out, or ask for one instance with rollout.strategy recreate",
        find=_singleton_overlaps,
    ),
    Check(
        code="R241",
        title="Replicas beside autoscale.",
        severity="warning",
        why="Two owners of one number: where the autoscaler acts, each apply would set back "
        "what it decided.",
        fix="take replicas out; autoscale.min is what it starts with",
        source="Kubernetes, “Horizontal Pod Autoscaling”",
        find=_replicas_and_autoscale,
    ),
    Check(
        code="R242",
        title="Autoscale by a share of a request that is not there.",
        severity="error",
        why="cpu and memory are percentages of the request (a limit stands in for it); without "
        "one the use has no share, and the autoscaler reports an error instead of scaling.",
        fix="set resources.requests",
        source="Kubernetes, pkg/controller/podautoscaler/metrics",
        find=_scales_by_shares_of_nothing,
    ),
    Check(
        code="R243",
        title="Neither a surge nor an unavailable instance is allowed.",
        severity="warning",
        why="A rolling update could not take a step; one instance is then allowed to be "
        "unavailable, which nobody asked for. Kubernetes refuses two zeros outright.",
        fix="set rollout.max_surge or rollout.max_unavailable to 1",
        source="Kubernetes, deployment_util.go ResolveFenceposts",
        find=_neither_more_nor_less,
    ),
    Check(
        code="R244",
        title="A canary or blue-green rollout without a route.",
        severity="error",
        why="Both shift traffic at the edge; without a route there is none to shift.",
        fix="add routing, or use rolling",
        find=_nothing_to_shift,
    ),
    Check(
        code="R245",
        title="A rolling update has a gap: a host port must be freed first.",
        severity="warning",
        why="Two instances cannot hold one host port, so each is stopped before its successor "
        "starts, and until that is ready the port answers nothing.",
        fix="route the service through the edge and publish no port, or ask for the gap with "
        "rollout.strategy recreate",
        find=_gap,
    ),
    Check(
        code="R246",
        title="A rollout that needs a host port twice.",
        severity="error",
        why="start-first, blue-green and canary run old and new beside each other, and the "
        "engine gives a host port to one of them.",
        fix="route the service through the edge and publish no port, or use rolling or recreate",
        find=_no_second_port,
    ),
    Check(
        code="R247",
        title="Several instances write to one volume.",
        severity="warning",
        why="Most data stores lose data when two processes write to one directory, and the "
        "overlap of a rolling update is enough. Some programs are made for it, so this is a "
        "warning.",
        fix="make it a singleton, use rollout.strategy recreate, or mount it read-only",
        find=_two_writers,
    ),
)

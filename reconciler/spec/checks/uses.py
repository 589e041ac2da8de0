"""Where a stack uses the parts of the vocabulary that not every target acts on."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model.lifecycle import Probe
from reconciler.model.stack import Stack
from reconciler.spec.checks.base import Path, called, workloads


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a feature: its name in `Capabilities.features`, where, and by whom."""

    feature: str
    path: Path
    said: str


# --------------------------------------------------------------------- what changes what runs


def manifests(stack: Stack) -> Iterator[Use]:
    """Kubernetes objects as they are."""
    for index, manifest in enumerate(stack.declared.manifests):
        kind = manifest.get("kind", "object")
        yield Use("manifests", ("manifests", index), f"manifest {index} is a Kubernetes {kind}")


def jobs(stack: Stack) -> Iterator[Use]:
    """Jobs."""
    for name in stack.declared.jobs:
        yield Use("jobs", ("jobs", name), f"job/{name} is a job")


def hooks(stack: Stack) -> Iterator[Use]:
    """Jobs around a change."""
    hooks = stack.declared.hooks
    for when, names in (("before", hooks.before), ("after", hooks.after)):
        for index, name in enumerate(names):
            yield Use("hooks", ("hooks", when, index), f"job/{name} is a hook {when} each change")


def configs(stack: Stack) -> Iterator[Use]:
    """Configs as files or variables."""
    for section, name, workload in workloads(stack):
        subject = called(section, name)
        for index, mount in enumerate(workload.configs):
            path: Path = (section, name, "configs", index)
            yield Use("configs", path, f"{subject} mounts the config {mount.source!r}")
        for variable, value in workload.environment.items():
            if value.config is not None:
                path = (section, name, "environment", variable)
                yield Use("configs", path, f"{subject} reads {variable} from a config")


def secrets(stack: Stack) -> Iterator[Use]:
    """Secrets as files or variables."""
    for section, name, workload in workloads(stack):
        subject = called(section, name)
        for index, mount in enumerate(workload.secrets):
            path: Path = (section, name, "secrets", index)
            yield Use("secrets", path, f"{subject} mounts the secret {mount.source!r}")
        for variable, value in workload.environment.items():
            if value.secret is not None:
                path = (section, name, "environment", variable)
                yield Use("secrets", path, f"{subject} reads {variable} from a secret")


def adopt(stack: Stack) -> Iterator[Use]:
    """What is to become ours."""
    adopt = stack.declared.adopt
    for kind, names in (
        ("containers", adopt.containers),
        ("volumes", adopt.volumes),
        ("networks", adopt.networks),
    ):
        for name in names:
            yield Use("adopt", ("adopt", kind, name), f"{name!r} is to be adopted")


def strategies(stack: Stack) -> Iterator[Use]:
    """Rollouts by canary and blue-green."""
    for name, service in stack.declared.services.items():
        strategy = service.rollout.strategy
        if strategy in ("canary", "blue-green"):
            path = ("services", name, "rollout", "strategy")
            yield Use(strategy, path, f"service/{name} is exchanged by {strategy}")


def _scaled(stack: Stack, *, by_replicas_too: bool) -> Iterator[Use]:
    for name, service in stack.declared.services.items():
        if service.autoscale is not None and (service.replicas is not None) == by_replicas_too:
            yield Use("autoscale", ("services", name, "autoscale"), f"service/{name} is autoscaled")


def scaled_alone(stack: Stack) -> Iterator[Use]:
    """Autoscale that alone says how many."""
    return _scaled(stack, by_replicas_too=False)


def scaled_beside_replicas(stack: Stack) -> Iterator[Use]:
    """Autoscale with replicas to fall back on."""
    return _scaled(stack, by_replicas_too=True)


def _asked(subject: str, path: Path, probe: Probe | None) -> Iterator[Use]:
    for way in probe.ways if probe is not None else ():
        yield Use(f"probes.{way}", (*path, way), f"{subject} has a {path[-1]} probe by {way}")


def gates(stack: Stack) -> Iterator[Use]:
    """Startup and readiness probes, by their way of asking."""
    for name, service in stack.declared.services.items():
        subject = f"service/{name}"
        yield from _asked(subject, ("services", name, "startup"), service.startup)
        yield from _asked(subject, ("services", name, "readiness"), service.readiness)


def liveness(stack: Stack) -> Iterator[Use]:
    """Liveness probes, by their way of asking."""
    for name, service in stack.declared.services.items():
        yield from _asked(f"service/{name}", ("services", name, "liveness"), service.liveness)


# ------------------------------------------------------------- what is information not acted on


def routing(stack: Stack) -> Iterator[Use]:
    """Routes."""
    for name, service in stack.declared.services.items():
        if service.routing is not None:
            yield Use("routing", ("services", name, "routing"), f"service/{name} has a route")


def affinity(stack: Stack) -> Iterator[Use]:
    """Affinity of sessions."""
    for name, service in stack.declared.services.items():
        if service.routing is not None and service.routing.affinity is not None:
            by = service.routing.affinity.by
            path = ("services", name, "routing", "affinity")
            yield Use("affinity", path, f"service/{name} has affinity by {by}")


def edge(stack: Stack) -> Iterator[Use]:
    """The stack's own, shared or foreign edge."""
    if stack.declared.edge is not None:
        yield Use("edge", ("edge",), f"the stack has an edge ({stack.declared.edge.kind})")


def zones(stack: Stack) -> Iterator[Use]:
    """Rate limits that are on."""
    for name, zone in stack.declared.zones.items():
        if zone.enabled:
            yield Use("zones", ("zones", name), f"zone {name} limits a rate")


def metrics(stack: Stack) -> Iterator[Use]:
    """Numbers that services report."""
    for name, service in stack.declared.services.items():
        if service.metrics:
            count = len(service.metrics)
            path = ("services", name, "metrics")
            yield Use("metrics", path, f"service/{name} reports {count} metrics")


def monitors(stack: Stack) -> Iterator[Use]:
    """Bounds on numbers."""
    for name, service in stack.declared.services.items():
        if service.monitors:
            path = ("services", name, "monitors")
            yield Use("monitors", path, f"service/{name} is watched by {len(service.monitors)}")


def registries(stack: Stack) -> Iterator[Use]:
    """Accounts to pull with."""
    for host in stack.declared.registries:
        path = ("registries", host)
        yield Use("registries", path, f"the stack has an account at {host}")


def grants(stack: Stack) -> Iterator[Use]:
    """What components may reach."""
    for section, name, workload in workloads(stack):
        if workload.grants.outbound or workload.grants.files:
            yield Use("grants", (section, name, "grants"), f"{called(section, name)} has grants")


def blocks(stack: Stack) -> Iterator[Use]:
    """What only one target has."""
    for section, name, workload in workloads(stack):
        for block, said in (("docker", workload.docker), ("kubernetes", workload.kubernetes)):
            if said:
                yield Use(
                    f"{block}-block",
                    (section, name, block),
                    f"{called(section, name)} has a {block} block",
                )

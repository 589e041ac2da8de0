"""What runs in a cluster, said as the state would: so that only real differences are changes.

What Kubernetes has no word for (networks, aliases, the signal, what the app does as it ends) is
taken as the state has it: applying the state would write nothing of it. What cannot be told
without reading secrets is taken for the same where it refers to the same secret.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.model.container import EnvValue, FileMount, Mount
from reconciler.model.lifecycle import Probe
from reconciler.model.service import Service
from reconciler.model.stack import Config, Stack
from reconciler.model.survey import Survey
from reconciler.model.traffic import Routing

Digests = Mapping[str, Config]

# Of the state alone: a cluster's objects say nothing of it.
_UNSAID = (
    "pull", "pull_timeout", "pin_digest", "host_environment", "require", "grants", "networks",
    "depends_on", "protect", "docker", "kubernetes", "ports", "aliases", "weights", "workload",
    "restart", "metrics", "monitors",
)  # fmt: skip


def stack_of(survey: Survey, wanted: Stack) -> Stack:
    """The stack as it runs, in the words of the wanted one; positions are those of the wanted."""
    services = {
        name: service_of(seen.service, wanted, name, survey.declared.configs)
        for name, seen in survey.workloads.items()
    }
    own = wanted.declared
    read = {name: each for name, each in survey.declared.configs.items() if each.digest}
    declared = replace(
        own, services=services, jobs={}, hooks=type(own.hooks)(),
        configs={**own.configs, **read},
        secrets={**survey.declared.secrets, **own.secrets},
    )  # fmt: skip
    return replace(wanted, declared=declared, digest=f"{wanted.digest}.live")


def service_of(seen: Service, wanted_stack: Stack, name: str, digests: Digests) -> Service:
    """A service as it runs, but for what only the state can say."""
    wanted = wanted_stack.declared.services.get(name)
    if wanted is None:
        return seen
    stack = wanted_stack.name
    unsaid = {field: getattr(wanted, field) for field in _UNSAID}
    return replace(
        seen, **unsaid, routing=_routing(seen, wanted), hostname=seen.hostname or wanted.hostname,
        environment=_environment(seen, wanted, stack),
        volumes=_volumes(seen.volumes, wanted.volumes, stack),
        configs=_configs(seen.configs, wanted.configs, wanted_stack, digests),
        secrets=_secrets(seen.secrets, wanted.secrets, stack),
        resources=replace(seen.resources, cpu_shares=wanted.resources.cpu_shares),
        startup=_probe(seen.startup, wanted.startup),
        liveness=_probe(seen.liveness, wanted.liveness),
        readiness=_probe(seen.readiness, wanted.readiness),
        termination=replace(
            seen.termination, signal=wanted.termination.signal, drain=wanted.termination.drain
        ),
        rollout=replace(
            seen.rollout, strategy=_strategy(seen, wanted), canary=wanted.rollout.canary,
            on_failure=wanted.rollout.on_failure,
        ),
    )  # fmt: skip


def with_affinity(wanted: Stack, survey: Survey) -> Stack:
    """The wanted stack, with the affinity of a live Service where the state says nothing of it.

    kube-proxy keeps clients where the Service says so, whoever wrote it there.
    """
    services = dict(wanted.declared.services)
    for name, seen in survey.workloads.items():
        own, live = services.get(name), seen.service.routing
        if own is None or live is None or live.affinity is None:
            continue
        routing = own.routing or Routing()
        if routing.affinity is None:
            services[name] = replace(own, routing=replace(routing, affinity=live.affinity))
    return replace(wanted, declared=replace(wanted.declared, services=services))


def is_called(name: str, source: str, stack: str) -> bool:
    """Whether an object of the cluster has the name of one of the state's, or would get it."""
    return name in (source, f"{stack}-{source}")


def _routing(seen: Service, wanted: Service) -> Routing | None:
    """As the state has it, but for the affinity by address, which a Service tells."""
    live = seen.routing.affinity if seen.routing is not None else None
    own = wanted.routing.affinity if wanted.routing is not None else None
    if live is None and (own is None or own.by != "client_ip"):
        return wanted.routing
    return replace(wanted.routing or Routing(), affinity=live)


def _environment(seen: Service, wanted: Service, stack: str) -> Mapping[str, EnvValue]:
    made = dict(seen.environment)
    for name, value in seen.environment.items():
        asked, said = wanted.environment.get(name), value.value or ""
        if asked is None:
            continue
        kind, _, rest = said.partition(":")
        source = asked.secret if kind == "secret" else asked.config if kind == "config" else None
        if source is not None and is_called(rest.partition("/")[0], source, stack):
            made[name] = asked
    return made


def _volumes(seen: Sequence[Mount], wanted: Sequence[Mount], stack: str) -> tuple[Mount, ...]:
    asked = {mount.target: mount for mount in wanted}
    return tuple(
        replace(mount, source=own.source)
        if (own := asked.get(mount.target)) and is_called(mount.source, own.source, stack)
        else mount
        for mount in seen
    )


def _configs(
    seen: Sequence[FileMount], wanted: Sequence[FileMount], stack: Stack, digests: Digests
) -> tuple[FileMount, ...]:  # fmt: skip
    """A mount at the same path is the same where it holds the same, whatever it is called.

    What could not be read is taken for the same where it has the name.
    """
    asked = {mount.target: mount for mount in wanted}

    def is_same(mount: FileMount, own: FileMount) -> bool:
        digest = digests[mount.source].digest if mount.source in digests else ""
        if not digest:
            return is_called(mount.source, own.source, stack.name)
        return digest == stack.declared.configs[own.source].digest

    return tuple(
        replace(own, mode=mount.mode)
        if (own := asked.get(mount.target)) and is_same(mount, own)
        else mount
        for mount in seen
    )


def _secrets(
    seen: Sequence[FileMount], wanted: Sequence[FileMount], stack: str
) -> tuple[FileMount, ...]:  # fmt: skip
    asked = {mount.target: mount for mount in wanted}
    return tuple(
        own
        if (own := asked.get(mount.target)) and is_called(mount.source, own.source, stack)
        else mount
        for mount in seen
    )


def _probe(seen: Probe | None, wanted: Probe | None) -> Probe | None:
    """Kubernetes takes any status from 200 to 399, and looks at no body."""
    if seen is None or wanted is None or seen.http is None or wanted.http is None:
        return seen
    http = replace(seen.http, status=wanted.http.status, body=wanted.http.body)
    return replace(seen, http=http)


def _strategy(seen: Service, wanted: Service) -> Any:
    rolls = seen.rollout.strategy != "recreate" and wanted.rollout.strategy != "recreate"
    return wanted.rollout.strategy if rolls else seen.rollout.strategy

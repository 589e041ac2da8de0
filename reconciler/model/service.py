"""A service, a job, and what they share."""

from collections.abc import Mapping
from typing import Any, Literal

from reconciler.model.container import (
    EnvironmentIn,
    FileMountIn,
    Grants,
    HostEnvironment,
    MountIn,
    PortIn,
    Resources,
    Security,
)
from reconciler.model.lifecycle import (
    Autoscale,
    DependsOn,
    Probe,
    Restart,
    Rollout,
    Termination,
)
from reconciler.model.noun import about, noun
from reconciler.model.traffic import Metric, Monitor, Routing
from reconciler.model.units import NS_PER_S, DurationNs, Text, Words

PullPolicy = Literal["missing", "always", "never"]


@noun
class Workload:
    """What a service and a job share: a container and what must be there before it."""

    image: str = about("Image reference.", "registry.example.com/web:1.4", default="")
    pull: PullPolicy = about("When the image is pulled.", "missing", default="missing")
    pull_timeout: DurationNs = about(
        "Longest time that one pull takes; what was fetched whole is kept.", "30m",
        default=600 * NS_PER_S,
    )  # fmt: skip
    pin_digest: bool = about(
        "Replace the tag by the digest it stands for at plan time.", True, default=False
    )
    entrypoint: Words = about("Replaces the image's entry point.", ["/app"], default=())
    command: Words = about("Replaces the image's command.", ["serve", "--port", "80"], default=())
    environment: EnvironmentIn = about(
        "Variables of the container.", {"PORT": "8080"}, default_factory=dict
    )
    host_environment: HostEnvironment | None = about(
        "Variables passed on from here.", {"allow": ["APPSERVER_DB_"]}, default=None
    )
    require: Mapping[str, Text | None] = about(
        "Variables the finished environment must hold, and their value if one is wanted.",
        {"NODE_ENV": "production"},
        default_factory=dict,
    )
    volumes: tuple[MountIn, ...] = about("Volumes and host paths.", ["data:/data"], default=())
    configs: tuple[FileMountIn, ...] = about(
        "Configs as files.", ["app.conf:/etc/app.conf"], default=()
    )
    secrets: tuple[FileMountIn, ...] = about(
        "Secrets as files.", ["db_password:/run/secrets/db"], default=()
    )
    resources: Resources = about(
        "Promised and longest use.", {"limits": {"memory": "1Gi"}}, default=Resources()
    )
    security: Security = about("What the process may do.", {"user": "1000"}, default=Security())
    grants: Grants = about(
        "What it may reach.", {"outbound": ["api.example.com:443"]}, default=Grants()
    )
    networks: tuple[str, ...] = about(
        "Networks of the stack it is on; the stack's own when empty.", ["backend"], default=()
    )
    labels: Mapping[str, Text] = about(
        "Labels of the container.", {"team": "web"}, default_factory=dict
    )
    depends_on: DependsOn = about(
        "What must be there before, and in which condition.",
        {"db": "healthy"},
        default_factory=dict,
    )
    protect: bool = about("Never removed or replaced by an apply.", False, default=False)
    docker: Mapping[str, Any] = about("What only Docker has.", {"init": True}, default_factory=dict)
    kubernetes: Mapping[str, Any] = about(
        "What only Kubernetes has.", {"serviceAccountName": "web"}, default_factory=dict
    )


@noun
class Service(Workload):
    """Instances that run until told otherwise."""

    ports: tuple[PortIn, ...] = about("Ports.", ["8080:80"], default=())
    hostname: str = about("Host name inside the container.", "web", default="")
    aliases: tuple[str, ...] = about(
        "Further names on the stack's networks.", ["app-de.easy-m.statistics"], default=()
    )
    replicas: int | None = about("Instances; 1 when unset.", 2, default=None)
    weights: tuple[int, ...] = about(
        "Weight of each ordinal, for unlike instances.", [3, 1], default=()
    )
    autoscale: Autoscale | None = about(
        "Replicas by load.", {"min": 2, "max": 10, "cpu": 70}, default=None
    )
    singleton: bool = about("Never two at once.", True, default=False)
    workload: Literal["interactive", "batch"] = about(
        "Whether people wait for it.", "interactive", default="interactive"
    )
    startup: Probe | None = about(
        "Has it started? The other probes wait for it.", {"tcp": {"port": 80}}, default=None
    )
    liveness: Probe | None = about(
        "Must it be restarted?", {"http": {"path": "/live", "port": 80}}, default=None
    )
    readiness: Probe | None = about(
        "May it get traffic?", {"http": {"path": "/ready", "port": 80}}, default=None
    )
    termination: Termination = about(
        "How it ends.", {"drain": "30s", "grace": "45s"}, default=Termination()
    )
    rollout: Rollout = about(
        "How a new revision replaces the old.", {"max_unavailable": 0}, default=Rollout()
    )
    restart: Restart = about(
        "What happens to what ends or is unhealthy.", {"policy": "always"}, default=Restart()
    )
    routing: Routing | None = about(
        "How requests reach it.", {"host": "app.example.com"}, default=None
    )
    metrics: Mapping[str, Metric] = about(
        "Numbers it reports.",
        {"queued": {"format": "json", "pointer": "/scheduler/queuedCount"}},
        default_factory=dict,
    )
    monitors: tuple[Monitor, ...] = about(
        "Bounds on its numbers.", [{"metric": "hit_rate", "below": 0.8}], default=()
    )

    @property
    def wanted(self) -> int:
        """The replicas asked for; the autoscaler's minimum where it decides."""
        if self.singleton:
            return 1 if self.replicas is None else self.replicas
        if self.autoscale is not None and self.replicas is None:
            return self.autoscale.min
        return 1 if self.replicas is None else self.replicas

    @property
    def has_fixed_host_port(self) -> bool:
        """Whether an instance holds a host port that its successor needs too."""
        return any(port.host is not None for port in self.ports)


@noun
class Job(Workload):
    """A container that runs to completion, once for each revision."""

    deadline: DurationNs = about("Longest run.", "10m", default=600 * NS_PER_S)
    retries: int = about("Further tries of a failed run.", 2, default=0)
    grace: DurationNs = about("Time to stop when cancelled.", "30s", default=30 * NS_PER_S)

"""What a service says of its life: probes, start, stop, rollout, restarts, scaling.

Field names and defaults are Kubernetes' own; where Docker plays the part, its target
follows the same arithmetic.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from reconciler.model.noun import Parsed, about, noun
from reconciler.model.units import NS_PER_S, Amount, DurationNs, Text, Words

Condition = Literal["started", "healthy", "completed"]


def parse_depends_on(value: Any) -> Any:
    """A name alone means ``healthy``; a list of names or a mapping name → condition."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        doubled = sorted({name for name in value if value.count(name) > 1})
        if doubled:
            raise ValueError(f"{doubled[0]!r} is listed twice")
        return {name: "healthy" for name in value}
    return value


DependsOn = Annotated[
    Mapping[str, Condition],
    Parsed(parse_depends_on, {"type": "array", "items": {"type": "string"}}, also=True),
]


@noun
class HttpProbe:
    """A GET that must be answered as expected."""

    path: str = about("Path and query.", "/health/ready", default="/")
    port: int = about("Port inside the container.", 8080)
    headers: Mapping[str, Text] = about("Headers to send.", {"X-Probe": "1"}, default_factory=dict)
    status: tuple[int, ...] = about(
        "Statuses that pass; any of 200 to 399 when empty.", [200], default=()
    )
    body: str = about("Text the answer must contain.", "ok", default="")


@noun
class TcpProbe:
    """A connection that must be accepted."""

    port: int = about("Port inside the container.", 5432)


@noun
class GrpcProbe:
    """A gRPC health check (grpc.health.v1)."""

    port: int = about("Port inside the container.", 9090)
    service: str = about("Name of the gRPC service asked about.", "", default="")


@noun
class Heartbeat:
    """A file that the application must keep touching."""

    file: str = about("Path inside the container.", "/tmp/heartbeat")
    max_age: DurationNs = about("Oldest age that passes.", "30s", default=30 * NS_PER_S)


@noun
class Probe:
    """One question asked again and again. Exactly one of the five ways of asking is given."""

    http: HttpProbe | None = about(
        "Ask by HTTP.", {"path": "/health/ready", "port": 8080}, default=None
    )
    tcp: TcpProbe | None = about("Ask by connecting.", {"port": 5432}, default=None)
    grpc: GrpcProbe | None = about("Ask by gRPC.", {"port": 9090}, default=None)
    exec: Words | None = about(
        "Ask by a command that must exit with 0.", ["pg_isready"], default=None
    )
    heartbeat: Heartbeat | None = about(
        "Ask by the age of a file.", {"file": "/tmp/heartbeat"}, default=None
    )
    delay: DurationNs = about("Wait after the start before the first.", "10s", default=0)
    period: DurationNs = about("Time between two.", "5s", default=10 * NS_PER_S)
    timeout: DurationNs = about("Longest wait for an answer.", "3s", default=NS_PER_S)
    successes: int = about("Passes in a row until it counts as passing.", 1, default=1)
    failures: int = about("Failures in a row until it counts as failing.", 3, default=3)

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways of asking that are given."""
        names = ("http", "tcp", "grpc", "exec", "heartbeat")
        return tuple(name for name in names if getattr(self, name) is not None)


@noun
class Termination:
    """After the decision to stop: pre_stop, then the signal, then drain, then grace ends it."""

    signal: str = about("Signal that asks to stop.", "SIGTERM", default="SIGTERM")
    pre_stop: DurationNs = about(
        "Wait before the signal, so that routers hear of it.", "5s", default=0
    )
    drain: DurationNs = about(
        "Longest the app takes to finish what is in flight.", "30s", default=0
    )
    grace: DurationNs = about("Time until it is killed.", "45s", default=30 * NS_PER_S)


@noun
class Canary:
    """How a canary is raised."""

    steps: tuple[int, ...] = about(
        "Shares of traffic, in percent, in order.", [10, 50, 100], default=(10, 50, 100)
    )
    hold: DurationNs = about("Time at each step.", "5m", default=300 * NS_PER_S)


@noun
class Rollout:
    """How a new revision replaces the old one."""

    strategy: Literal["rolling", "recreate", "start-first", "blue-green", "canary"] = about(
        "The way.", "rolling", default="rolling"
    )
    max_surge: Amount = about("Instances above the wanted number.", "25%", default="25%")
    max_unavailable: Amount = about("Instances below the wanted number.", 0, default="25%")
    min_ready: DurationNs = about(
        "How long ready without a break until available.", "10s", default=0
    )
    deadline: DurationNs = about("Longest time without progress.", "10m", default=600 * NS_PER_S)
    on_failure: Literal["rollback", "pause"] = about(
        "What a failed revision gets.", "rollback", default="rollback"
    )
    canary: Canary = about(
        "Steps of a canary.", {"steps": [10, 100], "hold": "5m"}, default=Canary()
    )


@noun
class Backoff:
    """Delays that double, from the first to the longest."""

    first: DurationNs = about("Delay before the first retry.", "10s", default=10 * NS_PER_S)
    longest: DurationNs = about("Longest delay.", "5m", default=300 * NS_PER_S)
    reset: DurationNs = about(
        "Time without failure after which it starts over.", "10m", default=600 * NS_PER_S
    )

    def delay_ns(self, attempt: int) -> int:
        """The delay before retry number `attempt` (0 for the first): first · 2^attempt."""
        return min(self.first << min(attempt, 40), self.longest)


@noun
class Restart:
    """What happens to an instance that ends, or that is unhealthy."""

    policy: Literal["always", "on-failure", "never"] = about(
        "When the engine starts it again.", "always", default="always"
    )
    backoff: Backoff = about("Delays of replacements.", {"first": "10s"}, default=Backoff())
    most: int = about(
        "Replacements of an unhealthy instance before the service counts as failed.", 3, default=5
    )


@noun
class MetricTarget:
    """A metric of the service and the average an instance should have."""

    name: str = about("Name of one of the service's metrics.", "queued")
    average: float = about("Wanted average for an instance.", 50)


@noun
class Stabilisation:
    """How long a wish to scale must last."""

    up: DurationNs = about("Before scaling up.", "0s", default=0)
    down: DurationNs = about("Before scaling down.", "5m", default=300 * NS_PER_S)


@noun
class Autoscale:
    """Replicas by load, by the arithmetic of Kubernetes' HorizontalPodAutoscaler."""

    min: int = about("Fewest instances.", 2, default=1)
    max: int = about("Most instances.", 10)
    cpu: int | None = about("Wanted CPU use, in percent of the request.", 70, default=None)
    memory: int | None = about("Wanted memory use, in percent of the request.", 80, default=None)
    metrics: tuple[MetricTarget, ...] = about(
        "Other metrics; of several, the one that asks for most wins.",
        [{"name": "queued", "average": 50}],
        default=(),
    )
    stabilisation: Stabilisation = about(
        "How long a wish must last.", {"down": "5m"}, default=Stabilisation()
    )

"""What a service says of its traffic: routing, affinity, limits, metrics, monitors."""

from collections.abc import Mapping
from typing import Literal

from reconciler.model.noun import about, noun
from reconciler.model.units import NS_PER_S, DurationNs, Text, Words


@noun
class Affinity:
    """What ties a session to an instance."""

    by: Literal["cookie", "client_ip", "header", "query", "path"] = about(
        "What identifies the session.", "cookie"
    )
    name: str = about("Name of the cookie, header or query key.", "AFFINITY", default="")
    timeout: DurationNs = about(
        "Idle time after which the tie ends.", "3h", default=10800 * NS_PER_S
    )


@noun
class Timeouts:
    """Longest waits of the edge."""

    connect: DurationNs = about("For a connection.", "5s", default=5 * NS_PER_S)
    request: DurationNs = about("For an answer.", "60s", default=60 * NS_PER_S)
    idle: DurationNs = about("Of a tunnel without traffic.", "1h", default=3600 * NS_PER_S)


@noun
class ForwardAuth:
    """A subrequest that must be allowed before a request is routed."""

    service: str = about("Service that is asked.", "proxylogin")
    path: str = about("Path of the subrequest.", "/auth", default="/auth")


@noun
class Routing:
    """How requests from outside reach the service."""

    host: str = about("Host name; any when empty.", "app.example.com", default="")
    path: str = about("Path prefix; the longest wins.", "/", default="/")
    port: int | None = about("Port of the container; its first when unset.", 8080, default=None)
    strategy: Literal["round_robin", "least_connections", "random", "ip_hash", "weighted"] = about(
        "How an instance is chosen.", "least_connections", default="round_robin"
    )
    affinity: Affinity | None = about(
        "What ties a session to an instance.", {"by": "cookie", "name": "A"}, default=None
    )
    websocket: bool = about("Whether connections are upgraded.", True, default=False)
    session_longest: DurationNs | None = about(
        "Longest life of a connection or session.", "1h", default=None
    )
    drain: DurationNs = about(
        "Before the stop signal: no new session, old ones may end, at most this long.",
        "60s",
        default=0,
    )
    zone: str | None = about("Rate-limit zone of the stack.", "chat", default=None)
    timeouts: Timeouts = about("Longest waits.", {"request": "60s"}, default=Timeouts())
    forward_auth: ForwardAuth | None = about(
        "Who must allow a request first.", {"service": "proxylogin"}, default=None
    )
    strip_prefix: bool = about(
        "Take the prefix off, and rewrite redirects and cookie paths.", True, default=False
    )
    fallback: str = about("Path answered for unknown ones.", "/index.html", default="")
    internal: bool = about("Calls between services pass the edge too.", False, default=False)


@noun
class Metric:
    """Where a number comes from. Declared once, used by autoscale, monitors and canaries."""

    port: int | None = about("Port to scrape.", 9090, default=None)
    path: str = about("Path to scrape.", "/metrics", default="/metrics")
    format: Literal["prometheus", "json", "redis-list", "rabbitmq-queue", "command"] = about(
        "How it is read.", "json", default="prometheus"
    )
    pointer: str = about(
        "Name of the series, or JSON pointer of the number.", "/scheduler/queuedCount", default=""
    )
    source: str = about("Address of the Redis or RabbitMQ.", "redis:6379", default="")
    key: str = about("Name of the list or queue.", "jobs", default="")
    command: Words = about("Command that prints the number.", ["queue-depth"], default=())
    every: DurationNs = about("Time between two readings.", "15s", default=15 * NS_PER_S)


@noun
class Monitor:
    """A bound on a metric, and what happens outside of it."""

    metric: str = about("Name of one of the service's metrics.", "hit_rate")
    above: float | None = about("Finding when above.", 8, default=None)
    below: float | None = about("Finding when below.", 0.8, default=None)
    rising: bool = about("Finding when it does not rise within `lasting`.", True, default=False)
    lasting: DurationNs = about("For how long.", "5m", default=0)
    action: Text = about(
        "What to do, as told to the person paged.", "Check for cache invalidation.", default=""
    )


@noun
class Zone:
    """A rate limit shared by the routes that name it."""

    rate_per_s: float = about("Requests a second for each key.", 10)
    burst: int = about("Requests above the rate that pass without delay.", 20, default=0)
    by: Literal["client_ip", "header"] = about("The key.", "client_ip", default="client_ip")
    status: int = about("Answer to what exceeds it.", 429, default=429)
    enabled: bool = about("Whether it is enforced.", False, default=True)


@noun
class Edge:
    """Where requests enter: an HAProxy of ours, one shared on the engine, or a foreign one."""

    kind: Literal["own", "shared", "foreign"] = about("Whose it is.", "own", default="own")
    image: str = about("HAProxy image of an own edge.", "haproxy:3.0", default="haproxy:3.0")
    ports: Mapping[str, int] = about(
        "Published ports by protocol.", {"http": 80}, default_factory=lambda: {"http": 80}
    )
    check_interval: DurationNs = about(
        "Health check interval of a foreign front door.", "5s", default=5 * NS_PER_S
    )
    check_failures: int = about("Failed checks until it is out.", 2, default=2)
    passive_only: bool = about("The foreign front door has no active check.", False, default=False)

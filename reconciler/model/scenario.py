"""A scenario: a state, a change, traffic, faults, and the checks that must hold."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from reconciler.model.noun import Parsed, about, noun
from reconciler.model.stack import Node
from reconciler.model.units import NS_PER_MS, NS_PER_S, DurationNs, SizeBytes, Text

EdgeKind = Literal["nginx", "haproxy", "kube-proxy", "alb"]


def parse_time(value: Any) -> Any:
    """A duration alone is a constant one."""
    return value if isinstance(value, Mapping) else {"constant": value}


@noun
class Spread:
    """How long something takes: exactly one of the ways of saying it."""

    constant: DurationNs | None = about("Always this long.", "20ms", default=None)
    exponential: DurationNs | None = about("Exponential with this mean.", "20ms", default=None)
    median: DurationNs | None = about(
        "Lognormal with this median, and `p99`.", "20ms", default=None
    )
    p99: DurationNs | None = about("Its 99th percentile, with `median`.", "400ms", default=None)
    measured: tuple[DurationNs, ...] = about(
        "Measured values, each as likely as the others.", ["10ms", "12ms", "90ms"], default=()
    )
    log: str = about(
        "Access log whose request times are taken, relative to this file.", "access.log", default=""
    )


Time = Annotated[
    Spread,
    Parsed(parse_time, get_args(DurationNs)[1].schema, also=True),
]


@noun
class Rate:
    """Arrivals of an open loop, a second: exactly one of the ways of saying it."""

    constant: float | None = about("Evenly spaced, this many a second.", 100, default=None)
    poisson: float | None = about("At random, this many a second on average.", 100, default=None)
    low: float | None = about("Least rate of a day that swings, with `high`.", 20, default=None)
    high: float | None = about("Most rate of a day that swings, with `low`.", 200, default=None)
    period: DurationNs = about("Length of that day.", "24h", default=86_400 * NS_PER_S)
    burst: float | None = about("Rate within a burst, with `base`.", 500, default=None)
    base: float | None = about("Rate between bursts, with `burst`.", 50, default=None)
    every: DurationNs = about("From one burst to the next.", "5m", default=300 * NS_PER_S)
    lasting: DurationNs = about("How long a burst is.", "20s", default=20 * NS_PER_S)
    log: str = about(
        "Access log whose arrivals are replayed, relative to this file.", "access.log", default=""
    )


@noun
class Clients:
    """Who sends requests: how many, and from which addresses."""

    count: int = about("How many there are.", 500, default=1000)
    network: str = about(
        "Addresses they come from, in CIDR form; clients beyond its size share addresses.",
        "203.0.113.0/24",
        default="10.0.0.0/8",
    )
    think: DurationNs | None = about(
        "Closed loop: each waits this long after an answer, then asks again.", "1s", default=None
    )


@noun
class Retries:
    """What a client does with a request that was not answered, or answered with an error."""

    most: int = about("Further tries of one request.", 2, default=0)
    backoff: DurationNs = about("Before the first; it doubles.", "100ms", default=100 * NS_PER_MS)


@noun
class Sessions:
    """What lasts: a websocket, a stream of events, a suspended execution, a shopping cart."""

    kind: Literal["websocket", "sse", "affine"] = about(
        "A websocket or a stream is one connection; `affine` is a request each `every`, and a "
        "state in the instance that answered last.",
        "websocket",
        default="websocket",
    )
    rate: Rate = about("How often one begins.", {"poisson": 2})
    length: Time = about("How long one lasts.", {"exponential": "10m"})
    every: DurationNs = about(
        "From one request of an affine session to the next.", "5s", default=5 * NS_PER_S
    )


@noun
class Flow:
    """Traffic to one routed service."""

    service: str = about("The service.", "web")
    rate: Rate | None = about("Requests of an open loop.", {"poisson": 200}, default=None)
    service_time: Time | None = about(
        "How long an instance works on a request when it has nothing else to do.",
        {"exponential": "20ms"},
        default=None,
    )
    clients: Clients = about("Who asks.", {"count": 500}, default=Clients())
    retries: Retries = about("What clients do on errors.", {"most": 2}, default=Retries())
    sessions: Sessions | None = about(
        "Connections that last.", {"rate": {"poisson": 2}, "length": "10m"}, default=None
    )


@noun
class Work:
    """Work that waits in a queue until an instance takes it."""

    service: str = about("The service whose instances take it.", "scheduler")
    rate: Rate = about("How often work is put in.", {"poisson": 20})
    service_time: Time = about("How long one instance works on one.", {"exponential": "400ms"})
    metric: str = about("Metric of the service that tells the depth.", "queued", default="")
    most: int | None = about("Longest queue; more is refused.", 10_000, default=None)


@noun
class EdgeModel:
    """The front door that is simulated; what is left out is the kind's own default."""

    kind: EdgeKind = about("Whose rules it follows.", "haproxy", default="haproxy")
    interval: DurationNs | None = about("Between two health checks.", "2s", default=None)
    rise: int | None = about("Passes until it is in.", 2, default=None)
    fall: int | None = about("Failures until it is out.", 3, default=None)
    active: bool | None = about("Whether it asks at all.", True, default=None)
    lag: DurationNs | None = about("From a change of endpoints until it knows.", "1s", default=None)
    retries: int | None = about(
        "Other instances tried after a refused connection.", 3, default=None
    )
    queue: int | None = about("Requests that may wait at the edge.", 0, default=None)


@noun
class Limit:
    """A rate limit inside an app, of which every instance keeps count alone."""

    requests: int = about("How many it answers in that time; more get 429.", 200)
    per: DurationNs = about("The time.", "1m", default=60 * NS_PER_S)
    burst: int = about("How many of them at once, at most.", 40, default=1)


@noun
class Profile:
    """How an app behaves, which no engine reports. What is left out is assumed, and said so."""

    start: DurationNs | None = about(
        "From the start call until its process runs.", "200ms", default=None
    )
    ready: DurationNs | None = about("From then until it answers.", "8s", default=None)
    before_ready: Literal["refuse", "503"] | None = about(
        "What it answers before.", "503", default=None
    )
    stop: DurationNs | None = about("From its last answer to its end.", "200ms", default=None)
    on_stop: Literal["finish", "refuse", "exit"] | None = about(
        "On the stop signal: `finish` answers on, with its readiness failing; `refuse` answers 503 "
        "to what is new and finishes the rest; `exit` ends at once.",
        "refuse",
        default=None,
    )
    drain: DurationNs | None = about(
        "Longest it finishes what is in flight; its termination.drain when left out.",
        "30s",
        default=None,
    )
    closes_sessions: bool | None = about(
        "Whether it closes connections that last when its drain begins.", False, default=None
    )
    ignores_stop: bool | None = about("It does nothing on the stop signal.", True, default=None)
    concurrency: int | None = about("Requests it works on at once.", 8, default=None)
    backlog: int | None = about(
        "Requests that may wait for it; more are refused.", 128, default=None
    )
    cold: DurationNs | None = about(
        "For how long after its start it is slower.", "60s", default=None
    )
    cold_factor: float | None = about("How many times slower.", 3, default=None)
    speeds: tuple[float, ...] = about(
        "How fast each instance is beside the others, by its ordinal; 1 beyond the list's end. "
        "At 2, everything takes half its time.",
        [3, 1],
        default=(),
    )
    limit: Limit | None = about(
        "Rate limit inside of each instance.",
        {"requests": 200, "per": "1m", "burst": 40},
        default=None,
    )
    cpu_per_request: DurationNs | None = about(
        "Processor time of one request; no more are served than a CPU limit lets through.",
        "12ms",
        default=None,
    )
    memory: SizeBytes | None = about("Memory of an instance at its start.", "300Mi", default=None)
    memory_per_request: SizeBytes | None = about("What one request leaks.", "10Ki", default=None)
    memory_growth: SizeBytes | None = about(
        "What it takes more of memory each second, whatever it is asked.", "1Mi", default=None
    )
    hang_after: DurationNs | None = about(
        "From its start until it answers nothing more.", "10m", default=None
    )
    crash_after: DurationNs | None = about(
        "From its start until it ends with an error.", "5m", default=None
    )
    image_size: SizeBytes | None = about("What a pull fetches.", "200Mi", default=None)
    needs: Mapping[str, Literal["exit", "error", "unready"]] = about(
        "What it does while an external is away: it ends, it is up and useless until it is "
        "restarted, or its readiness fails.",
        {"kafka": "error"},
        default_factory=dict,
    )


@noun
class Change:
    """Something that happens to the desired state, or by somebody's hand."""

    at: DurationNs = about("When.", "60s", default=0)
    environment: str | None = about("Another environment of the state.", "scaled", default=None)
    state: str | None = about(
        "Another state, relative to this file.", "../state/next", default=None
    )
    set: Mapping[str, Any] = about(
        "Fields of the state by path, and their new values; null removes one.",
        {"services.web.image": "web:2"},
        default_factory=dict,
    )
    destroy: bool = about("Everything is removed.", True, default=False)


@noun
class Trouble:
    """A fault: at a time, or at the k-th call of a kind on an object."""

    kind: Literal[
        "crash", "oom", "hang", "removed", "edit", "node_loss", "node_partition", "node_drain",
        "external_away", "image_missing", "registry_outage", "registry_denied",
        "registry_limited", "throttled", "unreachable", "port_taken", "engine_restart",
        "fail_before", "fail_after", "lost_reply", "delay", "look_fails", "stale_view",
        "unobservable", "event_lost", "event_doubled", "event_delayed", "kill_reconciler",
    ] = about("What goes wrong.", "crash")  # fmt: skip
    at: DurationNs | None = about("When, from the beginning.", "90s", default=None)
    lasting: DurationNs = about("For how long.", "30s", default=0)
    on: Text = about(
        "What it strikes: a resource, a node, an external, an image.", "service/web", default=""
    )
    call: str = about("Kind of call that it strikes, or that it comes with.", "create", default="")
    nth: int = about("Which such call, look or event, from 1; 0 is each.", 1, default=1)
    count: int = about("How many of them, from that one on.", 3, default=1)
    instance: int = about("Which running instance, counted from 0.", 0, default=0)
    amount: int | None = about(
        "How many calls a second, or pulls, are let through; how many changes a view is old; "
        "which host port is taken.",
        5,
        default=None,
    )
    field: Text = about("Field that somebody edits.", "environment.LEVEL", default="")
    value: Text = about("What it is set to.", "debug", default="")
    every: DurationNs = about("Again after this long; 0 is once.", "5m", default=0)


@noun
class Scenario:
    """A rehearsal that is kept in a file."""

    title: str = about(
        "What it shows, in a sentence.", "A short grace cuts what drains.", default=""
    )
    assumes: tuple[str, ...] = about(
        "What it takes for granted.", ["Requests last 20 ms on average."], default=()
    )
    state: str = about("The state, relative to this file.", "../state/hello.yaml")
    environment: str = about("Environment of the state.", "cookie", default="")
    variables: Mapping[str, Text] = about(
        "Values of its variables.", {"TAG": "2"}, default_factory=dict
    )
    set: Mapping[str, Any] = about(
        "Fields of the state by path, and their values from the beginning.",
        {"services.web.replicas": 4},
        default_factory=dict,
    )
    target: Literal["docker", "kubernetes"] = about(
        "Whose rules start, stop and replace instances.", "kubernetes", default="docker"
    )
    kubernetes_version: Text = about("Version whose rules hold.", "1.20", default="1.34")
    empty: bool = about("Nothing runs at the beginning.", True, default=False)
    changes: tuple[Change, ...] = about(
        "What happens to the desired state.",
        [{"at": "60s", "set": {"services.web.image": "web:2"}}],
        default=(),
    )
    traffic: tuple[Flow, ...] = about(
        "Traffic to routed services.", [{"service": "web", "rate": {"poisson": 100}}], default=()
    )
    work: tuple[Work, ...] = about(
        "Work that waits in queues.",
        [{"service": "scheduler", "rate": {"poisson": 20}, "service_time": "400ms"}],
        default=(),
    )
    edge: EdgeModel | None = about("The front door.", {"kind": "nginx"}, default=None)
    behaviour: Mapping[str, Profile] = about(
        "How services behave, by name.", {"web": {"ready": "8s"}}, default_factory=dict
    )
    nodes: Mapping[str, Node] = about(
        "Machines, in place of the state's.",
        {"a": {"cpu": "4", "memory": "8Gi"}},
        default_factory=dict,
    )
    faults: tuple[Trouble, ...] = about(
        "What goes wrong.", [{"kind": "crash", "at": "90s"}], default=()
    )
    checks: tuple[str, ...] = about(
        "What must hold: a number, a comparison, a bound.",
        ["dropped <= 0", "p99 <= 400ms", "converged within 5m"],
        default=(),
    )
    seeds: int = about("How many seeds are run.", 20, default=10)
    lasts: DurationNs = about("Virtual time that is simulated.", "10m", default=600 * NS_PER_S)

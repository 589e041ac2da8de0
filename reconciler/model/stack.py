"""A stack: everything one desired state declares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from reconciler.model.diagnostic import Position
from reconciler.model.lifecycle import Probe
from reconciler.model.noun import about, noun
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Job, Service
from reconciler.model.traffic import Edge, Zone
from reconciler.model.units import DurationNs, SizeBytes, Text


@noun
class Network:
    """A network of the stack."""

    subnet: str = about("Address range; chosen when empty.", "10.90.0.0/24", default="")
    internal: bool = about("No way out.", False, default=False)
    protect: bool = about("Never removed by an apply.", False, default=False)


@noun
class Volume:
    """Data that outlives instances."""

    driver: str = about("Volume driver.", "local", default="local")
    options: Mapping[str, Text] = about("Driver options.", {"type": "nfs"}, default_factory=dict)
    keep: bool = about("Kept when no longer declared.", True, default=True)
    size: SizeBytes | None = about("Size asked for, where the target has it.", "1Gi", default=None)
    protect: bool = about("Never removed by an apply.", False, default=False)


@noun
class Config:
    """Content that services read. Exactly one of `content` and `file`."""

    content: str | None = about("The content.", "key = value\n", default=None)
    file: str | None = about("File that holds it, relative to this file.", "app.conf", default=None)
    digest: str = about("SHA-256 of the content; computed.", "", default="")


@noun
class Secret:
    """A reference to content that is never shown. Exactly one of `env` and `file`."""

    env: str | None = about("Environment variable that holds it.", "DB_PASSWORD", default=None)
    file: str | None = about("File that holds it.", "/run/keys/db", default=None)
    digest: str = about("Salted digest of the content; computed.", "", default="")


@noun
class Registry:
    """An account at an image registry, to pull with. It goes before the docker CLI's own."""

    username: str = about("Name of the account.", "ci")
    password: str = about(
        "Secret that holds the password or token; one line's end at its end is left out.",
        "registry_token",
    )


@noun
class External:
    """Something that must be there and is not ours: depended on, never made or removed."""

    address: str = about("Host and port.", "db.example.com:5432", default="")
    probe: Probe | None = about("How to see that it is there.", {"tcp": {"port": 1}}, default=None)
    limits: Mapping[str, float] = about(
        "Limits that budgets count against.", {"max_connections": 100}, default_factory=dict
    )


@noun
class Node:
    """A machine that instances are placed on."""

    cpu: Text = about("CPU capacity.", "4", default="0")
    memory: SizeBytes = about("Memory capacity.", "16Gi", default=0)
    reserved_cpu: Text = about("CPU kept back.", "1", default="0")
    reserved_memory: SizeBytes = about("Memory kept back.", "2Gi", default=0)
    max_utilisation: int = about("Most use, in percent.", 80, default=100)
    startup: Literal["fast", "slow"] = about(
        "Start-up latency class; slow is Fargate-like, 10 to 30 s.", "fast", default="fast"
    )
    count: int = about("How many such machines.", 3, default=1)


@noun
class BudgetTerm:
    """The share of one service: instances × the product of its factors."""

    service: str = about("The service.", "web")
    factors: Mapping[str, float | None] = about(
        "Named factors; one without a value is a finding: unbounded.",
        {"workers": 4, "pool": 10},
        default_factory=dict,
    )


@noun
class Budget:
    """A sum over services, counting surge and autoscale maximum, against a limit."""

    terms: tuple[BudgetTerm, ...] = about(
        "What is added up.", [{"service": "web", "factors": {"pool": 10}}]
    )
    limit: float | None = about("The limit, as a number.", 100, default=None)
    external: str = about("External that has the limit.", "postgres", default="")
    limit_name: str = about("Name of the external's limit.", "max_connections", default="")


@noun
class Shutdown:
    """How long `destroy` may take, wave by wave in reverse dependency order."""

    drain: DurationNs = about(
        "First, for all: the edge sends no new session, and nothing is signalled.", "10s", default=0
    )
    stop: DurationNs = about(
        "For each wave, from the signal to the kill; the own grace where that is shorter or this "
        "is 0.", "5s", default=0,
    )  # fmt: skip
    flush: DurationNs = about("What has ended is kept this long for its logs.", "2s", default=0)
    total: DurationNs | None = about(
        "For everything; what is left then is killed, in order.", "60s", default=None
    )


@noun
class Hooks:
    """Jobs run around a change."""

    before: tuple[str, ...] = about("Before the first step.", ["backup"], default=())
    after: tuple[str, ...] = about("After convergence.", ["smoke"], default=())


@noun
class Deletions:
    """How much may go without a question."""

    confirm_above: int = about(
        "More deletions of services, jobs, volumes and networks than this need a confirmation.",
        3,
        default=3,
    )


@noun
class Waiver:
    """A check that is allowed to fire, and why."""

    allow: str = about("The reason.", "The guide's own manifest does this.")


@noun
class Adopt:
    """What runs already and becomes ours, by name."""

    containers: Mapping[str, str] = about(
        "Container name → service.", {"old-web": "web"}, default_factory=dict
    )
    volumes: Mapping[str, str] = about(
        "Volume name → volume.", {"old-data": "data"}, default_factory=dict
    )
    networks: Mapping[str, str] = about(
        "Network name → network.", {"old-net": "default"}, default_factory=dict
    )


class Positions(Protocol):
    """Where in the desired state something was asked for."""

    def find(self, path: tuple[str | int, ...]) -> Position | None:
        """The position of `path`, or of the nearest thing that holds it."""


class Nowhere:
    """Positions of a stack that was not read from a file."""

    def find(self, path: tuple[str | int, ...]) -> Position | None:
        """Always None."""
        return None


@noun
class Declared:
    """The part of a stack that is written, environments applied and names resolved."""

    name: str = about("Name of the stack, the scope of ownership.", "shop")
    services: Mapping[str, Service] = about(
        "Services by name.", {"web": {"image": "web:1"}}, default_factory=dict
    )
    jobs: Mapping[str, Job] = about(
        "Jobs by name.", {"migrate": {"image": "web:1"}}, default_factory=dict
    )
    networks: Mapping[str, Network] = about(
        "Networks by name.", {"backend": {}}, default_factory=dict
    )
    volumes: Mapping[str, Volume] = about("Volumes by name.", {"data": {}}, default_factory=dict)
    configs: Mapping[str, Config] = about(
        "Configs by name.", {"motd": {"content": "hello"}}, default_factory=dict
    )
    secrets: Mapping[str, Secret] = about(
        "Secrets by name.", {"db_password": {"env": "DB_PASSWORD"}}, default_factory=dict
    )
    registries: Mapping[str, Registry] = about(
        "Accounts at image registries by host, with its port; Docker Hub is docker.io.",
        {"registry.example.com:5000": {"username": "ci", "password": "registry_token"}},
        default_factory=dict,
    )
    external: Mapping[str, External] = about(
        "What must be there and is not ours.",
        {"kafka": {"address": "kafka:9092"}},
        default_factory=dict,
    )
    manifests: tuple[Mapping[str, Any], ...] = about(
        "Kubernetes objects as they are.", [{"kind": "ConfigMap"}], default=()
    )
    nodes: Mapping[str, Node] = about(
        "Machines by name.", {"small": {"cpu": "4", "memory": "16Gi"}}, default_factory=dict
    )
    budgets: Mapping[str, Budget] = about(
        "Budgets by name.",
        {"postgres": {"terms": [{"service": "web", "factors": {"pool": 10}}], "limit": 100}},
        default_factory=dict,
    )
    zones: Mapping[str, Zone] = about(
        "Rate-limit zones by name.", {"chat": {"rate_per_s": 10}}, default_factory=dict
    )
    edge: Edge | None = about("Where requests enter.", {"kind": "own"}, default=None)
    shutdown: Shutdown = about("Bounds on `destroy`.", {"total": "60s"}, default=Shutdown())
    hooks: Hooks = about("Jobs around a change.", {"before": ["backup"]}, default=Hooks())
    deletions: Deletions = about(
        "How many deletions an apply makes without a question.",
        {"confirm_above": 3},
        default=Deletions(),
    )
    checks: Mapping[str, Waiver] = about(
        "Checks allowed to fire, by code.",
        {"R210": {"allow": "as the vendor ships it"}},
        default_factory=dict,
    )
    adopt: Adopt = about(
        "What runs already and becomes ours.", {"volumes": {"old": "data"}}, default=Adopt()
    )

    def limit_of(self, budget: Budget) -> float | None:
        """The limit of a budget; None where its external has none, which reading reports."""
        external = self.external.get(budget.external)
        return budget.limit if external is None else external.limits.get(budget.limit_name)


@dataclass(frozen=True, slots=True)
class Stack:
    """What was declared, and where.

    `digest` names the content that was read; `environment` the overlay that was chosen.
    """

    declared: Declared
    positions: Positions = field(default_factory=Nowhere)
    environment: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """Name of the stack."""
        return self.declared.name

    def position(self, key: ResourceKey, *path: str | int) -> Position | None:
        """Where `path` of the resource `key` was asked for."""
        return self.positions.find((*key.path, *path))

    def workload(self, key: ResourceKey) -> Service | Job | None:
        """The service or job with this key, if it is one."""
        if key.kind == "service":
            return self.declared.services.get(key.name)
        return self.declared.jobs.get(key.name) if key.kind == "job" else None

    def declaration(self, key: ResourceKey) -> Service | Job | Network | Volume | None:
        """The service, job, network or volume with this key, if the state itself names it."""
        if key.kind == "network":
            return self.declared.networks.get(key.name)
        return self.declared.volumes.get(key.name) if key.kind == "volume" else self.workload(key)

"""What a cluster says of itself beside what a plan compares: machines, and who is on them.

A rehearsal begins with exactly these pods on these machines. Frozen plain data; times are the
cluster's clock, in ns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.model.observed import Instance, Observed
from reconciler.model.service import Service
from reconciler.model.stack import Declared

Found = Literal["mark", "name", "label"]  # our own mark, its name, app.kubernetes.io/name
Amounts = tuple[int, int]  # millicores, bytes
NOTHING: Amounts = (0, 0)


@dataclass(frozen=True, slots=True)
class SeenNode:
    """A machine. `cpu_m` and `memory_bytes` are what pods may hold of it (allocatable).

    `cordoned`: it takes no new pod; `heard`: its kubelet reports. `images` are on it already.
    """

    name: str
    cpu_m: int
    memory_bytes: int
    cordoned: bool = False
    heard: bool = True
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tenant:
    """A pod that is not the stack's: it is left alone, and holds `asked` of its machine."""

    id: str
    name: str
    node: str
    asked: Amounts


@dataclass(frozen=True, slots=True)
class SeenPod:
    """A pod of a workload. `template` names the revision it was made from.

    `ends_at_ns`: it is being deleted, and is killed then. `ran_ns`: how long its container ran
    before it last ended. `ready_after_ns`: from the container's start until it was ready, where
    it has never been restarted; `started_after_ns` from its placement to that start.
    """

    instance: Instance
    template: str
    node: str = ""
    asked: Amounts = NOTHING
    ends_at_ns: int | None = None
    ran_ns: int | None = None
    started_after_ns: int | None = None
    ready_after_ns: int | None = None
    used: Amounts | None = None


@dataclass(frozen=True, slots=True)
class SeenTemplate:
    """A revision of a workload, and of how many pods it is to be (a ReplicaSet)."""

    name: str
    service: Service
    replicas: int


@dataclass(frozen=True, slots=True)
class SeenWorkload:
    """What runs for a service. `templates` are its revisions, the newest last.

    `found`: by what it was taken for the service's. `scaled`: an autoscaler sets its replicas.
    `budget` is that of a PodDisruptionBudget: least available, most unavailable. `routed`: a
    Service sends it traffic. `notes` are what of it is not simulated, in sentences.
    """

    kind: Literal["Deployment", "StatefulSet"]
    name: str
    found: Found
    service: Service
    replicas: int
    templates: tuple[SeenTemplate, ...] = ()
    pods: tuple[SeenPod, ...] = ()
    settled: bool = True
    scaled: bool = False
    budget: tuple[str | int | None, str | int | None] | None = None
    routed: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """A cluster as one stack sees it.

    `declared` says in the state's own words what runs: services, and digests of the configs
    that they mount. `there` names objects that exist, as ``configmap/motd``. `unread` is what
    could not be read, and why.
    """

    observed: Observed
    namespace: str
    version: str
    declared: Declared
    workloads: Mapping[str, SeenWorkload] = field(default_factory=dict)
    nodes: tuple[SeenNode, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    there: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()

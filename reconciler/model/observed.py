"""What runs: the snapshot that a target's `observe` returns.

Fields are flat: ``environment.PORT`` → ``"8080"``. The same flat form describes what is
wanted (`reconciler.model.fields`), so that a difference is a comparison of two mappings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey

Value = str | int | bool | None | tuple[str, ...]
Fields = Mapping[str, Value]

Phase = Literal["created", "running", "restarting", "paused", "exited", "dead", "removing"]


@dataclass(frozen=True, slots=True)
class Instance:
    """One running copy of a service, or one run of a job. Times are the target's clock, in ns.

    `fields` is the whole live container; `defaults` the part of it that came from the image
    or the engine and not from us. `armed` tells whether the engine's restart policy is as
    the service asks: it is switched off ahead of an intended stop. `live` is false when a
    liveness probe or the engine's health check has failed for good; `ready` when it may get
    traffic. `streak` counts the policy replacements in a row that led to this instance.
    `routed` tells whether an edge of ours sends it new sessions, `draining_since_ns` since when
    it does not any more, and `drained` that nothing is under way there.
    """

    id: str
    name: str
    key: ResourceKey
    ordinal: int
    revision: str
    attempt: int
    phase: Phase
    ready: bool = False
    live: bool = True
    armed: bool = True
    streak: int = 0
    created_at_ns: int = 0
    started_at_ns: int | None = None
    ready_since_ns: int | None = None
    finished_at_ns: int | None = None
    exit_code: int | None = None
    oom_killed: bool = False
    engine_restarts: int = 0
    image_id: str = ""
    fields: Fields = field(default_factory=dict)
    defaults: Fields = field(default_factory=dict)
    depends: tuple[str, ...] = ()
    message: str = ""
    log_tail: tuple[str, ...] = ()
    routed: bool = False
    draining_since_ns: int | None = None
    drained: bool = False

    @property
    def is_running(self) -> bool:
        """Whether its process may act: running, paused, or between two engine restarts."""
        return self.phase in ("running", "restarting", "paused")

    @property
    def has_ended(self) -> bool:
        """Whether its process is gone and no engine will bring it back by itself."""
        return self.phase in ("exited", "dead")


@dataclass(frozen=True, slots=True)
class Status:
    """How a resource is, as the target itself reports it."""

    done: bool = True
    ok: bool = True
    message: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class ObservedObject:
    """A network, volume, config, secret, external or native object that is there.

    `fingerprint` changes whenever the object does (a resourceVersion, or a digest of the
    fields). `users` are the ids of the instances that hold it, where the target knows.
    """

    key: ResourceKey
    id: str
    fields: Fields = field(default_factory=dict)
    defaults: Fields = field(default_factory=dict)
    owned: bool = True
    fingerprint: str = ""
    status: Status = Status()
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something that is not ours and stands in the way: a name or a host port it holds."""

    name: str
    holds_name: bool = False
    host_ports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adopting:
    """What the desired state says to adopt: what it is called, and what it becomes.

    `fields` are what is wanted of it; `ordinal` is an instance's.
    """

    key: ResourceKey
    name: str
    ordinal: int = 0
    fields: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Adoptable:
    """Something to be adopted that is there, and is not ours yet.

    `body` is that of the record that makes it ours: it says what the target must remember.
    `refused` tells why it cannot be adopted.
    """

    key: ResourceKey
    name: str
    id: str
    body: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to observe: a stack, all of it or some resources; `images` are looked up too.

    `wanted` names the objects whose names we want to take, so that a foreign holder of one
    of them is seen. `adopt`: what is to become ours.
    """

    stack: str
    keys: frozenset[ResourceKey] | None = None
    images: tuple[str, ...] = ()
    wanted: tuple[ResourceKey, ...] = ()
    adopt: tuple[Adopting, ...] = ()

    def covers(self, key: ResourceKey) -> bool:
        """Whether an observation of this scope tells of `key`."""
        return self.keys is None or key in self.keys


@dataclass(frozen=True, slots=True)
class Observed:
    """A snapshot. `began_at_ns` and `target_now_ns` are the target's clock.

    `objects` and `instances` hold what is ours (and, as not `owned`, what holds a wanted
    name); `images` the local image id of each reference asked for, None where it is not
    there; `unobservable` what could not be read, and why. `adoptable` is what is to be
    adopted and is not yet: where nothing forbids it, it is in `objects` or `instances` too,
    as it will be. No target writes to it before the record is there.
    """

    scope: Scope
    began_at_ns: int
    target_now_ns: int
    objects: Mapping[ResourceKey, ObservedObject] = field(default_factory=dict)
    instances: tuple[Instance, ...] = ()
    records: tuple[Record, ...] = ()
    images: Mapping[str, str | None] = field(default_factory=dict)
    foreign: tuple[Foreign, ...] = ()
    unobservable: Mapping[ResourceKey, str] = field(default_factory=dict)
    adoptable: tuple[Adoptable, ...] = ()

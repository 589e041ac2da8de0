"""What a world holds: containers and objects, as mutable private data.

Nothing here leaves the simulator: observations are frozen copies, made once per state.
Mappings of fields are never changed, only replaced, so that copies may share them.
"""

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from reconciler.model.observed import Fields, Instance, ObservedObject, Phase, Status
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.sim.behaviour import SERVICE, Behaviour
from reconciler.sim.probes import Turns

FINE = Status()
NOT_SEEN = Status(False, True, "its controller has not seen the change yet")


@dataclass(slots=True)
class Container:
    """A container or pod. `epoch` counts its starts and ends: older heap entries are void.

    `stack` and `owned`: whose it is. `asked_restart` is the engine restart policy that it was
    made with; `policy` the one in force. `cancelled`: a signal through the engine has switched
    the restart manager off until the next start by hand. `holds`: the objects it uses. `kubelet`:
    restarts follow the kubelet's rules and not the engine's. `gone`: its machine has no power,
    and nobody has said so. `struck`: what befell its machine since it started. `home`: the
    machine of an engine that it is on, or was when it ran. `routed`, `draining_since_ns`,
    `drained`: what an edge of ours does with it. `held_back`: by its own checks that edge keeps
    it out. `turned_at_ns`: its readiness last changed. `answers` (of liveness and startup) and
    `answers_ready`: what it does with questions, since its start; `turns` counts their changes,
    which void older verdicts of the heap. `error`: what makes it useless until its next start.
    `since_version`: the world's as it was made, by which older ones are told from younger.
    """

    id: str
    name: str
    key: ResourceKey
    stack: str
    ordinal: int = 0
    revision: str = ""
    attempt: int = 0
    streak: int = 0
    owned: bool = True
    kubelet: bool = False
    fields: Fields = field(default_factory=dict)
    defaults: Fields = field(default_factory=dict)
    depends: tuple[str, ...] = ()
    holds: tuple[ResourceKey, ...] = ()
    image_id: str = ""
    behaviour: Behaviour = SERVICE
    phase: Phase = "created"
    ready: bool = False
    live: bool = True
    hung: bool = False
    policy: str = "never"
    asked_restart: str = "never"
    cancelled: bool = False
    signalled_at_ns: int | None = None
    terminating: bool = False
    created_at_ns: int = 0
    started_at_ns: int | None = None
    ready_since_ns: int | None = None
    finished_at_ns: int | None = None
    exit_code: int | None = None
    oom_killed: bool = False
    starts: int = 0
    engine_restarts: int = 0
    restart_delay_ns: int = 0
    epoch: int = 0
    message: str = ""
    log: tuple[str, ...] = ()
    gone: bool = False
    struck: Literal["", "lost", "drained"] = ""
    home: str = ""
    turned_at_ns: int = 0
    routed: bool = False
    draining_since_ns: int | None = None
    drained: bool = False
    held_back: bool = False
    answers: Turns = ()
    answers_ready: Turns = ()
    turns: int = 0
    error: str = ""
    since_version: int = 0
    reading: Any = None  # see `reconciler.sim.reading`
    frozen: Instance | None = None

    def clone(self) -> "Container":
        """A copy of its own; what is immutable is shared."""
        return Container(*_container_values(self))

    @property
    def armed(self) -> bool:
        """Whether its restart policy has not been switched off ahead of a stop."""
        return self.policy != "never" or self.asked_restart == "never"

    @property
    def running(self) -> bool:
        """Whether the engine counts it as running; between two restarts it does."""
        return self.phase in ("running", "restarting", "paused")

    @property
    def may_act(self) -> bool:
        """Whether its process is there at this instant."""
        return self.phase == "running" and not self.gone

    @property
    def serves(self) -> bool:
        """Whether it may get traffic: by its probe, and by the check of an edge of ours."""
        return self.ready and not self.held_back

    def instance(self) -> Instance:
        """The frozen copy; the same one until something changes."""
        frozen = self.frozen
        if frozen is None:
            frozen = self.frozen = Instance(
                self.id, self.name, self.key, self.ordinal, self.revision, self.attempt,
                self.phase, self.serves, self.live, self.armed,
                self.streak, self.created_at_ns, self.started_at_ns, self.ready_since_ns,
                self.finished_at_ns, self.exit_code, self.oom_killed, self.engine_restarts,
                self.image_id, self.fields, self.defaults, self.depends, self.message,
                self.log[-3:] if self.exit_code else (), self.routed, self.draining_since_ns,
                self.drained,
            )  # fmt: skip
        return frozen


@dataclass(slots=True)
class Thing:
    """A network, volume, config, secret or native object.

    `version` counts its changes (a resourceVersion). `state` is what a simulated controller
    keeps of it.
    """

    id: str
    key: ResourceKey
    stack: str
    fields: Fields = field(default_factory=dict)
    defaults: Fields = field(default_factory=dict)
    owned: bool = True
    version: int = 1
    generation: int = 1
    created_at_ns: int = 0
    status: Status = FINE
    users: dict[str, None] = field(default_factory=dict)
    state: Any = None
    frozen: ObservedObject | None = None

    def clone(self) -> "Thing":
        """A copy of its own; what is immutable is shared."""
        made = Thing(*_thing_values(self))
        made.users = dict(self.users)
        if self.state is not None:
            made.state = self.state.clone()
        return made

    @property
    def fingerprint(self) -> str:
        """Changes whenever the object does."""
        return str(self.version)

    def observed(self) -> ObservedObject:
        """The frozen copy; the same one until something changes."""
        frozen = self.frozen
        if frozen is None:
            seen = self.state is None or self.state.observed_generation == self.generation
            frozen = self.frozen = ObservedObject(
                self.key, self.id, {**self.defaults, **self.fields}, self.defaults, self.owned,
                self.fingerprint, self.status if seen else NOT_SEEN, tuple(self.users),
            )  # fmt: skip
        return frozen


@dataclass(slots=True)
class Holding:
    """Everything of one stack, indexed for cheap observation."""

    instances: dict[ResourceKey, dict[str, Container]] = field(default_factory=dict)
    objects: dict[ResourceKey, Thing] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    frozen_records: tuple[Record, ...] | None = None
    census: dict[ResourceKey, Any] = field(default_factory=dict)  # see `reconciler.sim.census`

    def all_records(self) -> tuple[Record, ...]:
        """The records, oldest write first; the same tuple until one changes."""
        if self.frozen_records is None:
            self.frozen_records = tuple(self.records.values())
        return self.frozen_records


class Transition(NamedTuple):
    """One change of the world, as traces, checkers and façades hear of it.

    `thing` is what changed, live: read it, and keep nothing of it.
    """

    at_ns: int
    version: int
    what: str
    stack: str
    key: ResourceKey | None
    subject: str
    detail: str
    thing: Container | Thing | None


_container_values = attrgetter(*(f.name for f in fields(Container)))
_thing_values = attrgetter(*(f.name for f in fields(Thing)))

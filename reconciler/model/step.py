"""Steps: each is one call on a target. And what came of it."""

from dataclasses import dataclass, field
from typing import Literal

from reconciler.model.observed import Fields
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey


@dataclass(frozen=True, slots=True)
class ApplyObject:
    """Create the object, or change it in place; `expect` is the fingerprint it was seen with.

    `expect` None means that it was absent: finding one that is not ours is a conflict.
    """

    key: ResourceKey
    fields: Fields
    expect: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteObject:
    """Remove the object with this id, if it still has the fingerprint it was seen with.

    What runs for it is killed after its own grace, and after `grace_ns` at the latest where
    that is given (``gracePeriodSeconds`` of a deletion).
    """

    key: ResourceKey
    id: str
    expect: str = ""
    grace_ns: int | None = None


@dataclass(frozen=True, slots=True)
class WriteRecord:
    """Write a record; a conflict when its number is taken by another."""

    key: ResourceKey
    record: Record


@dataclass(frozen=True, slots=True)
class DropRecord:
    """Remove a record that is no longer needed; absent is fine."""

    key: ResourceKey
    record: Record


@dataclass(frozen=True, slots=True)
class PullImage:
    """Fetch an image."""

    key: ResourceKey
    reference: str


@dataclass(frozen=True, slots=True)
class CreateInstance:
    """Create, without starting it, an instance; a conflict when its name is taken.

    `fields` is what `reconciler.model.fields` says for this ordinal.
    """

    key: ResourceKey
    name: str
    ordinal: int
    revision: str
    attempt: int
    fields: Fields
    streak: int = 0
    depends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Start a created or ended instance; running already is fine."""

    key: ResourceKey
    id: str


@dataclass(frozen=True, slots=True)
class UpdateInstance:
    """Change fields of an instance that the target can change in place.

    ``{"restart.policy": "never"}`` disarms it ahead of an intended stop.
    """

    key: ResourceKey
    id: str
    fields: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignalInstance:
    """Send a signal to the instance's process; ended already is fine."""

    key: ResourceKey
    id: str
    signal: str


@dataclass(frozen=True, slots=True)
class RouteInstance:
    """Tell the edge of an instance: ``drain`` sends it no new session, ``ready`` does again.

    What is under way there goes on. An edge that does not know the instance is fine.
    """

    key: ResourceKey
    id: str
    state: Literal["drain", "ready"]


@dataclass(frozen=True, slots=True)
class RemoveInstance:
    """Remove an ended or never started instance; absent is fine, running is a conflict."""

    key: ResourceKey
    id: str


ObjectStep = ApplyObject | DeleteObject
RecordStep = WriteRecord | DropRecord
InstanceStep = (
    PullImage
    | CreateInstance
    | StartInstance
    | UpdateInstance
    | RouteInstance
    | SignalInstance
    | RemoveInstance
)
Step = ObjectStep | RecordStep | InstanceStep

StepKind = Literal[
    "apply",
    "delete",
    "record",
    "forget",
    "pull",
    "create",
    "start",
    "update",
    "signal",
    "remove",
    "route",
]
_KIND: dict[type, StepKind] = {
    ApplyObject: "apply", DeleteObject: "delete", WriteRecord: "record", DropRecord: "forget",
    PullImage: "pull", CreateInstance: "create", StartInstance: "start",
    UpdateInstance: "update", RouteInstance: "route", SignalInstance: "signal",
    RemoveInstance: "remove",
}  # fmt: skip


def kind_of(step: Step) -> StepKind:
    """The step's name in plans, traces and faults."""
    return _KIND[type(step)]


def subject_of(step: Step) -> str:
    """What the step acts on, for traces and faults: an instance name, an id or a key."""
    if isinstance(step, CreateInstance):
        return step.name
    if isinstance(step, WriteRecord | DropRecord):
        return step.record.id
    if isinstance(step, PullImage):
        return step.reference
    return step.id if not isinstance(step, ApplyObject) else str(step.key)


OutcomeKind = Literal["done", "conflict", "retryable", "terminal", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended. `unknown`: it may or may not have taken effect; look again.

    `conflict`: what the step was decided on is no longer so; look again. `retryable` may go
    well later, `terminal` will not until a person acts: `code`, `message` and `hint` are
    what is shown. `retry_after_ns`: not before, as the other side asks.
    """

    kind: OutcomeKind
    message: str = ""
    code: str = ""
    hint: str = ""
    retry_after_ns: int = 0


DONE = Outcome("done")

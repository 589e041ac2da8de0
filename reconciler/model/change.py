"""Changes: what differs between what is wanted and what runs, and why it matters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from reconciler.model.diagnostic import Position
from reconciler.model.observed import Value
from reconciler.model.resource import ResourceKey


class Action(Enum):
    """What happens to a resource; the value is the glyph that people see."""

    CREATE = "+"
    UPDATE = "~"
    REPLACE = "-/+"
    DELETE = "-"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, its live and its wanted value; None means that it is not there.

    `replaces` tells whether this field cannot change in place. Values of secrets are
    digests. `position` is where the desired state asks for it.
    """

    path: str
    old: Value
    new: Value
    replaces: bool = False
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One resource's way from what runs to what is wanted.

    `from_revision` and `to_revision` are revisions of workloads or digests of objects,
    empty where there is none. `deletes` are the full ids of what goes for good: surplus
    instances, or the object itself. `reads` is the fingerprint of what the decision was
    made on. `calls` counts, by step kind, the calls that it takes when nothing fails.
    """

    key: ResourceKey
    action: Action
    reason: str
    fields: tuple[FieldChange, ...] = ()
    position: Position | None = None
    from_revision: str = ""
    to_revision: str = ""
    from_replicas: int = 0
    to_replicas: int = 0
    deletes: tuple[str, ...] = ()
    reads: str = ""
    wave: int = 0
    calls: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def placed(self, wave: int, calls: Mapping[str, int]) -> "Change":
        """The same change in a plan: its wave, and its calls beside those of the others.

        Every change of a plan gets its place; `dataclasses.replace` takes twice as long.
        """
        return Change(
            self.key, self.action, self.reason, self.fields, self.position,
            self.from_revision, self.to_revision, self.from_replicas, self.to_replicas,
            self.deletes, self.reads, wave, calls, self.notes,
        )  # fmt: skip

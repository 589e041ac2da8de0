"""How resources are, and what happens to them: what the views show."""

from dataclasses import dataclass
from typing import Literal

from reconciler.model.observed import Instance
from reconciler.model.resource import ResourceKey

ResourcePhase = Literal[
    "ready",  # as wanted, and healthy
    "progressing",  # on its way
    "waiting",  # for what it depends on
    "pending",  # differs from what is wanted, and nothing was asked to change it
    "degraded",  # as wanted, but not healthy
    "held",  # its revision has failed; the last good one is kept
    "failed",  # given up on
    "absent",  # wanted and not there
    "unobservable",  # could not be read
    "removing",  # on its way out
]


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """One resource at a glance. Counts are of instances; 0 of 0 for objects.

    `ready` are those that may get traffic, of whatever revision; `current` are as wanted.

    `meets` are the conditions (exists, started, healthy, completed) that hold for what
    depends on it. `settled`: nothing more happens to it unless something changes. `code` and
    `hint` are those of the call's answer that `message` tells of, if it does.
    """

    key: ResourceKey
    phase: ResourcePhase
    message: str = ""
    wanted: int = 0
    ready: int = 0
    current: int = 0
    meets: frozenset[str] = frozenset()
    settled: bool = False
    revision: str = ""
    instances: tuple[Instance, ...] = ()
    code: str = ""
    hint: str = ""


NoticeKind = Literal[
    "step", "progress", "done", "retry", "wait", "status", "failed", "rollback", "finding"
]


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of progress, for people and logs. Times are the controller's clock, in ns."""

    at_ns: int
    key: ResourceKey | None
    kind: NoticeKind
    text: str
    code: str = ""


VerdictKind = Literal["running", "converged", "failed", "stale", "interrupted"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where the whole stack stands. `failed`: nothing more will happen without a person."""

    kind: VerdictKind
    failures: tuple[ResourceStatus, ...] = ()
    message: str = ""

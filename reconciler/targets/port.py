"""The port: what a target is, for everything above it.

Two kinds of target, one port. On `instances` targets (Docker) the rollout tables decide
on each instance; `native` targets (Kubernetes) take whole workloads as objects and roll
them themselves. `perform` never raises for what the outside world does: it returns an
`Outcome`. `observe` and `preview` raise `TargetError` when the target does not answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from reconciler.model.observed import Fields, Observed, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.step import Outcome, Step


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a target can do.

    `in_place`: prefixes of the workload fields it can change without replacing.
    `features`: parts of the vocabulary that it acts on; asking for another is a diagnostic.
    """

    workloads: Literal["instances", "native"]
    in_place: tuple[str, ...] = ()
    features: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A resource as it is wanted, for `preview`."""

    key: ResourceKey
    fields: Fields


Predicted = Mapping[ResourceKey, Fields]


class Target(Protocol):
    """Where a stack runs."""

    @property
    def name(self) -> str:
        """``docker``, ``kubernetes`` or ``simulator``."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def observe(self, scope: Scope) -> Observed:
        """A snapshot of what is in scope. No call that writes."""

    def perform(self, step: Step, deadline_ns: int) -> Outcome:
        """Make the one call that `step` is, within `deadline_ns` from now."""

    def preview(self, wanted: Sequence[Wanted]) -> Predicted:
        """What each resource would look like once applied. No call that writes.

        Only what differs from `Wanted.fields` need be there; instance targets return {}.
        """

    def changes(self) -> Iterator[frozenset[ResourceKey]]:
        """Hints that something about these resources changed; empty means anything.

        Endless; hints may be lost, doubled or late. Ends when the target is closed.
        """

    def logs(self, instance_id: str, lines: int) -> tuple[str, ...]:
        """The last lines an instance printed."""

    def logs_since(self, instance_id: str, since_ns: int) -> tuple[tuple[int, str], ...]:
        """What it printed later than `since_ns` of the target's clock, each line with its time."""

    def close(self) -> None:
        """Let go of connections and end `changes`."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What becomes of a call in virtual time, in ns from when it is sent.

    `effect_after_ns` None: it never takes effect. `reply_after_ns` None: no reply ever.
    `outcome`, when given, is the reply instead of what the effect gave.
    """

    effect_after_ns: int | None
    reply_after_ns: int | None
    outcome: Outcome | None = None


class VirtualTarget(Target, Protocol):
    """A target whose time is virtual: it moves only when it is advanced.

    `perform` takes effect at the present instant; the driver makes that instant come.
    """

    @property
    def now_ns(self) -> int:
        """The target's clock."""

    def next_event_ns(self) -> int | None:
        """When something happens next by itself; None when nothing ever will."""

    def advance(self, to_ns: int) -> frozenset[ResourceKey] | None:
        """Move time to `to_ns`; a hint that is due by then, or None."""

    def timing(self, step: Step) -> Timing:
        """When this call, sent now, takes effect and is answered. Asked once a call."""

    def look_latency_ns(self) -> int:
        """How long an observation that begins now takes."""


class Account(NamedTuple):
    """Who pulls from a registry."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Account({self.username!r})"


class Contents(Protocol):
    """Gives targets the bytes behind a reference, at the time of the call that needs them."""

    def config(self, name: str) -> bytes:
        """The content of a config."""

    def secret(self, name: str) -> bytes:
        """The content of a secret; never shown, logged or stored in clear."""

    def account(self, host: str) -> Account | None:
        """The stack's account at an image registry, never shown either; None: it has none."""

"""What goes into the controller and what comes out: the contract with the drivers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.change import Change
from reconciler.model.observed import Fields, Observed, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import Notice
from reconciler.model.step import Outcome, Step
from reconciler.plan.shutdown import Ending


@dataclass(frozen=True, slots=True)
class Looked:
    """An observation came back, with the prediction for what was asked to be previewed."""

    observed: Observed
    predicted: Mapping[ResourceKey, Fields] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LookFailed:
    """The target did not answer; it will be asked again."""

    scope: Scope
    message: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A step ended, at this time of the target's clock (the driver's if it has none)."""

    step: Step
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Hinted:
    """Something may have changed; no keys means anything."""

    keys: frozenset[ResourceKey] = frozenset()


@dataclass(frozen=True, slots=True)
class Tick:
    """The time that was asked for has come."""


@dataclass(frozen=True, slots=True)
class Anew:
    """Others may have acted meanwhile: nothing that was seen or begun before counts any more."""


@dataclass(frozen=True, slots=True)
class Redesired:
    """The desired state, or what may be done about it, is now this."""

    stack: Stack
    policy: "Policy"


Event = Looked | LookFailed | Ended | Hinted | Tick | Redesired | Anew


@dataclass(frozen=True, slots=True)
class Policy:
    """What the controller may do.

    `approved`: the changes that were shown; None approves whatever the diff gives, except
    deletions above the stack's cap (`confirmed` lifts it). `only`: it is about these alone,
    and how others are decides nothing. `retry`: services whose failed revision is tried
    again. `restarts`: unhealthy instances are replaced. `act` False only
    reports. `follow`: go on after convergence (a daemon); what differs later, though the
    desired state did not change, is then mended, or with `heals` False only reported.
    `volumes`: kept volumes that are no longer declared go too. `ending`: a whole stack is
    shut down, and within which bounds; what goes from a stack that stays is bound by nothing.
    """

    approved: Mapping[ResourceKey, Change] | None = None
    only: frozenset[ResourceKey] | None = None
    confirmed: bool = False
    retry: frozenset[ResourceKey] = frozenset()
    restarts: bool = True
    act: bool = True
    follow: bool = False
    heals: bool = True
    volumes: bool = False
    commit: str = ""
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class Perform:
    """Make this call, within this time."""

    step: Step
    deadline_ns: int


@dataclass(frozen=True, slots=True)
class Output:
    """What to do now. `look`: observe this; `wake_at_ns`: come back with a Tick then."""

    steps: tuple[Perform, ...] = ()
    look: Scope | None = None
    wake_at_ns: int | None = None
    notices: tuple[Notice, ...] = ()

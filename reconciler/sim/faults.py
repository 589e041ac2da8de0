"""Faults: data that says what goes wrong, and at which call or when."""

from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import Literal, get_args

CallFault = Literal["fail_before", "fail_after", "lost_reply", "delay"]
LookFault = Literal["look_fails", "stale_view", "unobservable"]
EventFault = Literal["event_lost", "event_doubled", "event_delayed"]
TimedFault = Literal[
    "crash", "oom", "hang", "removed", "edit", "unreachable", "throttled", "engine_restart",
    "node_loss", "node_partition", "node_drain", "image_missing", "registry_outage",
    "registry_denied", "registry_limited", "external_away", "port_taken",
]  # fmt: skip
FaultKind = Literal[CallFault, LookFault, EventFault, TimedFault]

CALL_FAULTS: tuple[CallFault, ...] = ("fail_before", "fail_after", "lost_reply", "delay")
LOOK_FAULTS: tuple[LookFault, ...] = ("look_fails", "stale_view", "unobservable")
EVENT_FAULTS: tuple[EventFault, ...] = ("event_lost", "event_doubled", "event_delayed")
TIMED_FAULTS: tuple[TimedFault, ...] = get_args(TimedFault)
INSTANCE_FAULTS = ("crash", "oom", "hang", "removed", "edit")
DELAYS = ("delay", "event_delayed")  # their `for_ns` is how long they delay


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Calls, looks and events: `on` is the step's kind (any when empty), `subject` a pattern
    for its resource, its name or its subject; the fault strikes the `nth` such one and the
    following, `count` in all (each one when `nth` is 0), counted from `at_ns` after the
    installation on. With a `for_ns` it strikes each one until that is over, but for `delay` and
    `event_delayed`, which add it. `stale_view` serves what was `amount` versions ago;
    `unobservable` hides the resources that `subject` fits from a look, which says so; what
    failed may be tried again.

    In the world: at `at_ns` from the installation, repeated each `every_ns`, `count` times; or,
    where `on` names a kind of call, when the `nth` such call is sent, on `subject` if that is an
    instance's, else on anything. `crash`, `oom`, `hang` and `removed` (by somebody's hand)
    strike the running instance number `amount` of the resource `subject`, a hang for `for_ns`
    or, when that is 0, for good; `edit` is another actor that sets `field` of its instances or
    object to `value`; `engine_restart` ends every process. The rest last `for_ns`: `unreachable`;
    `throttled` (the API takes `amount` calls a second); `registry_limited` (the registry takes
    `amount` pulls until then); or for good when that is 0: `node_loss` (no power),
    `node_partition` (its processes live on) and `node_drain` of the node `subject`;
    `registry_outage`, `registry_denied` (logins are refused); `image_missing` of references
    that `subject` fits; `external_away` of the external `subject`; `port_taken` (somebody else
    holds the host port `amount`, if it is free).
    """

    kind: FaultKind
    on: str = ""
    subject: str = "*"
    nth: int = 1
    count: int = 1
    at_ns: int = 0
    every_ns: int = 0
    for_ns: int = 0
    amount: int = 0
    field: str = ""
    value: str = ""
    until_ns: int = 0  # of the world's clock, where it strikes calls for a time
    number: int = -1  # by which a world tells that it struck; none is told of -1

    @property
    def is_timed(self) -> bool:
        """Whether a time triggers it, and not a call."""
        return (self.kind in TIMED_FAULTS and not self.on) or self.at_ns > 0

    def fits(self, on: str, key: str, subject: str) -> bool:
        """Whether a call of this kind, on this resource and subject, is one of its."""
        if self.on and self.on != on:
            return False
        if self.subject == "*" or (self.on and self.is_in_world and not self.is_of_instances):
            return True
        names = (key, key.partition("/")[2], subject)
        return any(fnmatchcase(name, self.subject) for name in names)

    @property
    def is_in_world(self) -> bool:
        """Whether it breaks something, and does not befall a call."""
        return self.kind in TIMED_FAULTS

    @property
    def is_of_instances(self) -> bool:
        """Whether it strikes instances of a resource."""
        return self.kind in INSTANCE_FAULTS

    def befalling(self, now_ns: int) -> "Fault":
        """The same one of calls, looks or events, from now on."""
        if not self.for_ns or self.kind in DELAYS:
            return replace(self, at_ns=0)
        return replace(self, at_ns=0, nth=0, until_ns=now_ns + self.for_ns)

    def strikes(self, hit: int) -> bool:
        """Whether the `hit`-th fitting call (from 1) is struck."""
        return self.nth == 0 or self.nth <= hit < self.nth + self.count

    def later(self) -> "Fault | None":
        """What is left of a repeated timed fault after it struck."""
        if self.every_ns <= 0 or self.count <= 1:
            return None
        return replace(self, at_ns=self.at_ns + self.every_ns, count=self.count - 1)


# As `astuple`, which looks for what to copy in values that hold nothing.
values_of = attrgetter(*(each.name for each in fields(Fault)))

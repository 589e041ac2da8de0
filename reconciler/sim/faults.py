"""Faults: data that says what goes wrong, and at which call or when."""

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

CallFault = Literal["fail_before", "fail_after", "lost_reply", "delay"]
LookFault = Literal["look_fails", "stale_view", "unobservable"]
EventFault = Literal["event_lost", "event_doubled", "event_delayed"]
TimedFault = Literal[
    "crash", "oom", "hang", "removed", "edit", "unreachable", "engine_restart", "node_loss",
    "node_partition", "node_drain", "registry_outage", "registry_denied", "external_away",
]  # fmt: skip
FaultKind = Literal[CallFault, LookFault, EventFault, TimedFault]

CALL_FAULTS: tuple[CallFault, ...] = ("fail_before", "fail_after", "lost_reply", "delay")
LOOK_FAULTS: tuple[LookFault, ...] = ("look_fails", "stale_view", "unobservable")
EVENT_FAULTS: tuple[EventFault, ...] = ("event_lost", "event_doubled", "event_delayed")
TIMED_FAULTS: tuple[TimedFault, ...] = (
    "crash", "oom", "hang", "removed", "edit", "unreachable", "engine_restart", "node_loss",
    "node_partition", "node_drain", "registry_outage", "registry_denied", "external_away",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Calls, looks and events: `on` is the step's kind (any when empty), `subject` a pattern
    for its resource or its subject; the fault strikes the `nth` such one and the following,
    `count` in all (each one when `nth` is 0). `delay` and `event_delayed` add `for_ns`;
    `stale_view` serves what was `amount` versions ago; `unobservable` hides the resources
    that `subject` fits from a look, which says so; what failed may be tried again.

    At a time: `at_ns` counts from the installation, `every_ns` repeats it `count` times.
    `crash`, `oom`, `hang` and `removed` (by somebody's hand) strike the running instance number
    `amount` of the resource `subject`, a hang for `for_ns` or, when that is 0, for good; `edit`
    is another actor that sets `field` of its instances or object to `value`; `unreachable` lasts
    `for_ns`; `engine_restart` ends every process. The rest last `for_ns`, or for good when that
    is 0: `node_loss` (no power), `node_partition` (its processes live on) and `node_drain` of
    the node `subject`; `registry_outage`, `registry_denied` (logins are refused);
    `external_away` of the external `subject`.
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

    @property
    def is_timed(self) -> bool:
        """Whether a time triggers it, and not a call."""
        return self.kind in TIMED_FAULTS

    def fits(self, on: str, key: str, subject: str) -> bool:
        """Whether a call of this kind, on this resource and subject, is one of its."""
        if self.on and self.on != on:
            return False
        return fnmatchcase(key, self.subject) or fnmatchcase(subject, self.subject)

    def strikes(self, hit: int) -> bool:
        """Whether the `hit`-th fitting call (from 1) is struck."""
        return self.nth == 0 or self.nth <= hit < self.nth + self.count

    def later(self) -> "Fault | None":
        """What is left of a repeated timed fault after it struck."""
        if self.every_ns <= 0 or self.count <= 1:
            return None
        return replace(self, at_ns=self.at_ns + self.every_ns, count=self.count - 1)

"""The controller in one's hand: what it is shown, and what it then wants."""

from typing import Any

from reconciler.controller.core import Controller
from reconciler.controller.interface import Ended, Event, Hinted, Looked, Output, Policy, Tick
from reconciler.model.observed import Instance, Observed
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import ResourceStatus
from reconciler.model.step import DONE, Outcome, Step, WriteRecord, kind_of
from reconciler.targets.port import Capabilities
from tests.support.making import ENGINE, WEB, network, observed


class Hand:
    """A controller, and the last thing that it said."""

    def __init__(
        self, made: Stack, policy: Policy | None = None, capabilities: Capabilities = ENGINE
    ) -> None:
        self.controller = Controller(made, capabilities, policy or Policy())
        self.now_ns = 0
        self.said = self.tell(Hinted())

    def tell(self, event: Event, now_ns: int | None = None) -> Output:
        """One event, now or at a later time."""
        self.now_ns = self.now_ns if now_ns is None else now_ns
        self.said = self.controller.handle(event, self.now_ns)
        return self.said

    def look(self, seen: Observed, now_ns: int | None = None) -> list[Step]:
        """An observation comes back; the steps that follow. Timers that are due ring first."""
        rung = self.tick(self.now_ns if now_ns is None else now_ns)
        return rung + [each.step for each in self.tell(Looked(seen)).steps]

    def show(
        self,
        instances: list[Instance] | None = None,
        records: list[Record] | None = None,
        now_ns: int | None = None,
        **more: Any,
    ) -> list[Step]:
        """The same, with the default network there."""
        more.setdefault("images", {"web:1": "a", "web:2": "b", "bad:2": "c", "m:1": "d"})
        seen = observed([network()], instances or [], records or [], **more)
        return self.look(seen, now_ns)

    def end(self, step: Step, outcome: Outcome = DONE, now_ns: int | None = None) -> Output:
        """A step ended."""
        return self.tell(Ended(step, outcome), now_ns)

    def tick(self, now_ns: int) -> list[Step]:
        """A time has come."""
        return [each.step for each in self.tell(Tick(), now_ns).steps]

    def status(self, key: ResourceKey = WEB) -> ResourceStatus:
        """How a resource is."""
        return next(status for status in self.controller.statuses() if status.key == key)


def kinds(steps: list[Step]) -> list[str]:
    """What the steps are."""
    return [kind_of(step) for step in steps]


def only(steps: list[Step]) -> Any:
    """The only step."""
    assert len(steps) == 1, steps
    return steps[0]


def written(step: Step) -> str:
    """The outcome that a record tells."""
    assert isinstance(step, WriteRecord), step
    return str(step.record.body["outcome"])

"""What instances that fail have last printed, taken before a rollback removes them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.controller.core import Controller
    from reconciler.model.observed import Instance
    from reconciler.model.resource import ResourceKey
    from reconciler.model.status import Notice, ResourceStatus


@dataclass
class LastWords:
    """Hears of failures while they happen, and adds what was kept to how it ended."""

    session: "Session"
    controller: "Controller"
    kept: dict["ResourceKey", tuple["Instance", ...]] = field(default_factory=dict)

    def hear(self, notice: "Notice") -> None:
        """Keep the instances of a resource that has failed, with their log, at this moment."""
        if notice.kind != "failed" or notice.key is None:
            return
        failed = [s for s in self.controller.statuses() if s.key == notice.key]
        for status in self.session.with_logs(failed):
            unwell = tuple(i for i in status.instances if i.log_tail)
            if unwell:
                self.kept[status.key] = unwell

    def added(self, statuses: Iterable["ResourceStatus"]) -> tuple["ResourceStatus", ...]:
        """The statuses, with what is gone meanwhile beside what is there."""
        made = []
        for status in self.session.with_logs(tuple(statuses)):
            there = {instance.id for instance in status.instances}
            gone = tuple(i for i in self.kept.get(status.key, ()) if i.id not in there)
            made.append(replace(status, instances=(*gone, *status.instances)))
        return tuple(made)

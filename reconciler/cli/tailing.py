"""Reading what instances print: the last lines, and then what comes."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.cli.session import Session
from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Scope

if TYPE_CHECKING:
    from reconciler.model.observed import Instance
    from reconciler.model.resource import ResourceKey
    from reconciler.views.logs import Printed

PERIOD_S = 1.0
LOOK_EVERY = 2  # periods between two looks for new instances


@dataclass
class Tailing:
    """The logs of the instances of some workloads. `lines`: how many of the last ones."""

    session: Session
    keys: "frozenset[ResourceKey]"
    lines: int
    _seen_ns: dict[str, int] = field(default_factory=dict)  # by full id: its last line's time

    def show(self) -> None:
        """The last lines of all that is there, one instance after another."""
        from reconciler.views.logs import logs_document, logs_lines

        session = self.session
        printed = [self._last(instance) for instance in self._instances()]
        session.settings.console.result(
            lambda: logs_lines(printed),
            lambda: logs_document(session.stack.name, session.settings.target, printed),
        )

    def follow(self) -> None:
        """What is printed from now on, also by instances that come; ends when interrupted."""
        instances = self._instances()
        for number in range(1, 1 << 62):
            time.sleep(PERIOD_S)
            if number % LOOK_EVERY == 0:
                instances = self._instances()
            self.poll(instances)

    def poll(self, instances: "Iterable[Instance]") -> None:
        """What each has printed since it was last asked, in the order of time."""
        from reconciler.views.logs import Printed, logs_lines

        found = [
            (at_ns, instance, text) for instance in instances for at_ns, text in self._new(instance)
        ]
        found.sort(key=lambda each: each[0])
        printed = [Printed(instance, (text,)) for _, instance, text in found]
        if printed:
            self.session.settings.console.show(logs_lines(printed, everyone=instances))

    def _instances(self) -> "tuple[Instance, ...]":
        scope = Scope(self.session.stack.name, self.keys)
        found = self.session.opened.target.observe(scope).instances
        return tuple(sorted(found, key=lambda i: (i.key.order, i.ordinal, i.attempt, i.name)))

    def _last(self, instance: "Instance") -> "Printed":
        from reconciler.views.logs import Printed

        self._seen_ns[instance.id] = self.session.opened.now_ns()
        if not self.lines:
            return Printed(instance, ())
        try:
            return Printed(instance, self.session.opened.target.logs(instance.id, self.lines))
        except TargetError as trouble:  # gone meanwhile, or a driver that cannot be read
            return Printed(instance, (), trouble.message)

    def _new(self, instance: "Instance") -> tuple[tuple[int, str], ...]:
        since_ns = self._seen_ns.get(instance.id, 0)
        try:
            found = self.session.opened.target.logs_since(instance.id, since_ns)
        except TargetError:
            return ()
        self._seen_ns[instance.id] = max((at_ns for at_ns, _ in found), default=since_ns)
        return found

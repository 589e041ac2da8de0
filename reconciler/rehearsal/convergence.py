"""When all was as wanted, when it was so no longer, and how long it took each time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconciler.controller.core import Controller
from reconciler.controller.interface import Event, Output
from reconciler.model.observed import Scope
from reconciler.model.status import Verdict
from reconciler.targets.port import Wanted


@dataclass
class Convergence:
    """Whether all is as wanted, from when something was asked for on. Times of the world's clock.

    `first_ns` is when it was so for the first time, `since_ns` since when it is so now (None: it
    is not), `lost_ns` when it last ceased to be. `mended` are the times between: from when
    something was not as wanted any more, to when all was again.
    """

    first_ns: int | None = None
    since_ns: int | None = None
    lost_ns: int | None = None
    mended: list[tuple[int, int]] = field(default_factory=list)

    def turn(self, *, converged: bool, now_ns: int) -> None:
        """Take how it is now."""
        if converged and self.since_ns is None:
            self.since_ns = now_ns
            if self.first_ns is None:
                self.first_ns = now_ns
            elif self.lost_ns is not None:
                self.mended.append((self.lost_ns, now_ns))
        elif not converged and self.since_ns is not None:
            self.since_ns, self.lost_ns = None, now_ns

    def took_ns(self, asked_ns: int, ends_ns: Iterable[int]) -> int | None:
        """The longest that it took: at first, or until all was as wanted again.

        The first time counts from `asked_ns`, each other one from when something ceased to be as
        wanted or, where faults that last ended in it (`ends_ns`), from the last of these ends.
        None: it is not as wanted at the end.
        """
        if self.since_ns is None or self.first_ns is None:
            return None
        ends = sorted(ends_ns)
        took = [max(0, self.first_ns - asked_ns)]
        for from_ns, to_ns in self.mended:
            quiet_ns = max((end for end in ends if from_ns < end <= to_ns), default=from_ns)
            took.append(to_ns - quiet_ns)
        return max(took)


@dataclass
class Watched:
    """A controller, whose word on whether all is as wanted is taken after each event.

    One that begins says nothing of that before its first look: a successor knows no better than
    who died.
    """

    controller: Controller
    turn: Callable[[bool, int], None]

    def handle(self, event: Event, now_ns: int) -> Output:
        """As the controller's."""
        output = self.controller.handle(event, now_ns)
        converged = self.controller.has_converged
        if converged is not None:
            self.turn(converged, now_ns)
        return output

    def verdict(self) -> Verdict:
        """As the controller's."""
        return self.controller.verdict()

    def wanted(self, scope: Scope) -> tuple[Wanted, ...]:
        """As the controller's."""
        return self.controller.wanted(scope)

"""One seed's world: made, settled, loaded, changed, and watched to the end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler import graph as graphs
from reconciler.controller.core import Controller
from reconciler.controller.interface import Policy
from reconciler.drivers.virtual import InFlight, Kill, RunResult, run
from reconciler.model.diagnostic import TargetError
from reconciler.model.stack import Stack
from reconciler.model.status import Notice
from reconciler.model.step import kind_of
from reconciler.model.units import NS_PER_S
from reconciler.plan.plan import Plan
from reconciler.plan.planner import emptied, make_plan, scope_of, wanted_of
from reconciler.plan.shutdown import ending_of
from reconciler.rehearsal.convergence import Convergence, Watched
from reconciler.sim.cluster import SimCluster
from reconciler.sim.engine import SimEngine
from reconciler.sim.world import World

if TYPE_CHECKING:
    from reconciler.model.observed import Observed

Ground = SimEngine | SimCluster

SETTLE_NS = 3600 * NS_PER_S  # a state that does not converge within an hour never will


@dataclass
class Stage:
    """A world, the stack on it, and the reconciler that acts there.

    `standing` is the stack that a destroy is about: the newest that was wanted.
    """

    world: World
    target: Ground
    stack: Stack
    standing: Stack = field(init=False)
    notices: list[Notice] = field(default_factory=list)
    in_flight: tuple[InFlight, ...] = ()
    convergence: Convergence = field(default_factory=Convergence)
    calls: int = 0
    sent: Counter[str] = field(default_factory=Counter)  # calls by their kind
    _followed: Stack | None = None

    def __post_init__(self) -> None:
        self.standing = self._followed = self.stack

    @property
    def now_ns(self) -> int:
        """The world's clock."""
        return self.world.now_ns

    @property
    def converged_ns(self) -> int | None:
        """Since when all is as wanted; None: it is not."""
        return self.convergence.since_ns

    def settle(self) -> str:
        """Bring the stack about before anything is measured; what went wrong, or nothing."""
        controller = Controller(self.stack, self.target.capabilities, Policy(confirmed=True))
        result = run(controller, self.target, max_ns=SETTLE_NS)
        self._take(result)
        verdict = result.verdict
        if verdict.kind == "converged":
            self._turn(True, self.now_ns)
            return ""
        failed = [f"{f.key}: {f.message or f.phase}" for f in verdict.failures]
        return "; ".join(failed) or verdict.message or f"it is {verdict.kind} after an hour"

    def plan(self, stack: Stack) -> Plan:
        """What an apply of `stack` would do now."""
        observed = self._look(stack)
        native = self.target.capabilities.workloads == "native"
        wanted = wanted_of(stack, graphs.build(stack).needs, native) if native else ()
        predicted = self.target.preview(wanted) if wanted else {}
        return make_plan(stack, observed, predicted, self.target.capabilities, target="simulator")

    def plan_lines(self, stack: Stack | None) -> Sequence[str]:
        """What a plan shows now, in short; nothing where the target does not answer."""
        try:
            return lines_of(self.plan(stack if stack is not None else emptied(self.stack)))
        except TargetError:
            return ()

    def _look(self, stack: Stack) -> "Observed":
        return self.target.observe(scope_of(stack))

    def follow(
        self, stack: Stack | None, until_ns: int, kill: Kill | Sequence[Kill] = ()
    ) -> Kill | None:
        """Watch over `stack` (None: destroy) until then; what the reconciler dies by.

        Whatever differs is mended, as a watch does: also what somebody takes away later.
        `convergence` is of this stack: it begins anew where another one was followed before, and
        goes on where only the reconciler is another.
        """
        if stack is not self._followed:
            self.convergence, self._followed = Convergence(), stack
        if stack is not None:
            self.stack, self.standing = stack, stack
        else:
            self.stack = emptied(self.stack)
        ending = ending_of(self.standing) if stack is None else None
        policy = Policy(confirmed=True, follow=True, ending=ending)
        controller = Controller(self.stack, self.target.capabilities, policy)
        result = run(
            Watched(controller, self._turn), self.target, until_ns=until_ns, follow=True,
            kill=kill, in_flight=self.in_flight,
        )  # fmt: skip
        self._take(result)
        return result.kill

    def _turn(self, converged: bool, now_ns: int) -> None:
        self.convergence.turn(converged=converged, now_ns=now_ns)

    def rest(self, until_ns: int) -> None:
        """Nobody reconciles until then; calls that were on their way still arrive."""
        for flight in sorted(self.in_flight, key=lambda each: each.at_ns):
            if flight.at_ns <= until_ns:
                self.target.advance(max(flight.at_ns, self.now_ns))
                flight.call.effect = self.target.perform(
                    flight.perform.step, flight.perform.deadline_ns
                )
        self.in_flight = tuple(f for f in self.in_flight if f.at_ns > until_ns)
        self.target.advance(max(until_ns, self.now_ns))

    def _take(self, result: RunResult) -> None:
        self.in_flight = result.in_flight
        self.notices.extend(result.notices)
        self.calls += len(result.calls)
        self.sent.update(kind_of(call.step) for call in result.calls)


def lines_of(plan: Plan) -> Sequence[str]:
    """A plan as short lines: glyph, resource, and why."""
    return [f"{change.action.value} {change.key}: {change.reason}" for change in plan.changes]

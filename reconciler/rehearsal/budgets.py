"""How much of each budget a run takes at most: by instances that run, ending ones included."""

from collections.abc import Mapping, Sequence
from math import prod

from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Budget, Stack
from reconciler.sim.things import Container, Transition
from reconciler.sim.world import World

COUNTS = frozenset({"started", "exited", "restarting", "removed"})


class BudgetWatch:
    """Hears a world's transitions, and keeps the most that was used of each budget.

    An instance takes its share from its start to its end: one that drains still holds its
    connections beside its successor. What a factor without a value takes is not counted.
    """

    def __init__(self, world: World, stacks: Sequence[Stack]) -> None:
        self.world, self.stack = world, stacks[0].name
        self.limits: dict[str, float] = {}
        self.shares: dict[str, dict[str, float]] = {}
        for stack in stacks:  # the latest has the say
            for name, budget in stack.declared.budgets.items():
                limit = stack.declared.limit_of(budget)
                if limit is not None:
                    self.limits[name] = limit
                    self.shares[name] = _shares(budget)
        self.running = {
            service: self._count(service) for shares in self.shares.values() for service in shares
        }
        self.most = {name: self._use(name) for name in self.limits}
        if self.limits:
            world.listeners.append(self.heard)

    @property
    def peaks(self) -> Mapping[str, tuple[float, float]]:
        """Name → most that was used, and the limit."""
        return {name: (self.most[name], limit) for name, limit in sorted(self.limits.items())}

    def heard(self, world: World, told: Transition) -> None:
        """Take one transition."""
        if told.what not in COUNTS or not isinstance(told.thing, Container):
            return
        service = told.thing.key.name
        if told.stack != self.stack or service not in self.running:
            return
        self.running[service] = self._count(service)
        for name in self.limits:
            self.most[name] = max(self.most[name], self._use(name))

    def _count(self, service: str) -> int:
        there = self.world.of(self.stack, ResourceKey("service", service))
        return sum(each.phase == "running" for each in there)

    def _use(self, name: str) -> float:
        return sum(share * self.running[service] for service, share in self.shares[name].items())


def _shares(budget: Budget) -> dict[str, float]:
    shares: dict[str, float] = {}
    for term in budget.terms:
        known = [factor for factor in term.factors.values() if factor is not None]
        if len(known) == len(term.factors):
            shares[term.service] = shares.get(term.service, 0) + prod(known)
    return shares

"""Who is where, counted as it changes, and the machines in the order in which pods go to them.

It is derived from the world alone, is no part of a copy or of a file of it, and is made again
where there is none. The order is that of `reconciler.sim.nodes.choose`: kept in a heap for each
resource and each amount that is asked for, so that a pod is placed without a look at all
machines, and without counting the pods that are there.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from reconciler.model.resource import ResourceKey
from reconciler.sim.machine import Asked, Machine

Owner = tuple[str, ResourceKey]  # stack, resource
Score = Callable[[Machine, Asked], int]
Rank = tuple[int, int, int]  # - score, instances of the same beside, number of the machine

MOST_RANKINGS = 1024  # that are remembered
LOG_LEAST = 1024  # changes that are remembered, or four for each machine


@dataclass(slots=True)
class Ranking:
    """The machines for instances of one owner that ask for so much.

    `ranks`: each machine's rank as it was last seen, None where it had no room or took none.
    `heap` holds them, and older ones that are void. `read`: changes that are accounted for.
    """

    ranks: list[Rank | None]
    heap: list[Rank]
    read: int


@dataclass(slots=True)
class Placing:
    """The instances on a site's machines. `changes` numbers machines that have changed.

    `forgotten`: how many changes were before those. `beside`: of an owner, how many instances
    are on which machine. `refusals`: what was last said to whom that asks for so much, and after
    how many changes.
    """

    machines: Sequence[Machine]
    score: Score
    numbers: dict[str, int]
    owners: dict[str, Owner] = field(default_factory=dict)
    beside: dict[Owner, dict[int, int]] = field(default_factory=dict)
    changes: list[int] = field(default_factory=list)
    forgotten: int = 0
    rankings: dict[tuple[Owner, Asked], Ranking] = field(default_factory=dict)
    refusals: dict[Asked, tuple[int, str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, machines: Iterable[Machine], score: Score, there: Iterable[tuple[str, str, Owner]]
    ) -> "Placing":
        """Of instances that are placed: the id, the machine's name, and the owner of each."""
        each = tuple(machines)
        made = cls(each, score, {machine.name: number for number, machine in enumerate(each)})
        for id, name, owner in there:
            made.put(id, name, owner)
        return made

    @property
    def version(self) -> int:
        """How many changes there were."""
        return self.forgotten + len(self.changes)

    def turned(self, name: str) -> None:
        """Something about a machine has changed: what it holds, or whether it takes pods."""
        changes = self.changes
        if len(changes) >= max(LOG_LEAST, 4 * len(self.machines)):
            self.forgotten += len(changes)
            changes.clear()
        changes.append(self.numbers[name])

    def put(self, id: str, name: str, owner: Owner) -> None:
        """An instance is on this machine from now on."""
        self.owners[id] = owner
        counts = self.beside.setdefault(owner, {})
        number = self.numbers[name]
        counts[number] = counts.get(number, 0) + 1
        self.turned(name)

    def release(self, id: str, name: str) -> None:
        """An instance is no longer there."""
        counts, number = self.beside[self.owners.pop(id)], self.numbers[name]
        counts[number] -= 1
        self.turned(name)

    def spread(self, owner: Owner) -> Counter[str]:
        """How many instances of an owner are on which machine."""
        counts = self.beside.get(owner, {})
        return Counter({self.machines[n].name: count for n, count in sorted(counts.items())})

    def best(self, owner: Owner, asked: Asked) -> Machine | None:
        """The machine for an instance that asks for so much; None where none has room."""
        ranking = self._ranking(owner, asked)
        heap, ranks, machines = ranking.heap, ranking.ranks, self.machines
        while heap:
            rank = heap[0]
            number = rank[2]
            if ranks[number] == rank:
                machine = machines[number]
                if machine.schedulable and machine.has_room(asked):
                    return machine
                ranks[number] = None
            heappop(heap)
        return None

    def _ranking(self, owner: Owner, asked: Asked) -> Ranking:
        """The ranking, with every change so far accounted for."""
        found = self.rankings.get((owner, asked))
        version = self.version
        if found is None or found.read < self.forgotten:
            return self._ranked_anew(owner, asked)
        if found.read == version:
            return found
        news = self.changes[found.read - self.forgotten :]
        if len(news) >= len(self.machines):
            return self._ranked_anew(owner, asked)
        found.read = version
        counts, heap, ranks = self.beside.get(owner, {}), found.heap, found.ranks
        for number in news if len(news) < 3 else dict.fromkeys(news):
            rank = (-self.score(self.machines[number], asked), counts.get(number, 0), number)
            if rank != ranks[number]:
                ranks[number] = rank
                heappush(heap, rank)
        if len(heap) > 4 * len(ranks) + 16:
            heap[:] = [rank for rank in ranks if rank is not None]
            heapify(heap)
        return found

    def _ranked_anew(self, owner: Owner, asked: Asked) -> Ranking:
        counts = self.beside.get(owner, {})
        heap = [
            (-self.score(machine, asked), counts.get(number, 0), number)
            for number, machine in enumerate(self.machines)
        ]
        made = Ranking(list(heap), heap, self.version)
        heapify(heap)
        if len(self.rankings) >= MOST_RANKINGS:
            self.rankings.clear()
        self.rankings[owner, asked] = made
        return made

    def refusal(self, asked: Asked, tell: Callable[[Collection[Machine], Asked], str]) -> str:
        """Why none takes it; said anew only where something has changed since."""
        said = self.refusals.get(asked)
        if said is None or said[0] != self.version:
            if len(self.refusals) >= MOST_RANKINGS:
                self.refusals.clear()
            said = self.refusals[asked] = self.version, tell(self.machines, asked)
        return said[1]

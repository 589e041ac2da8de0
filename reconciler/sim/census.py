"""The pods of a workload, counted as they change and not anew at each look.

What a controller of a cluster knows of its pods: an informer's index. It is derived from the
world alone, is no part of a copy or of a file of it, and is made again where there is none.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.model.observed import Fields
from reconciler.sim.ranks import Ranked
from reconciler.sim.site import Site
from reconciler.sim.things import Container


@dataclass(slots=True)
class Tally:
    """The pods of one revision. `there` counts those that end too, `alive` are the others.

    `ready` → since when. `soaking` of them, the longest ready first, are not ready for
    `min_ready_ns` yet, as far as was asked. `leaving`: all of them, who goes first at the end,
    as it was found; it holds until `leaving_until_ns`, or something else than an end happens.
    `ranked`: the living by their ranks, where they have been asked for on nodes.
    """

    there: int = 0
    alive: dict[str, Container] = field(default_factory=dict)
    ready: dict[str, int] = field(default_factory=dict)
    soaking: OrderedDict[str, int] = field(default_factory=OrderedDict)
    min_ready_ns: int = 0
    leaving: list[Container] = field(default_factory=list)
    leaving_until_ns: int = 0
    ranked: Ranked | None = None

    def available(self, now_ns: int, min_ready_ns: int) -> tuple[int, int | None]:
        """How many are ready for so long, and when the next one will be."""
        if min_ready_ns != self.min_ready_ns:
            self.min_ready_ns = min_ready_ns
            self.soaking = OrderedDict(sorted(self.ready.items(), key=lambda each: each[1]))
        soaking = self.soaking
        while soaking:
            id, since_ns = next(iter(soaking.items()))
            if since_ns + min_ready_ns > now_ns:
                return len(self.ready) - len(soaking), since_ns + min_ready_ns
            del soaking[id]
        return len(self.ready), None

    def next_to_go(self, count: int, now_ns: int) -> list[Container] | None:
        """So many that go first, by the order that was found before; None where there is none."""
        leaving, alive = self.leaving, self.alive
        if now_ns >= self.leaving_until_ns:
            return None
        found: list[Container] = []
        while leaving and len(found) < count:
            pod = leaving.pop()
            if pod.id in alive:
                found.append(pod)
        return found

    def rank(self, site: Site) -> Ranked:
        """The living by their ranks, as they are now."""
        if self.ranked is None:
            self.ranked = Ranked(self.alive.values())
        self.ranked.settle(site)
        return self.ranked

    def unready(self, id: str) -> None:
        """One that was ready is so no longer, or ends."""
        del self.ready[id]
        if self.soaking:
            self.soaking.pop(id, None)


# A pod as it was last seen: where it is counted, whether it lives on, and since when it is
# ready, None where it is not, or ends.
Known = tuple[Tally, bool, int | None]


@dataclass(slots=True)
class Census:
    """All pods of one workload, by revision.

    `newest`: fields of the workload, and the template and the revision that they ask for.
    """

    tallies: dict[str, Tally] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    newest: tuple[Fields, Fields, str] | None = None

    @classmethod
    def of(cls, pods: Iterable[Container]) -> "Census":
        """Of pods that are there, oldest first."""
        made = cls()
        for pod in pods:
            made.see(pod)
        return made

    def tally(self, revision: str) -> Tally:
        """The pods of a revision; an empty one where there are none."""
        return self.tallies.get(revision) or Tally()

    def see(self, pod: Container) -> None:
        """A pod is new, or something about it has changed."""
        id, alive = pod.id, not pod.terminating
        since_ns = pod.ready_since_ns if alive and pod.ready else None
        before = self.known.get(id)
        if before is None:
            tally = self.tallies.get(pod.revision)
            if tally is None:
                tally = self.tallies[pod.revision] = Tally()
            tally.there += 1
        else:
            tally = before[0]
        if alive:
            tally.leaving_until_ns = 0
        if tally.ranked is not None:
            if alive:
                tally.ranked.see(pod)
            else:
                tally.ranked.forget(id)
        if before is not None:
            _, was_alive, was_since_ns = before
            if was_since_ns == since_ns and was_alive == alive:
                return
            if was_since_ns is not None:
                tally.unready(id)
            if was_alive and not alive:
                del tally.alive[id]
        self.known[id] = (tally, alive, since_ns)
        if alive:
            tally.alive[id] = pod
            if since_ns is not None:
                tally.ready[id] = since_ns
                if tally.min_ready_ns:
                    tally.soaking[id] = since_ns

    def forget(self, pod: Container) -> None:
        """A pod is gone."""
        known = self.known.pop(pod.id, None)
        if known is not None:
            tally, _, since_ns = known
            if since_ns is not None:
                tally.unready(pod.id)
            tally.alive.pop(pod.id, None)
            if tally.ranked is not None:
                tally.ranked.forget(pod.id)
            tally.there -= 1
            if not tally.there:
                del self.tallies[pod.revision]

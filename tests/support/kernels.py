"""Kernels in random circumstances, from an integer: what is set, and what happens to it when."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.traffic import kernel, tables

LASTS_NS = 12 * NS_PER_S
EDGES = (kernel.UP,) * 6 + (kernel.DRAIN, kernel.DOWN, kernel.ABSENT)
APPS = (kernel.SERVES,) * 8 + (
    kernel.CLOSED, kernel.ANSWERS_503, kernel.HANGS, kernel.SILENT,
)  # fmt: skip
AFFINITIES = (kernel.NONE, kernel.NONE, kernel.COOKIE, kernel.CLIENT_IP, kernel.HASH_KEY)

Make = Callable[[int, int, int], Any]


@dataclass(frozen=True)
class Script:
    """What a kernel goes through: the same for the same seed, whoever runs it."""

    seed: int

    def start(self, make: Make) -> Any:
        """A kernel as the script has it at the beginning."""
        draw = random.Random(self.seed)
        made = make(self.seed, draw.randrange(len(kernel.RULES)), draw.randint(1, 6))
        self._clients(made, draw)
        self._edge(made, draw)
        for slot in range(made.slots):
            self._be(made, slot, draw)
        return made

    def play(self, made: Any, *, look: Callable[[Any], None] = lambda made: None) -> Any:
        """All of it to the end; `look` is called before anything changes."""
        for at, seed in self._changes():
            made.run(at)
            look(made)
            self._change(made, at, random.Random(seed))
        made.run(LASTS_NS)
        look(made)
        return made

    def last_step(self, made: Any) -> None:
        """What `play` does after it has looked for the last time but one."""
        for at, seed in self._changes()[-1:]:
            self._change(made, at, random.Random(seed))
        made.run(LASTS_NS)

    def _changes(self) -> list[tuple[int, int]]:
        """When something changes, and the seed of what it is."""
        draw = random.Random(-self.seed - 1)
        times = sorted(draw.randrange(1, LASTS_NS) for _ in range(draw.randint(0, 14)))
        return [(at, draw.randrange(1 << 32)) for at in times]

    def _clients(self, made: Any, draw: random.Random) -> None:
        work = draw.choice((
            tables.constant(30 * NS_PER_MS), tables.exponential(40 * NS_PER_MS),
            tables.lognormal(20 * NS_PER_MS, 900 * NS_PER_MS),
        ))  # fmt: skip
        made.set_service_table(work)
        count = draw.choice((1, 3, 40))
        made.set_clients(count, draw.randrange(1 << 32), draw.choice((0, 1, 7)))
        if draw.random() < 0.5:
            made.set_retries(draw.randint(1, 3), draw.choice((1, NS_PER_MS, 300 * NS_PER_MS)))
        if draw.random() < 0.8:
            made.set_arrivals(draw.randint(1, 2), NS_PER_S, draw.choice((3, 40, 90)))
        if draw.random() < 0.3:
            made.set_closed(draw.randint(1, 5), tables.exponential(200 * NS_PER_MS))
        if draw.random() < 0.3:
            times = sorted(draw.randrange(LASTS_NS) for _ in range(30))
            made.feed(times)
        if draw.random() < 0.6:
            made.set_session_arrivals(draw.randint(1, 2), NS_PER_S, draw.choice((1, 6)))
            length = draw.choice((tables.constant(NS_PER_S), tables.exponential(2 * NS_PER_S)))
            every = draw.choice((0, 0, 30, 250, 900)) * NS_PER_MS
            made.set_sessions(length, draw.choice((50, 400)) * NS_PER_MS, every)

    def _edge(self, made: Any, draw: random.Random) -> None:
        affinity = draw.choice(AFFINITIES)
        if affinity:
            made.set_affinity(
                affinity, draw.choice((0, 400 * NS_PER_MS, 3 * NS_PER_S)), draw.random() < 0.3
            )
        made.set_edge(
            draw.randint(0, 3), draw.choice((0, 1, 2)), draw.choice((300, 3000)) * NS_PER_MS,
            draw.choice((0, 0, 5)), draw.choice((0, 60, 500, 5000)) * NS_PER_MS,
            draw.choice((0, 40, 400)) * NS_PER_MS, draw.random() < 0.2,
        )  # fmt: skip
        if draw.random() < 0.15:
            made.set_rate_limit(draw.randint(1, 2), draw.choice((2000, 30_000)), draw.randint(0, 4))

    def _be(self, made: Any, slot: int, draw: random.Random) -> None:
        made.set_slot(
            slot, draw.choice(EDGES), draw.choice(APPS), draw.choice((1, 1, 1, 2, 5)),
            draw.choice((0, 1, 3)), draw.choice((-1, 0, 2)), draw.choice((1000, 1000, 2500)), slot,
        )  # fmt: skip
        if draw.random() < 0.1:
            made.set_app_limit(slot, draw.choice((0, 80, 300)) * NS_PER_MS, draw.randint(1, 5))

    def _change(self, made: Any, at: int, draw: random.Random) -> None:
        kind = draw.randrange(8)
        slot = draw.randrange(made.slots)
        if kind == 0:
            made.cut(slot, at, draw.random() < 0.8, draw.random() < 0.8, draw.random() < 0.8)
        elif kind == 1:
            slot = made.add_slot()
        elif kind == 2:
            made.set_arrivals(draw.randint(0, 2), NS_PER_S, draw.choice((1, 25, 60)))
        elif kind == 6:
            self._reroute(made, draw)
        if kind not in (2, 6):
            self._be(made, slot, draw)

    def _reroute(self, made: Any, draw: random.Random) -> None:
        """Another rule, another tie, another limit, and what is under way goes on."""
        if draw.random() < 0.7:
            anew, unties = draw.random() < 0.7, draw.random() < 0.5
            made.set_rule(draw.randrange(len(kernel.RULES)), anew, unties)
        if draw.random() < 0.4:
            made.set_affinity(draw.choice(AFFINITIES), draw.choice((0, 400 * NS_PER_MS)))
        elif draw.random() < 0.2:
            made.set_tie(draw.choice((100 * NS_PER_MS, NS_PER_S)))
        if draw.random() < 0.3:
            made.set_patience(draw.choice((0, 60, 500)) * NS_PER_MS)
        if draw.random() < 0.2:
            made.set_rate_limit(draw.randint(0, 2), draw.choice((2000, 30_000)), draw.randint(0, 4))

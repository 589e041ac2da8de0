"""HAProxy's leastconn among many servers: in queues, by a heap, and as it is published."""

import random
from typing import Any

import pytest

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.traffic import kernel, tables
from reconciler.sim.traffic.core.haproxy import HEAPED
from reconciler.sim.traffic.core.kernel import Kernel as Plain
from reconciler.sim.traffic.kernel import (
    ABSENT,
    CLOSED,
    DOWN,
    DRAIN,
    HANGS,
    LEAST_CONN_HAPROXY,
    SERVES,
    UP,
)

SERVERS = 50
ARRIVAL, DEPARTURE = kernel.EVENTS.index("arrival"), kernel.EVENTS.index("departure")


class Heaped(Plain):
    """One that keeps its heap even where queues would do."""

    def reload(self) -> None:
        """Put all where they stand, which is the heap."""
        super().reload()
        if self.queued_up:
            self.queued_up = 0
            for slot in self.ups[: self.up_count]:
                self.s_queue[slot] = HEAPED
                self.orders[0].push(self.s_key[slot], slot)


def lively(made: Any, seed: int) -> Any:
    """Servers that come, go, drain, refuse and hang, under requests and sessions."""
    draw = random.Random(seed)
    for slot in range(SERVERS):
        made.set_slot(slot, UP, SERVES, 1, draw.choice((0, 0, 2)), 3)
    made.set_service_table(tables.exponential(80 * NS_PER_MS))
    made.set_clients(100, 0, 100)
    made.set_edge(3, draw.choice((0, 2)), NS_PER_S, 0, 900 * NS_PER_MS)
    made.set_retries(1)
    made.set_arrivals(kernel.POISSON, NS_PER_S, draw.choice((60, 700)))
    made.set_sessions(tables.exponential(NS_PER_S), every_ns=draw.choice((0, 200)) * NS_PER_MS)
    made.set_session_arrivals(kernel.POISSON, NS_PER_S, 20)
    for at in range(NS_PER_S // 4, 3 * NS_PER_S, NS_PER_S // 4):
        made.run(at)
        for slot in draw.sample(range(SERVERS), draw.choice((0, 1, 12))):
            if draw.random() < 0.3:
                made.cut(slot, at)
            edge = draw.choice((UP, UP, UP, UP, DRAIN, DOWN, ABSENT))
            weight = 2 if draw.random() < 0.05 else 1
            made.set_slot(slot, edge, draw.choice((SERVES, SERVES, SERVES, CLOSED, HANGS)), weight)
    made.run(3 * NS_PER_S)
    return made


def test_queues_choose_as_the_heap_does_whatever_happens_to_servers() -> None:
    queued = 0
    for seed in range(25):
        ours = lively(kernel.Kernel(seed, LEAST_CONN_HAPROXY, SERVERS), seed)
        theirs = lively(Heaped(seed, LEAST_CONN_HAPROXY, SERVERS), seed)
        assert ours.digest == theirs.digest, f"seed {seed}"
        queued += ours.queued_up
    assert queued > 5


@pytest.mark.parametrize("seed", range(3))
def test_the_fewest_connections_win_and_of_equal_ones_who_has_had_them_longest(seed: int) -> None:
    draw = random.Random(seed)
    times = sorted(draw.randrange(10 * NS_PER_S) for _ in range(4000))
    made = kernel.Kernel(seed, LEAST_CONN_HAPROXY, SERVERS)
    for slot in range(SERVERS):
        made.set_slot(slot, UP, SERVES)
    made.set_service_table(tables.exponential(900 * NS_PER_MS))
    made.set_clients(len(times))
    seen = made.watch()
    made.feed(times, None, list(range(len(times))))
    made.run(60 * NS_PER_S)
    given = {client: slot for _, what, slot, client in seen if what == DEPARTURE}
    assert len(given) == len(times)
    conns, since, turn = [0] * SERVERS, list(range(SERVERS)), SERVERS
    for _, what, _, client in seen:
        turn += 1
        slot = given[client]
        if what == ARRIVAL:
            assert slot == min(range(SERVERS), key=lambda n: (conns[n], since[n]))
        conns[slot] += 1 if what == ARRIVAL else -1
        since[slot] = turn

"""One queueing model, twice: as the traffic kernel has it, and in SimPy; the same random numbers.

Ten instances, each with places for eight at work and a queue; Poisson arrivals from many
clients, exponential work, one rule that chooses. SimPy's is written as one writes it there: a
process for each request, a Resource for each instance, the rule's published algorithm. It draws
the kernel's own numbers by their definition (SplitMix64 and quantile tables), written anew here.
"""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import simpy

from reconciler.sim.traffic import tables
from reconciler.sim.traffic.core import kernel as plain
from reconciler.sim.traffic.core.means import mean_of, unit
from reconciler.sim.traffic.kernel import (
    IP_HASH_NGINX,
    KUBE_RANDOM,
    LEAST_CONN,
    LEAST_CONN_HAPROXY,
    POISSON,
    RANDOM,
    ROUND_ROBIN,
    ROUND_ROBIN_HAPROXY,
    SERVES,
    SOURCE_HAPROXY,
    UP,
    WEIGHTED,
)

INSTANCES = 10
PLACES = 8
CLIENTS = 1 << 16
NETWORK = 10 << 24
GAP_NS = (10**9, 1400)  # 1,400 a second
WORK_NS = 20_000_000
WEIGHTS = {WEIGHTED: (2, 3), RANDOM: (2, 3), ROUND_ROBIN_HAPROXY: (2, 3)}  # others: all alike
MODELLED = (
    ROUND_ROBIN, WEIGHTED, LEAST_CONN, IP_HASH_NGINX, SOURCE_HAPROXY, RANDOM, KUBE_RANDOM,
    LEAST_CONN_HAPROXY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model came to: requests served by instance, and their times in the system, summed."""

    served: tuple[int, ...]
    latency_sum_ns: int
    cpu_s: float
    events: int


def weights_of(rule: int) -> tuple[int, ...]:
    """The instances' weights under a rule."""
    pair = WEIGHTS.get(rule, (1, 1))
    return tuple(pair[n % 2] for n in range(INSTANCES))


def ours(make: Callable[[int, int, int], Any], rule: int, seconds: int, seed: int = 1) -> Outcome:
    """The kernel's: so many virtual seconds of arrivals, to the last departure."""
    kernel = make(seed, rule, INSTANCES)
    for slot, weight in enumerate(weights_of(rule)):
        kernel.set_slot(slot, UP, SERVES, weight, PLACES, -1)
    kernel.set_clients(CLIENTS, NETWORK, CLIENTS)
    kernel.set_service_table(tables.exponential(WORK_NS))
    kernel.set_arrivals(POISSON, *GAP_NS)
    began = time.process_time()
    kernel.run(seconds * 10**9)
    kernel.set_arrivals(0)
    kernel.run((seconds + 10_000) * 10**9)
    took = time.process_time() - began
    served = tuple(kernel.served_at(slot) for slot in range(INSTANCES))
    return Outcome(served, kernel.latency_sum, took, kernel.events)


MASK = 0xFFFFFFFFFFFFFFFF


def mixed(seed: int, number: int) -> int:
    """SplitMix64: the output of this number."""
    z = (seed + number * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def drawn(table: Sequence[int], bits: int) -> int:
    """A draw from a quantile table."""
    level = min(64 - bits.bit_length(), 15)
    bits = (bits << min(level + 1, 15)) & MASK
    at = level * 257 + (bits >> 56)
    high = table[at]
    return high - ((high - table[at + 1]) * ((bits >> 44) & 0xFFF) >> 12)


def peer(rule: int, seconds: int, seed: int = 1) -> Outcome:
    """SimPy's: the same."""
    return Peer(rule, seconds, seed).run()


class Peer:
    """The model in SimPy."""

    def __init__(self, rule: int, seconds: int, seed: int = 1) -> None:
        names = plain.STREAM_NAMES
        seeds = {name: mixed(seed, names.index(name) + 1) for name in names}
        self.seed_gaps, self.seed_work = seeds["gaps"], seeds["work"]
        self.seed_clients, self.seed_balance = seeds["clients"], seeds["balance"]
        self.until_ns = seconds * 10**9
        self.weights = weights_of(rule)
        self.total = sum(self.weights)
        self.conns = [0] * INSTANCES
        self.current = [0] * INSTANCES
        self.since = list(range(1, INSTANCES + 1))
        self.turns = INSTANCES
        self.choices = 0
        self.served = [0] * INSTANCES
        self.latency_sum_ns = 0
        self.choose = CHOOSERS[rule]

    def run(self) -> Outcome:
        """Until all are served."""
        env = simpy.Environment()
        places = [simpy.Resource(env, capacity=PLACES) for _ in range(INSTANCES)]
        env.process(self.arrivals(env, places))
        began = time.process_time()
        env.run()
        took = time.process_time() - began
        return Outcome(tuple(self.served), self.latency_sum_ns, took, 2 * sum(self.served))

    def arrivals(
        self, env: simpy.Environment, places: list[simpy.Resource]
    ) -> Generator[simpy.Event, Any, None]:
        """One request after the other."""
        gaps, work = unit(), tables.exponential(WORK_NS)
        factor, shift, mask = mean_of(*GAP_NS)
        number = carry = 0
        while True:
            wide = drawn(gaps, mixed(self.seed_gaps, number)) * factor + carry
            carry = wide & mask
            if env.now + (wide >> shift) >= self.until_ns:
                return
            yield env.timeout(wide >> shift)
            client = ((mixed(self.seed_clients, number) >> 32) * CLIENTS) >> 32
            takes_ns = drawn(work, mixed(self.seed_work, number))
            number += 1
            slot = self.choose(self, NETWORK + client)
            env.process(self.request(env, places[slot], slot, takes_ns))

    def request(
        self, env: simpy.Environment, place: simpy.Resource, slot: int, takes_ns: int
    ) -> Generator[simpy.Event, Any, None]:
        """Wait for a place, work, go."""
        began = int(env.now)
        self.conns[slot] += 1
        self.moved(slot)
        with place.request() as granted:
            yield granted
            yield env.timeout(takes_ns)
        self.conns[slot] -= 1
        self.moved(slot)
        self.served[slot] += 1
        self.latency_sum_ns += int(env.now) - began

    def moved(self, slot: int) -> None:
        """HAProxy's leastconn takes those of equal load in the order of their coming to it."""
        self.turns += 1
        self.since[slot] = self.turns

    # -- the rules, as they are published ---------------------------------------------------

    def draw(self) -> int:
        """32 random bits for a choice."""
        self.choices += 1
        return mixed(self.seed_balance, self.choices) >> 32

    def round_robin(self, address: int) -> int:
        """In turn."""
        self.choices += 1
        return (self.choices - 1) % INSTANCES

    def smooth(self, address: int) -> int:
        """nginx: every peer gains its weight, the largest is picked and loses the sum."""
        best = 0
        for slot in range(INSTANCES):
            self.current[slot] += self.weights[slot]
            if self.current[slot] > self.current[best]:
                best = slot
        self.current[best] -= self.total
        return best

    def least_conn(self, address: int) -> int:
        """nginx: fewest connections by weight; of equal ones by smooth turns."""
        best, many = 0, False
        for slot in range(1, INSTANCES):
            ours = self.conns[slot] * self.weights[best]
            theirs = self.conns[best] * self.weights[slot]
            if ours < theirs:
                best, many = slot, False
            elif ours == theirs:
                many = True
        if many:
            total = 0
            for slot in range(best, INSTANCES):
                ours = self.conns[slot] * self.weights[best]
                if ours == self.conns[best] * self.weights[slot]:
                    self.current[slot] += self.weights[slot]
                    total += self.weights[slot]
                    if self.current[slot] > self.current[best]:
                        best = slot
            self.current[best] -= total
        return best

    def ip_hash(self, address: int) -> int:
        """nginx: the first three octets."""
        hashed = 89
        for shift in (24, 16, 8):
            hashed = (hashed * 113 + ((address >> shift) & 255)) % 6271
        mark = hashed % self.total
        slot = 0
        while mark >= self.weights[slot]:
            mark -= self.weights[slot]
            slot += 1
        return slot

    def source(self, address: int) -> int:
        """HAProxy: the address modulo the servers of equal weight."""
        return address % INSTANCES

    def random(self, address: int) -> int:
        """By weight."""
        mark = (self.draw() * self.total) >> 32
        slot = 0
        while mark >= self.weights[slot]:
            mark -= self.weights[slot]
            slot += 1
        return slot

    def least_loaded(self, address: int) -> int:
        """HAProxy: fewest connections; of equal ones the one that has been so the longest."""
        return min(range(INSTANCES), key=lambda slot: (self.conns[slot], self.since[slot]))


CHOOSERS: dict[int, Callable[[Peer, int], int]] = {
    ROUND_ROBIN: Peer.round_robin, WEIGHTED: Peer.smooth, LEAST_CONN: Peer.least_conn,
    IP_HASH_NGINX: Peer.ip_hash, SOURCE_HAPROXY: Peer.source, RANDOM: Peer.random,
    KUBE_RANDOM: Peer.random, LEAST_CONN_HAPROXY: Peer.least_loaded,
}  # fmt: skip

"""Instances that come, go and change: choices are those of one who looks at all of them anew.

The kernel looks only at slots that have changed, and keeps what it chooses by from one request
to the next. The other here does as the edges' own sources do: it goes through all each time.
"""

import random
from typing import Any

import pytest

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.traffic import kernel, tables
from reconciler.sim.traffic.core.heap import Heap
from reconciler.sim.traffic.core.kernel import Kernel as Plain
from reconciler.sim.traffic.core.means import spread
from reconciler.sim.traffic.core.members import WORTH
from reconciler.sim.traffic.kernel import (
    ABSENT,
    CLOSED,
    DOWN,
    DRAIN,
    HANGS,
    RANDOM_HAPROXY,
    ROUND_ROBIN_HAPROXY,
    RULES,
    SERVES,
    SOURCE_HAPROXY_RING,
    UP,
)

WORD = (1 << 32) - 1
WEIGHTS = {"even": (3,), "two": (1, 2), "some": (1, 2, 2, 0, 5), "many": tuple(range(1, 14))}


class Anew(Plain):
    """One that goes through all slots for each choice."""

    def is_fresh(self) -> int:
        """Lists that are made anew whenever they are wanted."""
        self.fresh = 0
        self.refresh()
        return 1

    def smooth_pick(self, now_ns: int) -> int:
        """nginx' way, peer by peer."""
        return self.slow_smooth(now_ns)

    def least_connected(self, now_ns: int) -> int:
        """nginx' way, peer by peer."""
        self.is_fresh()
        return self.least_among(now_ns)

    def least_loaded(self, now_ns: int) -> int:
        """The one with the least key."""
        self.is_fresh()
        left = [slot for slot in self.ups[: self.up_count] if self.may(slot, now_ns)]
        return min(left, key=self.s_key.__getitem__, default=-1)

    def source(self, address: int) -> int:
        """By a map of all."""
        self.is_fresh()
        weights = [(slot, self.s_weight[slot]) for slot in self.ups[: self.up_count]]
        places, count = spread(weights, self.s_weight[: self.slots])
        slot = places[address % count]
        return -1 if self.s_stamp[slot] == self.stamp and self.choices > 16 else slot

    def renew_ring(self, batch: list[int]) -> None:
        """The points of all, sorted."""
        self.points = sorted(
            (self.avalanche((slot + 1) * 4096 + point), slot)
            for slot in range(self.slots)
            if self.is_up(slot)
            for point in range(16 * self.s_weight[slot])
        )

    def on_ring(self, hashed: int, now_ns: int) -> int:
        """The nearest of all points, or the next that may."""
        count = len(self.points)
        at = next((n for n, (key, _) in enumerate(self.points) if key >= hashed), 0)
        back = (hashed - self.points[at - 1][0]) & WORD
        if back <= (self.points[at][0] - hashed) & WORD:
            at = (at - 1) % count
        row = (self.points[(at + n) % count][1] for n in range(count))
        return next((slot for slot in row if self.may(slot, now_ns)), -1)

    def group_renew(self, batch: list[int]) -> None:
        """HAProxy's window with all that is void thrown away, and a place for who has none."""
        if len(self.orders) != 3:
            self.group_begin()
            return
        self.is_fresh()
        kept: set[int] = set()
        for which in range(3):
            order: Heap = self.orders[which]
            pairs = [
                (key, slot)
                for key, slot in order.pairs()
                if self.is_up(slot) and self.s_class[slot] == self.s_weight[slot]
            ]
            order.fill(pairs)
            kept.update(slot for _, slot in pairs)
        total = self.group_next = 16 * sum(self.s_weight[s] for s in self.ups[: self.up_count])
        for slot in self.ups[: self.up_count]:
            if slot not in kept:
                self.s_rest[slot] = 0
                left = max(total + self.group_weight - self.group_pos, 0)
                self.s_npos[slot] = self.group_pos + left // (16 * self.s_weight[slot])
                self.place(slot)


def lively(made: Any, draw: random.Random, weights: tuple[int, ...]) -> list[Any]:
    """Slots that come, go, drain, refuse and hang; what it came to after each change."""
    many = made.slots
    for slot in range(many):
        made.set_slot(slot, UP, SERVES, draw.choice(weights), 4, 3)
    made.set_service_table(tables.exponential(40 * NS_PER_MS))
    made.set_clients(500, 10 << 24, 500)
    made.set_edge(
        draw.choice((0, 2)), draw.choice((0, 0, 1, 3)), 400 * NS_PER_MS, draw.choice((0, 9)),
        900 * NS_PER_MS,
    )  # fmt: skip
    made.set_arrivals(kernel.POISSON, NS_PER_S, draw.choice((100, 10 * many)))
    told = []
    for at in range(NS_PER_S // 20, 2 * NS_PER_S, NS_PER_S // 20):
        made.run(at)
        if draw.random() < 0.1:
            made.set_slot(made.add_slot(), UP, SERVES, draw.choice(weights), 4, 3)
        for slot in draw.sample(range(made.slots), draw.choice((0, 1, 1, 3))):
            edge = draw.choice((UP, UP, UP, DRAIN, DOWN, ABSENT))
            app = draw.choice((SERVES, SERVES, SERVES, CLOSED, HANGS))
            made.set_slot(slot, edge, app, draw.choice((*weights, made.s_weight[slot])), 4, 3)
        told.append((made.digest, [made.served_at(slot) for slot in range(made.slots)]))
    return told


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("rule", range(len(RULES)), ids=RULES)
def test_what_was_kept_chooses_as_a_look_at_all_does(rule: int, weights: str) -> None:
    for seed in range(3):
        slots = (5, 20, 60)[seed]
        ran = [
            lively(make(seed, rule, slots), random.Random(seed), WEIGHTS[weights])
            for make in (Anew, Plain, kernel.Kernel)
        ]
        assert ran[0] == ran[1] == ran[2], f"seed {seed}, {slots} slots"


@pytest.mark.parametrize("rule", range(len(RULES)), ids=RULES)
def test_a_copy_that_is_made_between_two_changes_goes_on_as_the_first(rule: int) -> None:
    made = Plain(3, rule, 40)
    lively(made, random.Random(3), WEIGHTS["two"])
    copies = [made.clone(), kernel.from_snapshot(made.snapshot())]
    for each in (made, *copies):
        for at in (3, 4):
            each.set_slot(at, UP, SERVES, 2, 4, 3)
            each.run(at * NS_PER_S)
    assert made.digest == copies[0].digest == copies[1].digest


@pytest.mark.parametrize("rule", (RANDOM_HAPROXY, SOURCE_HAPROXY_RING, ROUND_ROBIN_HAPROXY))
def test_who_comes_and_goes_time_and_again_leaves_nothing_behind(rule: int) -> None:
    made = Plain(1, rule, 10)
    for slot in range(10):
        made.set_slot(slot, UP, SERVES)
    made.set_arrivals(kernel.POISSON, NS_PER_S, 2000)
    for at in range(500):
        made.set_slot(at % 10, DOWN if at % 20 < 10 else UP, SERVES)
        made.run((at + 1) * NS_PER_MS)
    assert made.ring_made <= 16 * 10
    assert sum(order.size for order in made.orders) <= 2 * 10 + 64 + 1


def test_lists_are_made_anew_after_as_many_looks_as_they_are_worth() -> None:
    made = Plain(1, kernel.KUBE_RANDOM, 32 * WORTH)
    for slot in range(32 * WORTH):
        made.set_slot(slot, UP, SERVES)
    made.set_arrivals(kernel.CONSTANT, NS_PER_MS)
    made.run(20 * NS_PER_MS)
    assert not made.fresh
    made.run(40 * NS_PER_MS)
    assert made.fresh

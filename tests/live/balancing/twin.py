"""The kernel in the place of a real edge: the same requests, one by one."""

import ipaddress
import random
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model.units import NS_PER_MS
from reconciler.sim.traffic import kernel

GAP_NS = 10 * NS_PER_MS


@dataclass(frozen=True)
class Held:
    """A request that is held until just before the one of number `until` is sent."""

    until: int
    place: int  # of those that end before the same request, in which order


class Twin:
    """A kernel with a slot for each server. Its clients are numbered by their addresses."""

    def __init__(
        self, rule: int, weights: Sequence[int], clients: int = 1 << 32, **edge: int
    ) -> None:
        self.kernel = kernel.Kernel(1, rule=rule, slots=len(weights))
        self.kernel.set_clients(clients, 0, clients)
        self.kernel.set_edge(**{"request_timeout_ns": 0, **edge})
        self.weights = list(weights)
        self.now_ns = 0
        for slot in range(len(weights)):
            self.be(slot)

    def be(self, slot: int, edge: int = kernel.UP, app: int = kernel.SERVES) -> None:
        """How a server is from now on."""
        self.kernel.set_slot(slot, edge, app, weight=self.weights[slot])

    def given(self) -> list[int]:
        """How many requests each slot was given so far, refused ones included."""
        return [self.kernel.s_given[slot] for slot in range(len(self.weights))]

    def holding(self) -> list[int]:
        """How many requests each slot has answered or works on."""
        return [
            self.kernel.served_at(slot) + self.kernel.in_flight(slot)
            for slot in range(len(self.weights))
        ]

    def ask(self, client: int = 0, work_ns: int = 1000) -> tuple[int, list[int]]:
        """The slot that takes one more request, -1 for none, and all that were asked."""
        self.now_ns += GAP_NS
        self.kernel.run(self.now_ns)
        given, holding = self.given(), self.holding()
        self.kernel.feed([self.now_ns], [work_ns], [client])
        self.kernel.run(self.now_ns + 1)
        asked = [n for n, count in enumerate(self.given()) if count > given[n]]
        taken = [n for n, count in enumerate(self.holding()) if count > holding[n]]
        return taken[0] if taken else -1, asked

    def wait(self, for_ns: int) -> None:
        """Nobody asks for so long."""
        self.now_ns += for_ns

    def ask_held(self, number: int, held: Held | None) -> int:
        """Ask the request of this number of a script; the slot that takes it."""
        work_ns = 1000
        if held is not None:
            work_ns = (held.until - number) * GAP_NS - GAP_NS // 2 + held.place * 1000
        return self.ask(work_ns=work_ns)[0]


def script(count: int, seed: int) -> list[Held | None]:
    """Of so many requests, which are held, and until when; the rest are answered at once."""
    choose = random.Random(seed)
    ends: dict[int, int] = {}
    made: list[Held | None] = []
    for number in range(count):
        if choose.random() < 0.25:
            made.append(None)
            continue
        until = number + choose.randint(1, 24)
        made.append(Held(until, ends.get(until, 0)))
        ends[until] = ends.get(until, 0) + 1
    return made


def addresses(count: int, seed: int = 1) -> list[str]:
    """So many addresses all over, each in a /24 of its own."""
    choose = random.Random(seed)
    nets = choose.sample(range(1 << 16, 223 << 16), count)
    return [str(ipaddress.ip_address(net << 8 | choose.randint(1, 254))) for net in nets]


def number_of(address: str) -> int:
    """The client's number, which is its address."""
    return int(ipaddress.ip_address(address))

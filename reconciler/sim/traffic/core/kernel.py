"""The kernel: the loop over all that happens, and what others call.

Timers of one instant come before arrivals of the same, in the order of their records; of
arrivals those of the open loop, then those that were fed, then sessions.
"""

from array import array
from typing import Any

from .answers import Answers
from .means import longer, unit
from .words import (
    ABSENT,
    BACKOFF,
    CHUNK,
    CONNECTING,
    FAR,
    GONE,
    LATE,
    ORPHAN,
    REDIAL,
    ROUND_ROBIN,
    SERVICE,
    SESSION_OPEN,
    STUCK,
    THINKING,
    WAITING,
)

STREAM_NAMES = ("gaps", "work", "clients", "balance", "sessions", "lengths", "closed")
FED_FROM = 1 << 40  # numbers of draws for arrivals that were fed


class Kernel(Answers):
    """One routed service under load, or one queue of work. See `reconciler.sim.traffic.kernel`."""

    def __init__(self, seed: int, rule: int = ROUND_ROBIN, slots: int = 0) -> None:
        Answers.__init__(self)
        self.rule = rule
        self.turn = -1
        self.stale = 1
        self.chunk = -1
        self.clients = self.addresses = 1
        self.work_constant = 0
        self.redial_ns = 1_000_000_000
        self.connect_timeout = 5_000_000_000
        self.t_unit = unit()
        for name in ("b_gap", "b_work", "b_client"):
            setattr(self, name, array("q", bytes(8 * CHUNK)))
        for name in ("class_weight", "class_add"):
            setattr(self, name, array("q", bytes(8 * 8)))
        for number, name in enumerate(STREAM_NAMES):
            seeded = self.mixed(seed & 0xFFFFFFFFFFFFFFFF, number + 1)
            setattr(self, f"seed_{name}", seeded)
        for _ in range(slots):
            self.add_slot()

    # -- the loop --------------------------------------------------------------------------

    def run(self, until_ns: int) -> None:
        """Let everything happen that is due before `until_ns`."""
        while True:
            at = self.heap.top
            if at <= self.next_arrival:
                if at >= until_ns:
                    break
                record = self.heap.pop()
                if self.r_due[record] == at:
                    self.now_ns = at
                    if self.r_kind[record] == SERVICE:
                        self.depart(record, at)
                    else:
                        self.come_due(record, at)
                continue
            at = self.next_arrival
            if at >= until_ns:
                break
            self.now_ns = at
            if at == self.next_open:
                self.next_in_line(at)
            elif at == self.next_fed:
                self.next_from_log(at)
            else:
                self.next_session = at + self.session_gap()
                self.soonest()
                self.begin_session(at)
        if until_ns > self.now_ns:
            self.now_ns = until_ns

    def come_due(self, record: int, now_ns: int) -> None:
        """What a record waited for, other than the end of its work, has come."""
        kind = self.r_kind[record]
        if kind == ORPHAN:
            self.depart(record, now_ns)
        elif kind == BACKOFF:
            self.send(record, now_ns)
        elif kind == THINKING:
            self.ask_again(record, now_ns)
        elif kind == SESSION_OPEN:
            self.end_session(record, now_ns)
        elif kind == REDIAL:
            self.dial(record, now_ns)
        else:
            self.give_up(record, now_ns)

    def next_in_line(self, now_ns: int) -> None:
        """The open loop's pending arrival is there."""
        number = self.drawn
        work = self.work_constant
        client = 0
        if work < 0 or self.clients > 1:
            if (number >> 8) != self.chunk:
                self.fill_chunk(number >> 8)
            if work < 0:
                work = self.b_work[number & 255]
            if self.clients > 1:
                client = self.b_client[number & 255]
        self.drawn = number + 1
        self.next_open = now_ns + self.next_gap()
        self.soonest()
        self.ask(client, work, now_ns)

    def next_from_log(self, now_ns: int) -> None:
        """An arrival that was fed is there."""
        number = self.fed
        self.fed = number + 1
        self.next_fed = self.f_times[number + 1] if number + 1 < self.fed_count else FAR
        self.soonest()
        draw = FED_FROM + self.fed_before + number
        client = 0
        if self.has_clients:
            client = self.f_clients[number]
        elif self.clients > 1:
            bits = self.mixed(self.seed_clients, draw)
            client = ((bits >> 32) * self.clients) >> 32
        work = self.work_constant
        if self.has_sizes:
            work = self.f_sizes[number]
        elif work < 0:
            work = self.from_table(self.t_service, self.mixed(self.seed_work, draw))
        self.ask(client, work, now_ns)

    # -- slots -----------------------------------------------------------------------------

    def add_slot(self) -> int:
        """One more slot, absent so far; its number."""
        slot = self.new_slot()
        for name in ("ups", "listed", "upto"):
            setattr(self, name, longer(getattr(self, name), self.slot_room))
        self.map_stale = 1
        return slot

    def set_slot(
        self, slot: int, edge: int, app: int, weight: int = 1, concurrency: int = 0,
        backlog: int = 0, slow_permille: int = 1000, address: int = 0,
    ) -> None:  # fmt: skip
        """How a slot is from now on. A backlog below 0 is without end."""
        if edge != self.s_edge[slot] or weight != self.s_weight[slot]:
            self.end_smooth()
            if self.s_edge[slot] == ABSENT:
                self.s_current[slot] = self.s_fails[slot] = 0
            self.s_effective[slot] = weight
            self.stale = 1
        self.s_edge[slot], self.s_app[slot], self.s_weight[slot] = edge, app, weight
        self.s_limit[slot], self.s_backlog[slot] = concurrency, backlog
        self.s_slow[slot], self.s_address[slot] = slow_permille, address
        while self.s_waiting[slot] > 0 and (concurrency == 0 or self.s_busy[slot] < concurrency):
            self.start_next(slot, self.now_ns)
        if self.queued > 0:
            self.drain_queue(slot, self.now_ns)

    def cut(self, slot: int, now_ns: int, requests: bool = True, sessions: bool = True) -> None:
        """What is under way at a slot is lost: requests counted as cut, sessions dialled again."""
        self.run(now_ns)
        there = [n for n in range(self.records) if self.r_slot[n] == slot and self.r_kind[n]]
        if requests:
            self.s_head[slot] = self.s_tail[slot] = -1
            lost = []
            for record in there:
                kind = self.r_kind[record]
                if kind == GONE:
                    self.let_go(record)
                elif kind == ORPHAN:
                    self.s_busy[slot] -= 1
                    self.let_go(record)
                elif kind in (SERVICE, LATE, WAITING, STUCK, CONNECTING):
                    if kind == WAITING:
                        self.s_waiting[slot] -= 1
                    elif kind in (SERVICE, LATE):
                        self.s_busy[slot] -= 1
                    self.connect(slot, -1)
                    lost.append(record)
            for record in lost:
                self.lose(record, now_ns)
        if sessions:
            for record in there:
                if self.r_kind[record] == SESSION_OPEN:
                    self.cut_session(record, now_ns)

    # -- copies ----------------------------------------------------------------------------

    def watch(self, on: bool = True) -> list[tuple[int, int, int, int]]:
        """Keep each event from now on: (time in ns, kind as in `EVENTS`, slot, client)."""
        seen: list[tuple[int, int, int, int]] = []
        self.watched = seen if on else None
        return seen

    def clone(self) -> "Kernel":
        """One that goes on from here by itself."""
        made = type(self)(0)
        made.restore(self.plain())
        return made

    def snapshot(self) -> dict[str, Any]:
        """All of it as plain data; `from_snapshot` makes it again, compiled or not."""
        return self.plain()


def from_snapshot(plain: dict[str, Any]) -> Kernel:
    """The kernel that was written down."""
    made = Kernel(0)
    made.restore(plain)
    return made

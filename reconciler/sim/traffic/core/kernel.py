"""The kernel as others have it: made from a seed, its slots, and copies of it."""

from typing import Any

from .answers import Answers
from .arrays import longer, zeros
from .means import unit
from .words import (
    ABSENT,
    CHUNK,
    CONNECTING,
    GONE,
    LATE,
    LONGEST,
    ORPHAN,
    ROUND_ROBIN,
    SERVICE,
    SESSION_OPEN,
    STUCK,
    WAITING,
)

STREAM_NAMES = ("gaps", "work", "clients", "balance", "sessions", "lengths", "closed")


class Kernel(Answers):
    """One routed service under load, or one queue of work. See `reconciler.sim.traffic.kernel`."""

    def __init__(self, seed: int, rule: int = ROUND_ROBIN, slots: int = 0) -> None:
        Answers.__init__(self)
        self.rule = rule
        self.turn = self.unplayed = -1
        self.stale = 1
        self.chunk = self.draw_chunk = -1
        self.clients = self.addresses = self.everybody = 1
        self.work_constant = 0
        self.redial_ns = 1_000_000_000
        self.connect_timeout = 5_000_000_000
        self.t_unit = unit()
        for name in ("b_gap", "b_work", "b_client", "b_draw"):
            setattr(self, name, zeros(CHUNK))
        for name in ("class_weight", "class_add"):
            setattr(self, name, zeros(8))
        for number, name in enumerate(STREAM_NAMES):
            seeded = self.mixed(seed & 0xFFFFFFFFFFFFFFFF, number + 1)
            setattr(self, f"seed_{name}", seeded)
        for _ in range(slots):
            self.add_slot()

    # -- slots -----------------------------------------------------------------------------

    def add_slot(self) -> int:
        """One more slot, absent so far; its number."""
        slot = self.new_slot()
        if len(self.ups) < self.slot_room:
            for name in ("ups", "listed", "upto"):
                setattr(self, name, longer(getattr(self, name), self.slot_room))
            self.end_trees()
        self.map_stale = 1
        return slot

    def set_slot(
        self, slot: int, edge: int, app: int, weight: int = 1, concurrency: int = 0,
        backlog: int = 0, slow_permille: int = 1000, address: int = 0,
    ) -> None:  # fmt: skip
        """How a slot is from now on. A backlog below 0 is without end."""
        if edge != self.s_edge[slot] or weight != self.s_weight[slot]:
            self.leave_smooth(slot)
            self.leave_trees(slot)
            if self.s_edge[slot] == ABSENT:
                self.s_current[slot] = self.s_fails[slot] = 0
            self.s_effective[slot] = weight
            self.changes(slot)
        self.s_edge[slot], self.s_app[slot], self.s_weight[slot] = edge, app, weight
        self.look_sick(slot)
        self.s_limit[slot], self.s_backlog[slot] = concurrency, backlog
        self.s_slow[slot], self.s_address[slot] = slow_permille, address
        while self.s_waiting[slot] > 0 and (concurrency == 0 or self.s_busy[slot] < concurrency):
            self.start_next(slot, self.now_ns)
        if self.queued > 0:
            self.drain_queue(slot, self.now_ns)

    def set_app_limit(self, slot: int, gap_ns: int = 0, burst: int = 1) -> None:
        """An app that lets through `burst` requests at once, and one more each `gap_ns`; 0: all.

        What exceeds it is answered 429 by the instance itself. Its bucket is full from now on.
        """
        self.app_limits += (gap_ns > 0) - (self.s_gap[slot] > 0)
        self.s_gap[slot], self.s_tat[slot] = min(gap_ns, LONGEST), 0
        self.s_ahead[slot] = min((burst - 1) * gap_ns, LONGEST)

    def cut(
        self, slot: int, now_ns: int, requests: bool = True, sessions: bool = True,
        ended: bool = True,
    ) -> None:  # fmt: skip
        """What is under way at a slot is lost: requests counted as cut, sessions dialled again.

        `ended`: the instance is gone too, and with it what it kept of affine sessions.
        """
        self.run(now_ns)
        there: list[int] = []
        here = self.s_conns[slot] + self.s_old[slot] + self.s_busy[slot]
        if here > 0 or self.s_head[slot] >= 0:
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
                    self.leave(record, slot)
                    lost.append(record)
            for record in lost:
                self.lose(record, now_ns)
        if sessions:
            for record in there:
                if self.r_kind[record] == SESSION_OPEN:
                    self.cut_session(record, now_ns)
        if ended:
            self.lose_states(slot, now_ns)

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

"""A kernel's data: how it is made, how it grows, and how it is copied.

A record is one request, one client of the closed loop, or one session: it waits for one thing at
a time (`r_kind`), which comes about at `r_due`. The heap holds (due, record); an entry whose
record is due at another time is void.
"""

from typing import Any

from .arrays import doubled, held, longer, zeros
from .fields import ARRAYS, BY_PLACE, BY_RECORD, BY_SLOT, NUMBERS, Fields
from .heap import Heap
from .words import BUCKETS, FAR, FREE, HASH_KEY, REASON_COUNT


class State(Fields):
    """All of a kernel's data, how it grows, and how it is copied."""

    def __init__(self) -> None:
        for name in NUMBERS:
            setattr(self, name, 0)
        for name in ARRAYS:
            setattr(self, name, zeros(1))
        for name in (*BY_SLOT, *BY_RECORD, *BY_PLACE):
            setattr(self, name, zeros(16))
        self.s_dropped = zeros(16 * REASON_COUNT)
        self.sums = zeros(17)
        self.nowhere = zeros(REASON_COUNT)
        self.latency = zeros(BUCKETS)
        self.slot_room = self.record_room = self.place_room = 16
        self.free = self.free_place = self.queue_head = self.queue_tail = -1
        self.next_open = self.next_fed = self.next_session = self.next_arrival = FAR
        self.heap = Heap()
        self.orders: list[Heap] = []
        self.watched: list[tuple[int, int, int, int]] | None = None

    def new_slot(self) -> int:
        """One more slot, absent."""
        slot = self.slots
        if slot == self.slot_room:
            for name in (*BY_SLOT, "s_dropped"):
                setattr(self, name, doubled(getattr(self, name)))
            self.slot_room *= 2
            self.more_sums()
        self.slots = slot + 1
        self.s_head[slot] = -1
        self.s_tail[slot] = -1
        self.s_slow[slot] = 1000
        self.s_class[slot] = -1
        self.s_queue[slot] = -1
        return slot

    def more_sums(self) -> None:
        """The tree of sums for as many slots more: above its root there is one that adds none."""
        room = self.slot_room
        self.sums = longer(self.sums, room + 1)
        self.sums[room] = self.sums[room >> 1]

    def new_record(self) -> int:
        """A free record."""
        record = self.free
        if record >= 0:
            self.free = self.r_next[record]
            return record
        record = self.records
        if record == self.record_room:
            self.more_records()
        self.records = record + 1
        return record

    def more_records(self) -> None:
        """Room for twice as many records."""
        for name in BY_RECORD:
            setattr(self, name, doubled(getattr(self, name)))
        self.record_room *= 2

    def new_place(self) -> int:
        """A free place for an affine session."""
        place = self.free_place
        if place >= 0:
            self.free_place = self.p_next[place]
            return place
        place = self.places
        if place == self.place_room:
            for name in BY_PLACE:
                setattr(self, name, doubled(getattr(self, name)))
            self.place_room *= 2
            self.tie_places()
        self.places = place + 1
        return place

    def tie_places(self) -> None:
        """Where sessions are tied by ids of their own, the table has a key for each."""
        if self.affinity == HASH_KEY and self.every > 0:
            for name in ("a_slot", "a_last"):
                setattr(self, name, longer(getattr(self, name), self.everybody + self.place_room))

    def let_go(self, record: int) -> None:
        """This record is free."""
        self.r_kind[record] = FREE
        self.r_due[record] = -1
        self.r_next[record] = self.free
        self.free = record

    def plain(self) -> dict[str, Any]:
        """All of it as numbers and lists."""
        made: dict[str, Any] = {name: getattr(self, name) for name in NUMBERS}
        made.update((name, list(getattr(self, name))) for name in ARRAYS)
        made["heap"] = [list(pair) for pair in self.heap.pairs()]
        made["orders"] = [[list(pair) for pair in each.pairs()] for each in self.orders]
        return made

    def restore(self, plain: dict[str, Any]) -> None:
        """Become what `plain` told."""
        for name in NUMBERS:
            setattr(self, name, plain[name])
        for name in ARRAYS:
            setattr(self, name, held(plain[name]))
        self.heap = Heap()
        self.heap.fill([(key, item) for key, item in plain["heap"]])
        self.orders = []
        for pairs in plain["orders"]:
            order = Heap()
            order.fill([(key, item) for key, item in pairs])
            self.orders.append(order)

"""What becomes of a request at an instance: it waits, is worked on, and is done."""

from .clients import Clients
from .words import (
    DEPARTURE,
    GONE,
    LATE,
    LEAST_CONN_HAPROXY,
    LIMITED,
    NATIVE,
    ORPHAN,
    SERVES,
    SERVICE,
    SESSION_OPEN,
    UP,
    WAITING,
)


class Instance(Clients):
    """Instances, each with its places and its backlog, and the edge's queue before all of them."""

    def connect(self, slot: int, by: int) -> None:
        """The edge has a connection to a slot more, or less."""
        self.s_conns[slot] += by
        if self.rule == LEAST_CONN_HAPROXY:
            self.moved_load(slot)
        elif self.trees:
            self.moved_conns(slot)

    def leave(self, record: int, slot: int) -> None:
        """The connection of this record is no more, whichever process of the edge had it."""
        if not self.r_old[record]:
            self.connect(slot, -1)
            return
        self.r_old[record] = 0
        self.s_old[slot] -= 1
        if self.r_kind[record] != SESSION_OPEN:
            self.old -= 1

    def has_room(self, slot: int) -> int:
        """Whether a request that comes to this slot would be taken."""
        if self.s_app[slot] != SERVES:
            return 0
        limit = self.s_limit[slot]
        if limit == 0 or self.s_busy[slot] < limit or self.s_backlog[slot] < 0:
            return 1
        return 1 if self.s_waiting[slot] < self.s_backlog[slot] else 0

    def admit(self, record: int, slot: int, now_ns: int) -> int:
        """An app that serves takes a request, at once or into its backlog; 0: it is full."""
        limit = self.s_limit[slot]
        at_once = limit == 0 or self.s_busy[slot] < limit
        if not at_once and 0 <= self.s_backlog[slot] <= self.s_waiting[slot]:
            return 0
        self.s_given[slot] += 1
        if self.affinity:
            self.moved += self.stick(self.r_client[record], slot, now_ns)
        if self.app_limits and not self.lets_through(slot, now_ns):
            self.s_failed[slot] += 1
            self.fail(record, LIMITED, now_ns)
            return 1
        self.connect(slot, 1)
        if at_once:
            self.start(record, slot, now_ns)
            return 1
        self.r_kind[record] = WAITING
        self.r_next[record] = -1
        if self.s_tail[slot] >= 0:
            self.r_next[self.s_tail[slot]] = record
        else:
            self.s_head[slot] = record
        self.s_tail[slot] = record
        self.s_waiting[slot] += 1
        if self.request_timeout > 0:
            self.wake(record, self.r_since[record] + self.request_timeout)
        else:
            self.r_due[record] = -1
        return 1

    def lets_through(self, slot: int, now_ns: int) -> int:
        """The app's own rate limit, which its instance keeps alone: a bucket of tokens."""
        gap = self.s_gap[slot]
        if gap == 0:
            return 1
        full_at = self.s_tat[slot]
        if full_at < now_ns:
            full_at = now_ns
        if full_at - now_ns > self.s_ahead[slot]:
            return 0
        self.s_tat[slot] = full_at + gap
        return 1

    def start(self, record: int, slot: int, now_ns: int) -> None:
        """Work on a request begins."""
        self.s_busy[slot] += 1
        work = self.r_work[record]
        if self.s_slow[slot] != 1000:
            work = work * self.s_slow[slot] // 1000
        due = now_ns + work
        self.r_end[record] = due
        self.r_kind[record] = SERVICE
        if self.request_timeout > 0 and due > self.r_since[record] + self.request_timeout:
            self.r_kind[record] = LATE
            due = self.r_since[record] + self.request_timeout
        self.r_due[record] = due
        self.heap.push(due, record)

    def depart(self, record: int, now_ns: int) -> None:
        """Work on a request is done."""
        slot = self.r_slot[record]
        client = self.r_client[record]
        self.s_busy[slot] -= 1
        self.note(now_ns, DEPARTURE, slot, self.whose(client))
        if self.r_kind[record] == ORPHAN:
            self.let_go(record)
        else:
            self.leave(record, slot)
            self.s_served[slot] += 1
            self.served += 1
            self.in_flight_total -= 1
            took = now_ns - self.r_begin[record]
            self.latency_sum += took
            if took > self.latency_most:
                self.latency_most = took
            self.latency[self.bucket_of(took)] += 1
            if self.troubled:
                self.clear_blame(slot)
            if client >= self.everybody:
                self.keep(client, slot, now_ns)
            self.answer(record, now_ns)
        if self.s_head[slot] >= 0:
            self.start_next(slot, now_ns)
        if self.queued > 0:
            self.drain_queue(slot, now_ns)

    def start_next(self, slot: int, now_ns: int) -> None:
        """The one that has waited longest is worked on; those that left are not."""
        limit = self.s_limit[slot]
        while self.s_head[slot] >= 0 and (limit == 0 or self.s_busy[slot] < limit):
            record = self.s_head[slot]
            self.s_head[slot] = self.r_next[record]
            if self.s_head[slot] < 0:
                self.s_tail[slot] = -1
            if self.r_kind[record] != GONE:
                self.s_waiting[slot] -= 1
                self.start(record, slot, now_ns)
                return
            self.let_go(record)

    def drain_queue(self, slot: int, now_ns: int) -> None:
        """A slot may have room: what waits at the edge goes there, first come first."""
        while self.queued > 0 and self.s_edge[slot] == UP and self.has_room(slot):
            record = self.queue_head
            self.queue_head = self.r_next[record]
            if self.queue_head < 0:
                self.queue_tail = -1
            if self.r_kind[record] == GONE:
                self.let_go(record)
                continue
            self.queued -= 1
            self.r_slot[record] = slot
            self.admit(record, slot, now_ns)

    def bucket_of(self, took_ns: int) -> int:
        """The latency histogram's bucket: 16 for each power of two."""
        if took_ns < 32:
            return took_ns
        if not NATIVE:
            shift = took_ns.bit_length() - 5
            return (shift << 4) + (took_ns >> shift)
        shift = 32 if took_ns >> 36 else 0
        if took_ns >> (shift + 20):
            shift += 16
        if took_ns >> (shift + 12):
            shift += 8
        if took_ns >> (shift + 8):
            shift += 4
        if took_ns >> (shift + 6):
            shift += 2
        if took_ns >> (shift + 5):
            shift += 1
        return (shift << 4) + (took_ns >> shift)

"""What becomes of a request: where it is sent, how long it waits, what its client is told."""

from .sticky import Sticky
from .words import (
    ANSWERS_503,
    ARRIVAL,
    BACKOFF,
    BY_ADDRESS,
    CLOSED,
    CONNECTING,
    CUT,
    DEPARTURE,
    DIGEST,
    DROP,
    FULL,
    GONE,
    LATE,
    LEAST_CONN_HAPROXY,
    LEFT,
    LIMITED,
    MASK,
    NO_SERVER,
    ORPHAN,
    QUEUED,
    REASON_COUNT,
    REFUSED,
    RETRY,
    SERVES,
    SERVICE,
    SILENT,
    STUCK,
    THINKING,
    TIMEOUT,
    UNREADY,
    UP,
    WAITING,
)

NATIVE = not __file__.endswith(".py")


class Serve(Sticky):
    """A request's way through the edge and an instance."""

    def note(self, now_ns: int, what: int, slot: int, client: int) -> None:
        """One event: it is counted, and changes the digest."""
        self.events += 1
        self.digest_now = (
            (self.digest_now ^ now_ns) * DIGEST + (what | (slot + 1) << 4 | client << 28)
        ) & MASK
        if self.watched is not None:
            self.watched.append((now_ns, what, slot, client))

    def wake(self, record: int, due_ns: int) -> None:
        """Let a record come up when it is due."""
        self.r_due[record] = due_ns
        self.heap.push(due_ns, record)

    # -- coming in -------------------------------------------------------------------------

    def ask(self, client: int, work: int, now_ns: int) -> None:
        """A request arrives."""
        self.arrivals += 1
        self.in_flight_total += 1
        self.note(now_ns, ARRIVAL, -1, client)
        record = self.new_record()
        self.r_client[record] = client
        self.r_begin[record] = now_ns
        self.r_work[record] = work
        self.r_tries[record] = 0
        self.send(record, now_ns)

    def send(self, record: int, now_ns: int) -> None:
        """The client's request reaches the edge, for the first time or again."""
        self.r_since[record] = now_ns
        self.r_slot[record] = -1
        if self.limit_by and not self.within_limit(self.r_client[record], now_ns):
            self.fail(record, LIMITED, now_ns)
            return
        self.dispatch(record, now_ns, self.tries, -1)

    def within_limit(self, client: int, now_ns: int) -> int:
        """nginx' limit_req without delay: a leaky bucket for each key."""
        key = client % self.addresses if self.limit_by == BY_ADDRESS else 0
        free_at = self.l_tat[key]
        if free_at < now_ns:
            free_at = now_ns
        if free_at - now_ns > self.limit_burst * self.limit_gap:
            return 0
        self.l_tat[key] = free_at + self.limit_gap
        return 1

    # -- the edge --------------------------------------------------------------------------

    def dispatch(self, record: int, now_ns: int, left: int, but: int) -> None:
        """The edge gives a request to a slot; refused there, to further ones, `left` at most.

        `but`: a slot that was tried already, or -1.
        """
        client = self.r_client[record]
        self.stamp += 1
        self.choices = 0
        if but >= 0:
            self.s_stamp[but] = self.stamp
            self.choices = 1
        self.hash_picks = self.choices
        slot = self.stuck_to(client, now_ns) if self.affinity else -1
        why = NO_SERVER
        where = -1
        while True:
            if slot < 0:
                slot = self.pick(client, now_ns)
                if slot < 0:
                    break
            where = slot
            self.r_slot[record] = slot
            app = self.s_app[slot]
            if app == SERVES:
                if self.queued == 0 and self.admit(record, slot, now_ns):
                    return
                why = FULL
                if self.queue_most > 0:
                    if self.enqueue(record, slot, now_ns):
                        return
                    left += 1
            elif app == CLOSED:
                why = REFUSED
                self.s_given[slot] += 1
                self.s_failed[slot] += 1
                self.blame(slot, now_ns)
            else:
                self.misled(record, slot, now_ns, left)
                return
            if left <= 0:
                break
            left -= 1
            self.s_stamp[slot] = self.stamp
            self.choices += 1
            slot = -1
        if why == NO_SERVER and self.holds and self.enqueue(record, -1, now_ns):
            return
        self.r_slot[record] = where
        self.fail(record, why, now_ns)

    def misled(self, record: int, slot: int, now_ns: int, left: int) -> None:
        """The app took the request, or seems to, and does not serve it."""
        self.s_given[slot] += 1
        if self.affinity:
            self.moved += self.stick(self.r_client[record], slot, now_ns)
        app = self.s_app[slot]
        if app == ANSWERS_503:
            self.s_failed[slot] += 1
            self.fail(record, UNREADY, now_ns)
            return
        # Nothing comes back: the edge waits as long as it waits.
        self.connect(slot, 1)
        patience = self.request_timeout
        self.r_kind[record] = STUCK
        if app == SILENT:
            self.r_kind[record] = CONNECTING
            self.r_end[record] = left
            patience = self.connect_timeout
        self.r_due[record] = -1
        if patience > 0:
            self.wake(record, now_ns + patience)

    def enqueue(self, record: int, slot: int, now_ns: int) -> int:
        """Wait at the edge until some slot has room; 0 where others have, or the queue is full."""
        if self.queued >= self.queue_most:
            return 0
        if slot >= 0 and self.queued == 0 and self.somewhere(slot):
            return 0
        self.r_slot[record] = -1
        self.r_kind[record] = QUEUED
        self.r_next[record] = -1
        if self.queue_tail >= 0:
            self.r_next[self.queue_tail] = record
        else:
            self.queue_head = record
        self.queue_tail = record
        self.queued += 1
        if self.queued > self.queue_peak:
            self.queue_peak = self.queued
        if self.request_timeout > 0:
            self.wake(record, self.r_since[record] + self.request_timeout)
        return 1

    def somewhere(self, but: int) -> int:
        """Whether another slot that is up and was not tried has room."""
        for at in range(self.up_count):
            slot = self.ups[at]
            if slot != but and self.s_stamp[slot] != self.stamp and self.has_room(slot):
                return 1
        return 0

    def has_room(self, slot: int) -> int:
        """Whether a request that comes to this slot would be taken."""
        if self.s_app[slot] != SERVES:
            return 0
        limit = self.s_limit[slot]
        if limit == 0 or self.s_busy[slot] < limit or self.s_backlog[slot] < 0:
            return 1
        return 1 if self.s_waiting[slot] < self.s_backlog[slot] else 0

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

    def connect(self, slot: int, by: int) -> None:
        """The edge has a connection to a slot more, or less."""
        self.s_conns[slot] += by
        if self.rule == LEAST_CONN_HAPROXY:
            self.moved_load(slot)

    def blame(self, slot: int, now_ns: int) -> None:
        """nginx' passive marking: one more failure of this peer."""
        if self.max_fails == 0:
            return
        self.end_smooth()
        self.troubled = 1
        self.s_fails[slot] += 1
        self.s_accessed[slot] = self.s_checked[slot] = now_ns
        self.s_effective[slot] -= self.s_weight[slot] // self.max_fails
        if self.s_effective[slot] < 0:
            self.s_effective[slot] = 0

    def clear_blame(self, slot: int) -> None:
        """One that was tried again after its time has answered; without failures left, peace."""
        if self.s_accessed[slot] >= self.s_checked[slot]:
            return
        self.s_fails[slot] = 0
        for each in range(self.slots):
            if self.s_fails[each] > 0 or self.s_effective[each] != self.s_weight[each]:
                return
        self.troubled = 0

    # -- the instance ----------------------------------------------------------------------

    def admit(self, record: int, slot: int, now_ns: int) -> int:
        """An app that serves takes a request, at once or into its backlog; 0: it is full."""
        limit = self.s_limit[slot]
        at_once = limit == 0 or self.s_busy[slot] < limit
        if not at_once and 0 <= self.s_backlog[slot] <= self.s_waiting[slot]:
            return 0
        self.s_given[slot] += 1
        self.connect(slot, 1)
        if self.affinity:
            self.moved += self.stick(self.r_client[record], slot, now_ns)
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
        self.s_work[slot] += self.r_work[record]
        self.note(now_ns, DEPARTURE, slot, client)
        if self.r_kind[record] == ORPHAN:
            self.let_go(record)
        else:
            self.connect(slot, -1)
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
            self.answer(record, now_ns)
        if self.s_head[slot] >= 0:
            self.start_next(slot, now_ns)
        if self.queued > 0:
            self.drain_queue(slot, now_ns)

    def start_next(self, slot: int, now_ns: int) -> None:
        """The one that has waited longest is worked on; those that left are not."""
        while self.s_head[slot] >= 0:
            record = self.s_head[slot]
            self.s_head[slot] = self.r_next[record]
            if self.s_head[slot] < 0:
                self.s_tail[slot] = -1
            if self.r_kind[record] != GONE:
                self.s_waiting[slot] -= 1
                self.start(record, slot, now_ns)
                return
            self.let_go(record)

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

    # -- the client ------------------------------------------------------------------------

    def answer(self, record: int, now_ns: int) -> None:
        """Its client has what it wanted, or has given up: it goes, or thinks and asks again."""
        if self.r_client[record] < self.clients:
            self.let_go(record)
            return
        self.think(record, now_ns)

    def think(self, record: int, now_ns: int) -> None:
        """A client of the closed loop asks again after a while."""
        client = self.r_client[record]
        at = client - self.clients
        self.r_kind[record] = THINKING
        self.r_slot[record] = -1
        bits = self.mixed(self.seed_closed + client * DIGEST, 2 * self.c_count[at])
        self.wake(record, now_ns + self.from_table(self.t_think, bits))

    def ask_again(self, record: int, now_ns: int) -> None:
        """A client of the closed loop asks."""
        client = self.r_client[record]
        at = client - self.clients
        bits = self.mixed(self.seed_closed + client * DIGEST, 2 * self.c_count[at] + 1)
        self.c_count[at] += 1
        self.arrivals += 1
        self.in_flight_total += 1
        self.note(now_ns, ARRIVAL, -1, client)
        self.r_begin[record] = now_ns
        self.r_tries[record] = 0
        work = self.work_constant
        self.r_work[record] = work if work >= 0 else self.from_table(self.t_service, bits)
        self.send(record, now_ns)

    def fail(self, record: int, why: int, now_ns: int) -> None:
        """The client gets an error; it tries again after a while, or the request is dropped."""
        slot = self.r_slot[record]
        client = self.r_client[record]
        tries = self.r_tries[record]
        if tries < self.most_retries:
            self.r_tries[record] = tries + 1
            self.r_kind[record] = BACKOFF
            self.r_slot[record] = -1
            self.note(now_ns, RETRY, slot, client)
            self.wake(record, now_ns + (self.backoff_ns << (tries if tries < 20 else 20)))
            self.retried += 1
            return
        self.note(now_ns, DROP, slot, client * REASON_COUNT + why)
        self.in_flight_total -= 1
        if slot >= 0:
            self.s_dropped[slot * REASON_COUNT + why] += 1
        else:
            self.nowhere[why] += 1
        self.answer(record, now_ns)

    def give_up(self, record: int, now_ns: int) -> None:
        """The edge's patience with a request is over: its client is told 504."""
        kind = self.r_kind[record]
        slot = self.r_slot[record]
        self.note(now_ns, LEFT, slot, self.r_client[record])
        if kind == CONNECTING or kind == STUCK:
            self.connect(slot, -1)
            self.s_failed[slot] += 1
            self.blame(slot, now_ns)
            if kind == CONNECTING and self.r_end[record] > 0:
                self.dispatch(record, now_ns, self.r_end[record] - 1, slot)
                return
            self.fail(record, TIMEOUT, now_ns)
            return
        # What it leaves behind stays where it is; the client goes on in a record of its own.
        other = self.new_record()
        self.r_client[other] = self.r_client[record]
        self.r_begin[other] = self.r_begin[record]
        self.r_since[other] = self.r_since[record]
        self.r_work[other] = self.r_work[record]
        self.r_tries[other] = self.r_tries[record]
        self.r_slot[other] = slot
        self.r_due[other] = -1
        if kind == LATE:
            self.r_kind[record] = ORPHAN
            self.wake(record, self.r_end[record])
        else:
            self.r_kind[record] = GONE
            self.r_due[record] = -1
            if kind == WAITING:
                self.s_waiting[slot] -= 1
            else:
                self.queued -= 1
        if slot >= 0:
            self.connect(slot, -1)
            self.s_failed[slot] += 1
            self.blame(slot, now_ns)
        self.fail(other, TIMEOUT, now_ns)

    def lose(self, record: int, now_ns: int) -> None:
        """A request that is at a slot is cut; the slot's counts are set right by the caller."""
        slot = self.r_slot[record]
        self.s_failed[slot] += 1
        self.fail(record, CUT, now_ns)

"""What the edge does with a request: limits it, chooses, tries elsewhere, waits, gives up."""

from .instance import Instance
from .words import (
    ANSWERS_503,
    ARRIVAL,
    BY_ADDRESS,
    CLOSED,
    CONNECTING,
    DIGEST,
    FULL,
    GONE,
    LATE,
    LEFT,
    LIMITED,
    NO_SERVER,
    ORPHAN,
    QUEUED,
    REFUSED,
    SERVES,
    SILENT,
    STUCK,
    TIMEOUT,
    UNREADY,
    WAITING,
)


class Serve(Instance):
    """A request's way through the edge."""

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

    def send(self, record: int, now_ns: int) -> None:
        """The client's request reaches the edge, for the first time or again."""
        self.r_since[record] = now_ns
        self.r_slot[record] = -1
        if self.limit_by and not self.within_limit(self.r_client[record], now_ns):
            self.fail(record, LIMITED, now_ns)
            return
        self.dispatch(record, self.choose(self.r_client[record], now_ns), now_ns, self.tries)

    def within_limit(self, client: int, now_ns: int) -> int:
        """nginx' limit_req without delay: a leaky bucket for each key."""
        key = self.whose(client) % self.addresses if self.limit_by == BY_ADDRESS else 0
        free_at = self.l_tat[key]
        if free_at < now_ns:
            free_at = now_ns
        if free_at - now_ns > self.limit_burst * self.limit_gap:
            return 0
        self.l_tat[key] = free_at + self.limit_gap
        return 1

    def choose(self, client: int, now_ns: int) -> int:
        """The first slot for a client, by affinity or by the rule; -1 for none."""
        self.stamp += 1
        self.choices = 0
        slot = self.stuck_to(client, now_ns) if self.affinity else -1
        return slot if slot >= 0 else self.pick(client, now_ns)

    def choose_but(self, client: int, but: int, now_ns: int) -> int:
        """The same when a slot was tried already."""
        self.stamp += 1
        self.s_stamp[but] = self.stamp
        self.choices = self.hash_picks = 1
        return self.pick(client, now_ns)

    def dispatch(self, record: int, slot: int, now_ns: int, left: int) -> None:
        """The edge gives a request to the slot it chose; refused there, to `left` further ones."""
        client = self.r_client[record]
        why = NO_SERVER
        where = -1
        while slot >= 0:
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
            slot = self.pick(client, now_ns)
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
        due = self.r_since[record] + self.request_timeout if self.request_timeout > 0 else -1
        self.r_kind[record] = STUCK
        if app == SILENT:
            self.r_kind[record] = CONNECTING
            self.r_end[record] = left
            if self.connect_timeout > 0 and (due < 0 or now_ns + self.connect_timeout < due):
                due = now_ns + self.connect_timeout
        self.r_due[record] = -1
        if due >= 0:
            self.wake(record, due)

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
        self.refresh()
        for at in range(self.up_count):
            slot = self.ups[at]
            if slot != but and self.s_stamp[slot] != self.stamp and self.has_room(slot):
                return 1
        return 0

    def give_up(self, record: int, now_ns: int) -> None:
        """The edge's patience with a request is over: its client is told 504."""
        kind = self.r_kind[record]
        slot = self.r_slot[record]
        client = self.whose(self.r_client[record])
        self.note(now_ns, LEFT, slot, client)
        if kind in (CONNECTING, STUCK):
            self.leave(record, slot)
            self.s_failed[slot] += 1
            self.blame(slot, now_ns)
            patience = self.request_timeout
            late = patience > 0 and now_ns >= self.r_since[record] + patience
            if kind == CONNECTING and self.r_end[record] > 0 and not late:
                other = self.choose_but(self.r_client[record], slot, now_ns)
                self.dispatch(record, other, now_ns, self.r_end[record] - 1)
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
        self.r_client[record] = client
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
            self.leave(record, slot)
            self.s_failed[slot] += 1
            self.blame(slot, now_ns)
        self.fail(other, TIMEOUT, now_ns)

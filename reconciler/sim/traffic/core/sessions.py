"""Connections that last: begun by the same choice as requests, until they end or are cut."""

from .affine import Affine
from .words import (
    CLOSED,
    REDIAL,
    SERVES,
    SESSION,
    SESSION_CUT,
    SESSION_END,
    SESSION_OPEN,
)

CLIENTS_FROM = 1 << 41  # draws of one stream with numbers that never meet
REDIALS_FROM = 1 << 42


class Sessions(Affine):
    """Sessions: dialled, open, ended, cut and dialled again."""

    def begin_session(self, now_ns: int) -> None:
        """A client wants a connection that lasts, or begins to ask time and again."""
        number = self.session_count
        self.session_count = number + 1
        client = 0
        if self.clients > 1:
            bits = self.mixed(self.seed_sessions, CLIENTS_FROM + number)
            client = ((bits >> 32) * self.clients) >> 32
        length = self.from_table(self.t_length, self.mixed(self.seed_lengths, number))
        if self.every > 0:
            self.begin_affine(number, client, now_ns + length, now_ns)
            return
        record = self.new_record()
        self.r_client[record] = client
        self.r_work[record] = length
        self.r_begin[record] = now_ns
        self.r_slot[record] = self.r_end[record] = -1
        self.dial(record, now_ns)

    def dial(self, record: int, now_ns: int) -> None:
        """Connect through the edge; where nobody takes it, the client comes again."""
        client = self.r_client[record]
        left = self.tries
        slot = self.choose(client, now_ns)
        while slot >= 0 and self.s_app[slot] == CLOSED:
            self.blame(slot, now_ns)
            if left == 0:
                slot = -1
                break
            left -= 1
            self.s_stamp[slot] = self.stamp
            self.choices += 1
            slot = self.pick(client, now_ns)
        if slot >= 0 and self.s_app[slot] == SERVES:
            self.open(record, slot, now_ns)
            return
        self.dial_later(record, now_ns)

    def open(self, record: int, slot: int, now_ns: int) -> None:
        """It is there."""
        client = self.r_client[record]
        self.note(now_ns, SESSION, slot, client)
        if self.affinity:
            self.stick(client, slot, now_ns)
        before = self.r_end[record]
        self.sessions_begun += 1
        self.s_begun[slot] += 1
        if before >= 0 and before != slot:
            self.sessions_moved += 1
        self.r_slot[record] = self.r_end[record] = slot
        self.r_kind[record] = SESSION_OPEN
        self.s_open[slot] += 1
        self.sessions_open_total += 1
        self.connect(slot, 1)
        self.wake(record, now_ns + self.r_work[record])

    def dial_later(self, record: int, now_ns: int) -> None:
        """Half to one and a half of the moment after which clients come again."""
        number = self.redials
        self.redials = number + 1
        bits = self.mixed(self.seed_sessions, REDIALS_FROM + number)
        self.r_kind[record] = REDIAL
        self.r_slot[record] = -1
        late = ((bits >> 34) * self.redial_ns) >> 30
        self.wake(record, now_ns + (self.redial_ns >> 1) + late)

    def close(self, record: int) -> int:
        """It is there no more: its slot."""
        slot = self.r_slot[record]
        self.s_open[slot] -= 1
        self.sessions_open_total -= 1
        self.leave(record, slot)
        if self.affinity:
            # The affinity lives as long as a connection, and its timeout from then on.
            self.a_last[self.key_of(self.r_client[record])] = self.now_ns
        return slot

    def end_session(self, record: int, now_ns: int) -> None:
        """It has lasted as long as it was to."""
        slot = self.close(record)
        self.s_ended[slot] += 1
        self.sessions_ended += 1
        self.note(now_ns, SESSION_END, slot, self.r_client[record])
        self.let_go(record)

    def cut_session(self, record: int, now_ns: int) -> None:
        """It is cut; its client comes again with what it has left to do."""
        slot = self.close(record)
        self.s_cut[slot] += 1
        self.sessions_cut += 1
        self.note(now_ns, SESSION_CUT, slot, self.r_client[record])
        self.r_work[record] = self.r_due[record] - now_ns
        self.dial_later(record, now_ns)

"""Affine sessions: many requests of one client, whose state one instance keeps.

A suspended execution that is resumed by its id, step debugging, a shopping cart. Between its
requests there is no connection: what brings them to the same instance is the edge's affinity, or
nothing does. A session is open from the first request of it that is served until it has lasted
its time; its state is where it was served last. Served elsewhere it has moved; where the
instance ends, the session is cut, and begins anew with the next request that is served.
"""

from .serve import Serve
from .words import ARRIVAL, DIGEST, HASH_KEY, SESSION_CUT, SESSION_END

SESSIONS_FROM = 1 << 40  # their work is drawn beside that of clients of the closed loop


class Affine(Serve):
    """Sessions as further clients, numbered after all others by their place."""

    def begin_affine(self, number: int, client: int, end_ns: int, now_ns: int) -> None:
        """A client begins one, and asks at once."""
        place = self.new_place()
        self.p_client[place] = client
        self.p_number[place] = number
        self.p_count[place] = 0
        self.p_end[place] = end_ns
        self.p_slot[place] = -1
        record = self.new_record()
        self.r_client[record] = self.everybody + place
        self.ask_within(record, now_ns)

    def ask_within(self, record: int, now_ns: int) -> None:
        """The next request of a session; what work it is follows from its number there alone."""
        place = self.r_client[record] - self.everybody
        work = self.work_constant
        if work < 0:
            seed = self.seed_closed + (SESSIONS_FROM + self.p_number[place]) * DIGEST
            work = self.from_table(self.t_service, self.mixed(seed, self.p_count[place]))
        self.p_count[place] += 1
        self.arrivals += 1
        self.in_flight_total += 1
        self.note(now_ns, ARRIVAL, -1, self.p_client[place])
        self.r_begin[record] = now_ns
        self.r_tries[record] = 0
        self.r_work[record] = work
        self.send(record, now_ns)

    def go_on(self, record: int, now_ns: int) -> None:
        """The pause is over: it asks again, or has lasted its time."""
        session = self.r_client[record]
        place = session - self.everybody
        if now_ns < self.p_end[place]:
            self.ask_within(record, now_ns)
            return
        slot = self.p_slot[place]
        if slot >= 0:
            self.s_kept[slot] -= 1
            self.s_ended[slot] += 1
            self.sessions_ended += 1
            self.sessions_open_total -= 1
            self.p_slot[place] = -1
            self.note(now_ns, SESSION_END, slot, session)
        if self.affinity == HASH_KEY:
            self.a_slot[session] = 0
        self.p_next[place] = self.free_place
        self.free_place = place
        self.let_go(record)

    def lose_states(self, slot: int, now_ns: int) -> None:
        """An instance ends, and with it the state of every session that it kept."""
        if self.s_kept[slot] == 0:
            return
        for place in range(self.places):
            if self.p_slot[place] == slot:
                self.p_slot[place] = -1
                self.s_kept[slot] -= 1
                self.s_cut[slot] += 1
                self.sessions_cut += 1
                self.sessions_open_total -= 1
                self.note(now_ns, SESSION_CUT, slot, self.everybody + place)

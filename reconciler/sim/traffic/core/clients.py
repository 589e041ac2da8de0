"""What clients are told, and what they do then."""

from .sticky import Sticky
from .words import (
    BACKOFF,
    CUT,
    DIGEST,
    DROP,
    MASK,
    MOVED,
    PAUSED,
    REASON_COUNT,
    RETRY,
    SESSION,
    THINKING,
)


class Clients(Sticky):
    """Clients: they get their answer, or an error; they go, try again, or think and ask again."""

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

    def answer(self, record: int, now_ns: int) -> None:
        """Its client has what it wanted, or has given up: it goes, or thinks and asks again."""
        client = self.r_client[record]
        if client < self.clients:
            self.let_go(record)
        elif client < self.everybody:
            self.think(record, now_ns)
        else:
            self.pause(record, now_ns)

    def think(self, record: int, now_ns: int) -> None:
        """A client of the closed loop asks again after a while."""
        client = self.r_client[record]
        at = client - self.clients
        self.r_kind[record] = THINKING
        self.r_slot[record] = -1
        bits = self.mixed(self.seed_closed + client * DIGEST, 2 * self.c_count[at])
        self.wake(record, now_ns + self.from_table(self.t_think, bits))

    def pause(self, record: int, now_ns: int) -> None:
        """An affine session asks again so long after it asked last, as long as it lasts."""
        due = self.r_begin[record] + self.every
        end = self.p_end[self.r_client[record] - self.everybody]
        if due > end:
            due = end
        self.r_kind[record] = PAUSED
        self.r_slot[record] = -1
        self.wake(record, due if due > now_ns else now_ns)

    def keep(self, session: int, slot: int, now_ns: int) -> None:
        """An affine session was served here: here is its state from now on."""
        place = session - self.everybody
        before = self.p_slot[place]
        era = self.p_era[place]
        self.p_era[place] = self.era
        if before == slot:
            return
        self.p_slot[place] = slot
        self.s_kept[slot] += 1
        if before < 0:
            self.sessions_begun += 1
            self.sessions_open_total += 1
            self.s_begun[slot] += 1
            self.note(now_ns, SESSION, slot, session)
            return
        self.s_kept[before] -= 1
        self.s_moved[before] -= 1
        self.s_moved[slot] += 1
        self.sessions_moved += 1
        if era != self.era:
            self.sessions_remapped += 1
        self.note(now_ns, MOVED, slot, session)

    def fail(self, record: int, why: int, now_ns: int) -> None:
        """The client gets an error; it tries again after a while, or the request is dropped."""
        slot = self.r_slot[record]
        client = self.whose(self.r_client[record])
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

    def lose(self, record: int, now_ns: int) -> None:
        """A request that is at a slot is cut; the slot's counts are set right by the caller."""
        slot = self.r_slot[record]
        self.s_failed[slot] += 1
        self.fail(record, CUT, now_ns)

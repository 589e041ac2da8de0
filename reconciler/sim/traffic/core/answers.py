"""What came of it so far."""

from .settings import Settings
from .words import (
    CONNECTING,
    FAR,
    LATE,
    NONE,
    ORPHAN,
    REASON_COUNT,
    SERVICE,
    SESSION_OPEN,
    STUCK,
    WAITING,
)


class Answers(Settings):
    """Everything that can be asked, beside the plain numbers."""

    def finish_by(self, slot: int) -> int:
        """When the last request in flight at a slot will be done, in ns; 0 for none.

        One that hangs counts until the edge gives up on it, or for ever.
        """
        if self.s_busy[slot] == 0 and self.in_flight(slot) == 0:
            return 0
        last = 0
        ends = []
        for record in range(self.records):
            if self.r_slot[record] == slot:
                kind = self.r_kind[record]
                if kind in (SERVICE, LATE, ORPHAN):
                    ends.append(self.r_end[record])
                elif kind in (STUCK, CONNECTING):
                    due = self.r_due[record]
                    last = max(last, due if due >= 0 else FAR)
        last = max(last, max(ends, default=0))
        record = self.s_head[slot]
        while record >= 0:
            if self.r_kind[record] == WAITING:
                ends.sort()
                begun = ends.pop(0) if ends else self.now_ns
                end = begun + self.r_work[record] * self.s_slow[slot] // 1000
                ends.append(end)
                last = max(last, end)
            record = self.r_next[record]
        return last

    def last_session_end(self, slot: int) -> int:
        """When the last session there will end, in ns; 0 for none."""
        if self.s_open[slot] == 0:
            return 0
        return max(
            self.r_due[n]
            for n in range(self.records)
            if self.r_kind[n] == SESSION_OPEN and self.r_slot[n] == slot
        )

    def in_flight(self, slot: int) -> int:
        """Requests that a slot has: worked on, waiting, stuck."""
        return self.s_conns[slot] + self.s_old[slot] - self.s_open[slot]

    def sessions_open(self, slot: int) -> int:
        """Sessions open there, or whose state is."""
        return self.s_open[slot] + self.s_kept[slot]

    def tied_until(self, slot: int) -> int:
        """Until when a client that affinity ties there may come again, in ns; 0 for nobody.

        As an edge knows it: by the time of the last request or session that it gave there.
        """
        if self.affinity == NONE or self.s_tied[slot] == 0:
            return 0
        return self.s_tied[slot] - 1 + self.affinity_timeout if self.affinity_timeout else FAR

    def dropped_at(self, slot: int) -> tuple[int, ...]:
        """Requests dropped there so far, by reason as in `REASONS`; -1: at no slot."""
        if slot < 0:
            return tuple(self.nowhere)
        first = slot * REASON_COUNT
        return tuple(self.s_dropped[n] for n in range(first, first + REASON_COUNT))

    def sessions_cut_at(self, slot: int) -> int:
        """Sessions cut there so far."""
        return self.s_cut[slot]

    def served_at(self, slot: int) -> int:
        """Requests answered there so far."""
        return self.s_served[slot]

    def dropped_total(self) -> tuple[int, ...]:
        """All requests dropped so far, by reason as in `REASONS`."""
        each = [self.dropped_at(slot) for slot in range(-1, self.slots)]
        return tuple(sum(column) for column in zip(*each, strict=True))

    @property
    def digest(self) -> str:
        """A hash of every event so far, in their order."""
        return f"{self.mixed(self.digest_now, self.events):016x}"

    def latency_ns(self, per_mille: int) -> int:
        """The latency that so many in a thousand of those served did not exceed, to a 16th."""
        seen = 0
        for bucket in range(len(self.latency)):
            seen += self.latency[bucket]
            if seen > 0 and seen * 1000 >= per_mille * self.served:
                shift = max((bucket >> 4) - 1, 0)
                edge = bucket if bucket < 32 else ((bucket - (shift << 4) + 1) << shift) - 1
                return min(edge, self.latency_most)
        return 0

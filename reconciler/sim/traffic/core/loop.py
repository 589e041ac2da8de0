"""The loop over all that happens, in order of time.

Timers of one instant come before arrivals of the same, in the order of their records; of
arrivals those of the open loop, then those that were fed, then sessions. `run` sees to
everything, one thing at a time; `rush` does the same for what is most of it, arrivals that are
served and their departures, with all it needs at hand. Both give the same digests: watched
kernels do not rush, so that any run can be looked at event by event.
"""

from .rush import Rush
from .words import (
    BACKOFF,
    FAR,
    ORPHAN,
    PAUSED,
    REDIAL,
    SERVICE,
    SESSION_OPEN,
    THINKING,
)

FED_FROM = 1 << 40  # numbers of draws for arrivals that were fed


class Loop(Rush):
    """What makes time pass."""

    def run(self, until_ns: int) -> None:
        """Let everything happen that is due before `until_ns`."""
        if self.stale:
            self.renew()
        while True:
            if self.can_rush():
                self.rush(until_ns)
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
        elif kind == PAUSED:
            self.go_on(record, now_ns)
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

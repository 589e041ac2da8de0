"""Random numbers, and when the next one asks.

Every draw is by number: the n-th arrival has the same gap, the same client and the same work
whatever became of those before it (common random numbers). Arrivals are drawn `CHUNK` at once.
"""

from .arrays import Ints
from .lanes import drawn_chunk, mixed_chunk
from .means import mean_of, rescaled
from .state import State
from .words import (
    CHUNK,
    CONSTANT,
    FAR,
    GOLDEN,
    LEVELS,
    MASK,
    MIX_1,
    MIX_2,
    NATIVE,
    NONE,
    POISSON,
    ROW,
)


class Draws(State):
    """What is drawn: gaps, work, clients."""

    def mixed(self, seed: int, number: int) -> int:
        """The draw of this number: 64 random bits."""
        z = (seed + number * GOLDEN) & MASK
        z = ((z ^ (z >> 30)) * MIX_1) & MASK
        z = ((z ^ (z >> 27)) * MIX_2) & MASK
        return z ^ (z >> 31)

    def level_of(self, bits: int) -> int:
        """How many zeros lead 64 bits, at most 15."""
        if not NATIVE:
            level = 64 - bits.bit_length()
            return level if level < LEVELS else LEVELS - 1
        level = 0
        while level < LEVELS - 1 and not (bits >> 63):
            bits = bits << 1
            level += 1
        return level

    def from_table(self, table: Ints, bits: int) -> int:
        """The value that 64 random bits draw from a quantile table."""
        level = self.level_of(bits)
        bits = (bits << (level + 1 if level < LEVELS - 1 else level)) & MASK
        at = level * ROW + (bits >> 56)
        high = table[at]
        return high - (((high - table[at + 1]) * ((bits >> 44) & 0xFFF)) >> 12)

    def fill_from(self, table: Ints, into: Ints, seed: int, number: int) -> None:
        """Draw a chunk's values, the first of them with this number."""
        if not NATIVE:
            drawn_chunk(table, into, seed, number)
            return
        for at in range(CHUNK):
            into[at] = self.from_table(table, self.mixed(seed, number + at))

    def fill_below(self, bound: int, into: Ints, seed: int, number: int) -> None:
        """The same for integers from 0 to `bound` - 1, each as likely."""
        if not NATIVE:
            into[:] = [((bits >> 32) * bound) >> 32 for bits in mixed_chunk(seed, number)]
            return
        for at in range(CHUNK):
            bits = self.mixed(seed, number + at) >> 32
            into[at] = (bits * bound) >> 32

    def fill_chunk(self, chunk: int) -> None:
        """Draw what the arrivals of a chunk need."""
        self.chunk = chunk
        number = chunk * CHUNK
        if self.kind == POISSON:
            self.fill_from(self.t_unit, self.b_gap, self.seed_gaps, number)
        if self.work_constant < 0:
            self.fill_from(self.t_service, self.b_work, self.seed_work, number)
        if self.clients > 1:
            self.fill_below(self.clients, self.b_client, self.seed_clients, number)

    def next_gap(self) -> int:
        """From the arrival before until the pending one of the open loop, number `drawn`."""
        if self.kind == CONSTANT:
            gap = self.gap_whole
            self.gap_carry += self.gap_rest
            if self.gap_carry >= self.gap_den:
                self.gap_carry -= self.gap_den
                gap += 1
            return gap
        number = self.drawn
        if (number >> 8) != self.chunk:
            self.fill_chunk(number >> 8)
        wide = self.b_gap[number & 255] * self.gap_mean + self.gap_carry
        self.gap_carry = wide & self.gap_mask
        return wide >> self.gap_shift

    def session_gap(self) -> int:
        """The same for sessions."""
        if self.x_kind == CONSTANT:
            gap = self.x_whole
            self.x_carry += self.x_rest
            if self.x_carry >= self.x_den:
                self.x_carry -= self.x_den
                gap += 1
            return gap
        bits = self.mixed(self.seed_sessions, self.x_drawn)
        self.x_drawn += 1
        wide = self.from_table(self.t_unit, bits) * self.x_mean + self.x_carry
        self.x_carry = wide & self.x_mask
        return wide >> self.x_shift

    def soonest(self) -> None:
        """Keep `next_arrival`: whatever comes first of what comes from outside."""
        first = self.next_open
        if self.next_fed < first:
            first = self.next_fed
        if self.next_session < first:
            first = self.next_session
        self.next_arrival = first

    def pace(self, kind: int, num: int, den: int) -> None:
        """Let the open loop's mean gap be num / den ns from now on; see `rescaled`."""
        if (kind, num, den) == (self.kind, self.gap_num, self.gap_den):
            return
        before = (self.kind, self.gap_num, self.gap_den)
        self.kind, self.gap_num, self.gap_den = kind, num, den
        self.gap_whole, self.gap_rest, self.gap_carry = num // den, num % den, 0
        self.gap_mean, self.gap_shift, self.gap_mask = mean_of(num, den)
        self.chunk = -1
        if kind == NONE:
            self.next_open = FAR
        elif self.next_open == FAR:
            self.next_open = self.now_ns + self.next_gap()
        else:
            left = rescaled(self.next_open - self.now_ns, before, (kind, num, den))
            self.next_open = self.now_ns + left
        self.soonest()

    def session_pace(self, kind: int, num: int, den: int) -> None:
        """The same for sessions."""
        if (kind, num, den) == (self.x_kind, self.x_num, self.x_den):
            return
        before = (self.x_kind, self.x_num, self.x_den)
        self.x_kind, self.x_num, self.x_den = kind, num, den
        self.x_whole, self.x_rest, self.x_carry = num // den, num % den, 0
        self.x_mean, self.x_shift, self.x_mask = mean_of(num, den)
        if kind == NONE:
            self.next_session = FAR
        elif self.next_session == FAR:
            self.next_session = self.now_ns + self.session_gap()
        else:
            left = rescaled(self.next_session - self.now_ns, before, (kind, num, den))
            self.next_session = self.now_ns + left
        self.soonest()

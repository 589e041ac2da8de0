"""SplitMix64 for a whole chunk at once in plain Python, never compiled.

All states stand in one long integer, 128 bits apart, so that a product by 64 bits stays in its
lane: one operation on it does what else a loop does, number by number.
"""

from array import array
from functools import lru_cache

from .arrays import Ints
from .words import CHUNK, GOLDEN, LEVELS, MASK, MIX_1, MIX_2, ROW

LANE_BITS = 128


def _repeated(value: int) -> int:
    return sum(value << (LANE_BITS * lane) for lane in range(CHUNK))


_ONES = _repeated(1)
_LOW = _repeated(MASK)
_STEPS = sum(((lane * GOLDEN) & MASK) << (LANE_BITS * lane) for lane in range(CHUNK))


def mixed_chunk(seed: int, number: int) -> "array[int]":
    """The draws from `number` on, a chunk of them, 64 bits each."""
    z = (_STEPS + _ONES * ((seed + number * GOLDEN) & MASK)) & _LOW
    z = ((z ^ ((z >> 30) & _mask(30))) * MIX_1) & _LOW
    z = ((z ^ ((z >> 27) & _mask(27))) * MIX_2) & _LOW
    z = z ^ ((z >> 31) & _mask(31))
    halves = array("Q", z.to_bytes(CHUNK * LANE_BITS // 8, "little"))
    return halves[::2]


@lru_cache(maxsize=4)
def _mask(shift: int) -> int:
    """What of a lane's bits is its own after a shift to the right."""
    return _repeated(MASK >> shift)


def drawn_chunk(table: Ints, into: Ints, seed: int, number: int) -> None:
    """What a quantile table gives for them; `into` gets it."""
    values = []
    for bits in mixed_chunk(seed, number):
        level = 64 - bits.bit_length()
        if level >= LEVELS - 1:
            place = (LEVELS - 1) * ROW + ((bits >> 41) & 255)
            share = (bits >> 29) & 0xFFF
        else:
            place = level * ROW + ((bits >> (55 - level)) & 255)
            share = (bits >> (43 - level)) & 0xFFF
        high = table[place]
        values.append(high - ((high - table[place + 1]) * share >> 12))
    into[:] = values

"""Arithmetic beyond 64 bits, for when rates change; never compiled."""

import math
from functools import lru_cache

from .arrays import Ints, held
from .words import FAR, LEVELS, MEAN_BITS, STEPS, UNIT_BITS


def mean_of(num: int, den: int) -> tuple[int, int, int]:
    """A mean gap of num / den ns: a factor of at most 31 bits, a shift, and a mask of its bits.

    A unit draw times the factor, shifted right, is the gap in ns; the mask gives what is left.
    """
    bits = (num // den).bit_length()
    if bits > MEAN_BITS + UNIT_BITS:
        raise ValueError(f"a mean gap of {num // den} ns is too long")
    lift = MEAN_BITS - bits
    factor = (num << lift) // den if lift >= 0 else num // (den << -lift)
    shift = UNIT_BITS + lift
    return min(factor, (1 << MEAN_BITS) - 1), shift, (1 << shift) - 1


def rescaled(left_ns: int, before: tuple[int, int, int], after: tuple[int, int, int]) -> int:
    """What is left until an arrival, when the mean gap changes: it keeps its share of it.

    So a rate that changes often gives as many arrivals as its average, however rare they are.
    """
    _, old_num, old_den = before
    _, num, den = after
    return min(left_ns * num * old_den // (den * old_num), FAR - 1)


def spread(servers: list[tuple[int, int]], all_weights: list[int]) -> tuple[Ints, int]:
    """HAProxy's map of (slot, weight): slots by place, and how many places there are.

    Each turn every server scores its weight; the first with the highest whole score gets the
    place and pays the sum.
    """
    divisor = math.gcd(*(weight for weight in all_weights if weight > 0))
    weights = [weight // divisor for _, weight in servers]
    total = sum(weights)
    scores = [0] * len(servers)
    places = []
    for _ in range(total):
        scores = [score + weight for score, weight in zip(scores, weights, strict=True)]
        whole = [(score + total) // total for score in scores]
        best = whole.index(max(whole))
        places.append(servers[best][0])
        scores[best] -= total
    return held(places), total


def tail_of(level: int, step: int) -> float:
    """The tail probability at a quantile table's entry; never 0: a distribution may not end.

    The last entry stands for all that is rarer than one in 2^23, and so is put a little inside.
    """
    if level < LEVELS - 1:
        return (1 + step / STEPS) / (1 << (level + 1))
    return max(step, 1 / math.e) / STEPS / (1 << (LEVELS - 1))


@lru_cache(maxsize=1)
def unit() -> Ints:
    """The quantile table of an exponential with mean 1, in 2^-26."""
    one = 1 << UNIT_BITS
    return held(
        round(-math.log(tail_of(level, step)) * one)
        for level in range(LEVELS)
        for step in range(STEPS + 1)
    )

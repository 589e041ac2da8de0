"""Distributions as integer quantile tables, which the kernel draws from.

A table is of the upper tail. A 64-bit random number's leading zeros, 0 to 15, are the level:
with level L the tail probability u lies in [2^-(L+1), 2^-L), and in [0, 2^-15) with level 15.
Each level is cut into 256 steps of equal width, between which values are interpolated. So the
tail is as fine as the middle: the 99.99th percentile is off by less than a 256th of an octave
of probability. Values are rounded to ns; all tables are of `LEVELS` · 257 entries.
"""

import math
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from statistics import NormalDist

from reconciler.sim.traffic.core.means import tail_of
from reconciler.sim.traffic.core.words import FAR, LEVELS, STEPS

P99 = NormalDist().inv_cdf(0.99)
MOST_NS = FAR >> 12  # so that the kernel's interpolation cannot overflow: 13 days


def build(tail: Callable[[float], float]) -> "array[int]":
    """A table of a distribution given as the value that is exceeded with probability u."""
    made = array("q")
    for level in range(LEVELS):
        for step in range(STEPS + 1):
            made.append(min(max(round(tail(tail_of(level, step))), 0), MOST_NS))
    return made


def constant(value_ns: int) -> "array[int]":
    """Always this long."""
    return array("q", [min(value_ns, MOST_NS)]) * (LEVELS * (STEPS + 1))


@lru_cache(maxsize=64)
def _exponential(mean_ns: int) -> "array[int]":
    return build(lambda u: -math.log(u) * mean_ns)


def exponential(mean_ns: int) -> "array[int]":
    """Exponential with this mean."""
    return _exponential(mean_ns)


@lru_cache(maxsize=64)
def _lognormal(median_ns: int, p99_ns: int) -> "array[int]":
    sigma = math.log(p99_ns / median_ns) / P99
    normal = NormalDist()
    return build(lambda u: median_ns * math.exp(-sigma * normal.inv_cdf(u)) if u < 1 else 0)


def lognormal(median_ns: int, p99_ns: int) -> "array[int]":
    """Lognormal with this median and 99th percentile, which is not below it."""
    if p99_ns <= median_ns:
        return constant(median_ns)
    return _lognormal(median_ns, p99_ns)


def measured(values_ns: Sequence[int]) -> "array[int]":
    """Measured values, each as likely as the others; between two of them it interpolates."""
    ordered = sorted(values_ns)
    count = len(ordered)

    def tail(u: float) -> float:
        place = (1 - u) * count - 0.5
        below = min(max(math.floor(place), 0), count - 1)
        above = min(below + 1, count - 1)
        share = min(max(place - below, 0.0), 1.0)
        return ordered[below] + (ordered[above] - ordered[below]) * share

    return build(tail)


def mean_ns(table: Sequence[int]) -> float:
    """The mean of what the kernel draws from a table."""
    total = 0.0
    for level in range(LEVELS):
        weight = 0.5 ** min(level + 1, LEVELS - 1)
        row = table[level * (STEPS + 1) : (level + 1) * (STEPS + 1)]
        total += weight * (sum(row) - (row[0] + row[-1]) / 2) / STEPS
    return total

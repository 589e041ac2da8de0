"""Rates over time: constant, at random, a day that swings, bursts; as the kernel takes them.

Between two changes a rate is constant: a swinging one is held for each sample's length.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.model.scenario import Rate
from reconciler.model.units import NS_PER_S
from reconciler.sim.traffic.kernel import CONSTANT, NONE, POISSON

# A gap between arrivals is numerator / denominator ns: rates are exact to a thousandth.
PER_1000_S = 1000 * NS_PER_S


@dataclass(frozen=True, slots=True)
class RateOver:
    """One rate as time goes on. `factor` is a service's share of it."""

    rate: Rate

    @property
    def kind(self) -> int:
        """Whether arrivals are evenly spaced or at random."""
        if self.rate.log:
            return NONE
        return CONSTANT if self.rate.constant is not None else POISSON

    def per_s(self, now_ns: int) -> float:
        """Arrivals a second at a time since the beginning."""
        rate = self.rate
        if rate.constant is not None:
            return rate.constant
        if rate.poisson is not None:
            return rate.poisson
        if rate.low is not None and rate.high is not None:
            swing = (1 - math.cos(2 * math.pi * (now_ns % rate.period) / rate.period)) / 2
            return rate.low + (rate.high - rate.low) * swing
        if rate.burst is not None and rate.base is not None:
            return rate.burst if now_ns % rate.every < rate.lasting else rate.base
        return 0.0

    def next_change_ns(self, now_ns: int) -> int | None:
        """When a burst begins or ends next."""
        rate = self.rate
        if rate.burst is None:
            return None
        phase = now_ns % rate.every
        return now_ns - phase + (rate.lasting if phase < rate.lasting else rate.every)

    def apply(self, set_arrivals: Callable[[int, int, int], None], now_ns: int) -> None:
        """Let this rate hold from now on."""
        milli = round(self.per_s(now_ns) * 1000)
        kind = self.kind if milli > 0 else NONE
        set_arrivals(kind, PER_1000_S, max(milli, 1))

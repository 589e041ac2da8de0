"""A figure: something measured, a bar it must meet, and what it is measured against."""

import json
import os
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

ROUNDS_LEAST = 5
# Set by `--all`: figures whose rounds take long make fewer of them, and leave Compose out.
SHORT = "BENCHMARKS_SHORT"


class Unavailable(Exception):
    """What a figure is measured on is not here; its text says what is missing."""


def is_short() -> bool:
    """Whether long figures make fewer rounds, so that all of them together end soon."""
    return os.environ.get(SHORT) == "1"


def rounds(usual: int = ROUNDS_LEAST, short: int = 2) -> int:
    """How many rounds a figure makes whose rounds take long."""
    return short if is_short() else usual


@dataclass(frozen=True, slots=True)
class Measured:
    """The outcome of one run: medians, in the figure's unit.

    `peer_value` is None where there is no peer. `others` are further numbers that count:
    by name, what was measured and the most that it may be. `beside` is only shown. `ratio`
    is that of ours to the peer's, where it was taken round by round.
    """

    value: float
    peer_value: float | None = None
    others: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """What is measured and how.

    `bar` is the most that the value may be, or the least where `more_is_better`. `peer`
    names what is measured in turn with ours: another tool, or a floor that nothing can beat;
    where it is `relative`, the bar is on the ratio to it.
    """

    name: str
    about: str
    unit: str
    bar: float
    measure: Callable[[], Measured]
    peer: str | None = None
    more_is_better: bool = False
    relative: bool = False

    @property
    def wanted(self) -> str:
        """The bar, for people."""
        unit = f"× {self.peer}" if self.relative else self.unit
        return f"{'≥' if self.more_is_better else '≤'} {self.bar:g} {unit}"

    def meets(self, measured: Measured) -> bool:
        """Whether the value, and every other number that counts, is within its bar."""
        sign = -1 if self.more_is_better else 1
        value = _ratio(measured) if self.relative else measured.value
        assert value is not None, f"{self.name} has no peer"
        within = sign * value <= sign * self.bar
        return within and all(value <= most for value, most in measured.others.values())

    def line(self, measured: Measured) -> str:
        """The closing line, as JSON."""
        peer_value, ratio = measured.peer_value, _ratio(measured)
        return json.dumps(
            {
                "figure": self.name,
                "value": _rounded(measured.value),
                "unit": self.unit,
                "peer": self.peer,
                "peer_value": None if peer_value is None else _rounded(peer_value),
                "ratio": None if ratio is None else _rounded(ratio),
                "bar": self.bar,
                "ok": self.meets(measured),
            }
        )


def _ratio(measured: Measured) -> float | None:
    if measured.ratio is not None:
        return measured.ratio
    return measured.value / measured.peer_value if measured.peer_value else None


def _rounded(value: float) -> float:
    """Four significant digits: more would be noise."""
    return float(f"{value:.4g}")


@dataclass(frozen=True, slots=True)
class Turns:
    """What ours and the peer took, round by round."""

    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def ours_median(self) -> float:
        """The median of ours."""
        return statistics.median(self.ours)

    @property
    def peer_median(self) -> float:
        """The median of the peer's."""
        return statistics.median(self.peer)

    @property
    def ratio_median(self) -> float:
        """The median of ours over the peer's, round by round."""
        return statistics.median(a / b for a, b in zip(self.ours, self.peer, strict=True))

    @property
    def difference_median(self) -> float:
        """The median of ours less the peer's, round by round."""
        return statistics.median(a - b for a, b in zip(self.ours, self.peer, strict=True))


def in_turn(
    ours: Callable[[], float],
    peer: Callable[[], float],
    rounds: int = ROUNDS_LEAST,
    *,
    warm_up: bool = True,
) -> Turns:
    """Run ours and the peer alternately, so that both meet the same noise; one warm-up each."""
    assert rounds >= ROUNDS_LEAST or is_short()
    if warm_up:
        ours()
        peer()
    pairs = [(ours(), peer()) for _ in range(rounds)]
    return Turns(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def alone(ours: Callable[[], float], rounds: int = ROUNDS_LEAST) -> float:
    """The median of some runs after a warm-up, where there is no peer."""
    assert rounds >= ROUNDS_LEAST
    ours()
    return statistics.median(ours() for _ in range(rounds))

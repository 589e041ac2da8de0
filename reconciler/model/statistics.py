"""Numbers over many seeds: quantiles, means, and how sure one can be of them."""

import math
from collections.abc import Iterable, Mapping, Sequence

from reconciler.model.rehearsal import Figure

# Two-sided 95 % points of Student's t by degrees of freedom (any table; beyond 30 the normal's).
_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_NORMAL95 = 1.96


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted `values` lie, between two by interpolation.

    Hyndman and Fan's type 7, as spreadsheets and NumPy have it.
    """
    place = (len(values) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean, and the ends of its 95 % confidence interval (Student's t)."""
    count = len(values)
    mean = math.fsum(values) / count
    if count < 2:
        return mean, mean, mean
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    point = _T95[count - 2] if count - 2 < len(_T95) else _NORMAL95
    reach = point * math.sqrt(variance / count)
    return mean, mean - reach, mean + reach


def figure(
    name: str, unit: str, values: Iterable[float] | Mapping[int, float], least: float | None = None
) -> Figure:
    """One number over all seeds; an interval of what cannot be below `least` ends there.

    Values by their seed can be compared with another report's, seed by seed.
    """
    by_seed = dict(values) if isinstance(values, Mapping) else {}
    ordered = sorted(by_seed.values() if isinstance(values, Mapping) else values)
    mean, low, high = interval(ordered)
    if least is not None:
        low = max(least, low)
    return Figure(
        name, unit, ordered[0], quantile(ordered, 0.5), quantile(ordered, 0.9), ordered[-1],
        mean, low, high, by_seed,
    )  # fmt: skip


def failing_share_most(runs: int) -> float:
    """The largest share of failing runs that `runs` without a failure leave likely (95 %).

    The exact one-sided bound; the "rule of three" is its approximation by 3 / runs.
    """
    return float(1 - 0.05 ** (1 / runs))

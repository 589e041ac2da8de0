"""Arrays of integers: of 64 bits each where C reads them, lists where Python does, never compiled.

Python reads and writes a list faster than an array, since nothing need be converted.
"""

from array import array
from collections.abc import Iterable

from .words import NATIVE

Ints = list[int]  # as far as types go


def held(values: Iterable[int]) -> Ints:
    """These values."""
    return array("q", values) if NATIVE else list(values)  # type: ignore[return-value]


def zeros(count: int) -> Ints:
    """So many zeros."""
    return array("q", bytes(8 * count)) if NATIVE else [0] * count  # type: ignore[return-value]


def longer(old: Ints, count: int) -> Ints:
    """A copy with room for `count`, filled up with zeros."""
    made = held(list(old)[:count])
    made.extend(zeros(count - len(made)))
    return made


def doubled(old: Ints) -> Ints:
    """A copy with as many zeros more."""
    return longer(old, 2 * len(old))

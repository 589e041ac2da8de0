"""Named random streams: one seed, one independent stream of numbers for each name.

A consumer that is added draws from a stream of its own, so it never shifts another's
numbers. The generator is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), whose whole state
is one integer: streams are cheap to copy and easy to write to a file.
"""

import hashlib
from functools import lru_cache

_MASK = 0xFFFFFFFFFFFFFFFF
_GOLDEN = 0x9E3779B97F4A7C15


@lru_cache(maxsize=65536)
def _start(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big")


class Streams:
    """The streams of one world."""

    __slots__ = ("seed", "states")

    def __init__(self, seed: int, states: dict[str, int] | None = None) -> None:
        self.seed = seed
        self.states: dict[str, int] = {} if states is None else states

    def clone(self) -> "Streams":
        """Streams that go on from here by themselves."""
        return Streams(self.seed, dict(self.states))

    def next64(self, name: str) -> int:
        """The next 64 random bits of the stream `name`."""
        state = self.states.get(name)
        if state is None:
            state = _start(self.seed, name)
        state = (state + _GOLDEN) & _MASK
        self.states[name] = state
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, name: str, count: int) -> int:
        """An integer from 0 to `count` - 1 (the bias for small counts is under 2^-50)."""
        return self.next64(name) % count

    def around(self, name: str, value_ns: int, percent: int) -> int:
        """`value_ns` give or take up to `percent` of it; 0 draws nothing."""
        reach = value_ns * percent // 100
        if reach <= 0:
            return value_ns
        # `next64`, written out: this is what instances draw at each turn of their lives.
        state = self.states.get(name)
        state = ((_start(self.seed, name) if state is None else state) + _GOLDEN) & _MASK
        self.states[name] = state
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return value_ns - reach + (z ^ (z >> 31)) % (2 * reach + 1)

"""A heap of pairs of integers, least first: compiled by hand, in plain Python Python's own."""

from heapq import heapify, heappop, heappush, heapreplace

from .arrays import doubled, zeros
from .words import FAR, NATIVE


class Heap:
    """Pairs (key, item), item in 0 … 2^24 - 1, ordered as pairs. `top` is FAR when empty."""

    def __init__(self) -> None:
        self.size = 0
        self.top = FAR
        self.keys = zeros(64)
        self.items = zeros(64)
        self.packed: list[int] = []

    def push(self, key: int, item: int) -> None:
        """Put one in."""
        if not NATIVE:
            heappush(self.packed, (key << 24) | item)
            self.size += 1
            self.top = self.packed[0] >> 24
            return
        if self.size == len(self.keys):
            self.grow()
        self.size += 1
        self.rise(self.size - 1, key, item)
        self.top = self.keys[0]

    def pop(self) -> int:
        """Take the least one out: its item. It must not be empty."""
        if not NATIVE:
            least = heappop(self.packed) & 0xFFFFFF
            self.size -= 1
            self.top = self.packed[0] >> 24 if self.packed else FAR
            return least
        item = self.items[0]
        self.size -= 1
        if self.size > 0:
            self.sink(self.keys[self.size], self.items[self.size])
            self.top = self.keys[0]
        else:
            self.top = FAR
        return item

    def first(self) -> int:
        """The item of the least one. It must not be empty."""
        if not NATIVE:
            return self.packed[0] & 0xFFFFFF
        return self.items[0]

    def replace(self, key: int, item: int) -> None:
        """Put one in the place of the least one."""
        if not NATIVE:
            heapreplace(self.packed, (key << 24) | item)
            self.top = self.packed[0] >> 24
            return
        self.sink(key, item)
        self.top = self.keys[0]

    def clear(self) -> None:
        """Take all out."""
        self.size = 0
        self.top = FAR
        self.packed = []

    def rise(self, at: int, key: int, item: int) -> None:
        """Put a pair at a free place at the end, or as far up as it belongs."""
        while at > 0:
            above = (at - 1) >> 1
            if self.keys[above] < key or (self.keys[above] == key and self.items[above] < item):
                break
            self.keys[at] = self.keys[above]
            self.items[at] = self.items[above]
            at = above
        self.keys[at] = key
        self.items[at] = item

    def sink(self, key: int, item: int) -> None:
        """Put a pair in the first place, or as far down as it belongs."""
        at = 0
        below = 1
        size = self.size
        while below < size:
            other = below + 1
            if other < size and (
                self.keys[other] < self.keys[below]
                or (self.keys[other] == self.keys[below] and self.items[other] < self.items[below])
            ):
                below = other
            if key < self.keys[below] or (key == self.keys[below] and item < self.items[below]):
                break
            self.keys[at] = self.keys[below]
            self.items[at] = self.items[below]
            at = below
            below = 2 * at + 1
        self.keys[at] = key
        self.items[at] = item

    def grow(self) -> None:
        """Make room for twice as many."""
        self.keys = doubled(self.keys)
        self.items = doubled(self.items)

    def pairs(self) -> list[tuple[int, int]]:
        """All that is in, in order."""
        if not NATIVE:
            return [(each >> 24, each & 0xFFFFFF) for each in sorted(self.packed)]
        return sorted((self.keys[at], self.items[at]) for at in range(self.size))

    def fill(self, pairs: list[tuple[int, int]]) -> None:
        """Exactly these are in from now on."""
        self.clear()
        if not NATIVE:
            self.packed = [(key << 24) | item for key, item in pairs]
            heapify(self.packed)
            self.size = len(self.packed)
            self.top = self.packed[0] >> 24 if self.packed else FAR
            return
        for key, item in pairs:
            self.push(key, item)

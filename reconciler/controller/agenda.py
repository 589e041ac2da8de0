"""Who is to be decided on, who is to be looked at, and when."""

import heapq
from collections.abc import Iterable, Mapping

from reconciler.model.resource import ResourceKey


class Agenda:
    """Dirty keys, wanted looks and timers, in an order that does not depend on hashing."""

    def __init__(self) -> None:
        self.has_looked = False
        self.is_looking = False
        self.wants_all = True
        self.look_event = 0
        self.levels: Mapping[ResourceKey, int] = {}
        self._dirty: set[ResourceKey] = set()
        self._queue: list[tuple[int, ResourceKey]] = []
        self._looks: set[ResourceKey] = set()
        self._times: dict[ResourceKey, tuple[int | None, int | None]] = {}
        self._heap: list[tuple[int, ResourceKey, bool]] = []

    def decide(self, key: ResourceKey) -> None:
        """Decide on `key` as soon as it can be."""
        if key not in self._dirty:
            self._dirty.add(key)
            heapq.heappush(self._queue, (self.levels.get(key, len(self.levels)), key))

    def next_decision(self) -> ResourceKey | None:
        """The next key to decide on: dependencies first, then by name."""
        if not self._queue:
            return None
        _, key = heapq.heappop(self._queue)
        self._dirty.discard(key)
        return key

    def want(self, key: ResourceKey) -> None:
        """Look at `key` again."""
        self._looks.add(key)

    def want_all(self) -> None:
        """Look at everything again."""
        self.wants_all = True

    @property
    def wants_looks(self) -> bool:
        """Whether anything is to be looked at."""
        return self.wants_all or bool(self._looks)

    def wanted_looks(self) -> list[ResourceKey]:
        """The keys that are to be looked at, in order."""
        return sorted(self._looks)

    def look(self, event: int, keys: Iterable[ResourceKey] | None) -> None:
        """An observation begins: of everything where `keys` is None."""
        self.is_looking, self.look_event = True, event
        if keys is None:
            self.wants_all = False
            self._looks.clear()
        else:
            self._looks.difference_update(keys)

    def looked(self) -> None:
        """The observation came back."""
        self.is_looking, self.has_looked = False, True

    def look_failed(self) -> None:
        """It did not: everything has to be looked at."""
        self.is_looking, self.wants_all = False, True

    def wake(self, key: ResourceKey, decide_ns: int | None, look_ns: int | None) -> None:
        """Decide on `key` at one time, and look at it at another; replaces what was set."""
        self._times[key] = (decide_ns, look_ns)
        if decide_ns is not None:
            heapq.heappush(self._heap, (decide_ns, key, False))
        if look_ns is not None:
            heapq.heappush(self._heap, (look_ns, key, True))

    def look_again(self, key: ResourceKey, at_ns: int) -> None:
        """Look at `key` at this time; when it is decided on stays as it was."""
        self.wake(key, self._times.get(key, (None, None))[0], at_ns)

    def forget(self, key: ResourceKey) -> None:
        """Nothing is to be done about `key` any more."""
        self._times.pop(key, None)
        self._looks.discard(key)

    def due(self, now_ns: int) -> list[tuple[ResourceKey, bool]]:
        """The keys whose time has come, and whether to look at them first."""
        found = []
        while self._heap and self._heap[0][0] <= now_ns:
            at_ns, key, look = heapq.heappop(self._heap)
            times = self._times.get(key, (None, None))
            if times[look] == at_ns:
                self._times[key] = (None, times[1]) if not look else (times[0], None)
                found.append((key, look))
        return found

    def next_wake_ns(self) -> int | None:
        """When the next time comes."""
        while self._heap:
            at_ns, key, look = self._heap[0]
            if self._times.get(key, (None, None))[look] == at_ns:
                return at_ns
            heapq.heappop(self._heap)
        return None

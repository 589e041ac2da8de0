"""Choosers: who decides where the world could go either way.

Option 0 always means that nothing out of the ordinary happens.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from reconciler.sim.streams import Streams

T = TypeVar("T")


class Chooser(Protocol):
    """Decides one question at a time."""

    def choose(self, name: str, options: int) -> int:
        """A number from 0 to `options` - 1 for the question `name`."""


class Seeded:
    """From a seed: out of the ordinary in `percent` of the cases."""

    def __init__(self, seed: int, percent: int = 5) -> None:
        self.percent = percent
        self._streams = Streams(seed)

    def choose(self, name: str, options: int) -> int:
        """0, or by chance one of the others."""
        if options < 2 or self._streams.below(name, 100) >= self.percent:
            return 0
        return 1 + self._streams.below(name, options - 1)


class Scripted:
    """From a list, then always 0. What was asked and chosen is recorded in `asked`."""

    def __init__(self, script: Sequence[int] = ()) -> None:
        self.script = tuple(script)
        self.asked: list[tuple[str, int, int]] = []

    def choose(self, name: str, options: int) -> int:
        """The next of the list, as far as there are so many options."""
        index = len(self.asked)
        chosen = min(self.script[index], options - 1) if index < len(self.script) else 0
        self.asked.append((name, options, chosen))
        return chosen


class Recorded:
    """Asks another, and keeps its answers for a replay with `Scripted`."""

    def __init__(self, inner: Chooser) -> None:
        self.inner = inner
        self.answers: list[int] = []

    def choose(self, name: str, options: int) -> int:
        """The other's answer."""
        self.answers.append(self.inner.choose(name, options))
        return self.answers[-1]


def explore(run: Callable[[Chooser], T], *, most: int) -> Iterator[tuple[tuple[int, ...], T]]:
    """Every way that at most `most` questions out of the ordinary can be answered.

    Yields the script and what `run` gave; depth first, each way once.
    """
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        script = waiting.pop()
        chooser = Scripted(script)
        yield script, run(chooser)
        if sum(choice > 0 for choice in script) >= most:
            continue
        for index in range(len(chooser.asked) - 1, len(script) - 1, -1):
            zeros = (0,) * (index - len(script))
            options = chooser.asked[index][1]
            waiting.extend((*script, *zeros, choice) for choice in range(options - 1, 0, -1))

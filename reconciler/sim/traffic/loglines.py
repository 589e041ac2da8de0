"""From the lines of an access log to its requests in order; what does not fit is counted."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from reconciler.model.units import NS_PER_S
from reconciler.sim.traffic.logformats import FORMATS, Entry

WINDOW_NS = 300 * NS_PER_S  # lines are written at the end of requests: that late they may come
LONGEST_LINE = 64 * 2**10

_SHOWN = 5  # lines that are named

Numbered = tuple[int, bytes]


@dataclass
class Counts:
    """What became of the lines: how many there were, which ones are broken, which too late."""

    lines: int = 0
    broken: list[int] = field(default_factory=list)
    broken_count: int = 0
    late_count: int = 0

    def break_at(self, line: int) -> None:
        """A line that is no entry."""
        self.broken_count += 1
        if len(self.broken) < _SHOWN:
            self.broken.append(line)

    def late_at(self, line: int) -> None:
        """A line that came more than the window after its place."""
        self.late_count += 1
        if len(self.broken) < _SHOWN:
            self.broken.append(line)

    @property
    def left_out(self) -> int:
        """Lines that gave nothing."""
        return self.broken_count + self.late_count


@dataclass(frozen=True, slots=True)
class Session:
    """An upgraded connection; its length in ns is None where the log does not tell."""

    at_ns: int
    length_ns: int | None
    client: int


def numbered(file: BinaryIO, counts: Counts) -> Iterator[Numbered]:
    """The lines that hold anything, with their numbers. What is too long is broken."""
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        whole = line.endswith(b"\n") or len(line) < LONGEST_LINE
        while not whole:
            rest = file.readline(LONGEST_LINE)
            whole = not rest or rest.endswith(b"\n")
            line = b"\0"  # of no format
        stripped = line.strip(b"\r\n \t")
        if stripped:
            counts.lines += 1
            yield number, stripped


def entries(lines: Iterable[Numbered], format_: str, counts: Counts) -> Iterator[tuple[int, Entry]]:
    """The entries of the lines; those that share a whole second are spread over it."""
    parse = FORMATS[format_]
    held: list[tuple[int, Entry]] = []
    for number, line in lines:
        entry = parse(line)
        if entry is None:
            counts.break_at(number)
            continue
        if held and held[0][1].at_ns != entry.at_ns:
            yield from _spread(held)
            held = []
        held.append((number, entry))
    yield from _spread(held)


def _spread(held: list[tuple[int, Entry]]) -> Iterator[tuple[int, Entry]]:
    """Entries of one second, each in the middle of its share of it, at their beginnings."""
    count = len(held)
    for index, (number, entry) in enumerate(held):
        at_ns = entry.at_ns
        if entry.whole_seconds:
            at_ns += (2 * index + 1) * NS_PER_S // (2 * count)
        if entry.is_end:
            at_ns -= entry.taken_ns or 0
        yield number, Entry(at_ns, entry.client, entry.status, entry.taken_ns, entry.service_ns)


def in_order(
    found: Iterable[tuple[int, Entry]],
    counts: Counts,
    sessions: list[Session],
    window_ns: int = WINDOW_NS,
) -> Iterator[Entry]:
    """Requests in the order of their beginnings; upgraded connections go to `sessions`.

    A line may stand up to `window_ns` after its place; what comes later still is left out.
    """
    heap: list[tuple[int, int, Entry]] = []
    newest = last = None
    for number, entry in found:
        if entry.is_session:
            sessions.append(Session(entry.at_ns, entry.taken_ns, entry.client))
            continue
        if last is not None and entry.at_ns < last:
            counts.late_at(number)
            continue
        heapq.heappush(heap, (entry.at_ns, number, entry))
        newest = entry.at_ns if newest is None else max(newest, entry.at_ns)
        while heap[0][0] < newest - window_ns:
            last, _, oldest = heapq.heappop(heap)
            yield oldest
    while heap:
        yield heapq.heappop(heap)[2]

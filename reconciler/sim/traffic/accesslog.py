"""Access logs as traffic: when requests came, from whom, how long they took.

A log is read line by line, gzipped or plain; its format is told from its first lines. Lines
that do not fit are left out and counted, with a warning (R617) or, above one in a hundred, an
error. Times are integer ns from the first request.
"""

import gzip
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, cast

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError, Position, Severity
from reconciler.model.noun import listed
from reconciler.sim.traffic.logformats import FORMATS
from reconciler.sim.traffic.loglines import (
    Counts,
    Numbered,
    Session,
    entries,
    in_order,
    numbered,
)

MOST_BROKEN = 0.01
QUANTILES = 4096

_TRIED = 50  # lines by which the format is told
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Log:
    """A log that was read. `arrivals` (ns from the first) and `clients` go together.

    `service_ns` holds the times that servers took for what they answered without an error, in
    no relation to the arrivals; it is empty where the format has no times.
    """

    path: str
    format: str
    arrivals: "array[int]"
    clients: "array[int]"
    service_ns: "array[int]"
    sessions: tuple[Session, ...]
    statuses: Counter[int]
    counts: Counts
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def lasts_ns(self) -> int:
        """From the first arrival to the last."""
        return self.arrivals[-1] if self.arrivals else 0

    def service_times(self, most: int = QUANTILES) -> tuple[int, ...]:
        """Measured service times in order, at most so many: quantiles of equal weight.

        R618 where the log has none.
        """
        if not self.service_ns:
            said = f"{self.path} has no request times that were measured"
            raise DiagnosticsError([_finding("R618", said, self.path, 0, _TIMES_HINT)])
        return quantiles(self.service_ns, most)

    def session_lengths(self, most: int = QUANTILES) -> tuple[int, ...]:
        """Measured lengths of upgraded connections, as `service_times`; R618 without any."""
        lengths = [each.length_ns for each in self.sessions if each.length_ns is not None]
        if not lengths:
            said = f"{self.path} has no upgraded connection whose length is told"
            raise DiagnosticsError([_finding("R618", said, self.path, 0, _TIMES_HINT)])
        return quantiles(lengths, most)


_TIMES_HINT = (
    "end the lines of nginx' combined format with $request_time $upstream_response_time, those "
    "of Apache's with %D, or give the time another way"
)
_FORMAT_HINT = "known are nginx' and Apache's combined format and HAProxy's HTTP log"
_BROKEN_HINT = "look at these lines, and take out what is no access log"


def read_log(path: str | Path) -> Log:
    """Read a whole log. R616 when it cannot be read, R617 when too many lines are broken."""
    name = str(path)
    counts = Counts()
    arrivals, clients, service_ns = array("q"), array("q"), array("q")
    statuses: Counter[int] = Counter()
    sessions: list[Session] = []
    with _opened(name) as file:
        format_, lines = _told_format(numbered(file, counts), name)
        base = None
        for entry in in_order(entries(lines, format_, counts), counts, sessions):
            base = entry.at_ns if base is None else base
            arrivals.append(entry.at_ns - base)
            clients.append(entry.client)
            statuses[entry.status] += 1
            if entry.service_ns is not None and 0 < entry.status < 500:
                service_ns.append(entry.service_ns)
    found = _findings(name, counts)
    if any(each.is_error for each in found):
        raise DiagnosticsError(found)
    began = tuple(_from(base, each) for each in sorted(sessions, key=_session_order))
    return Log(name, format_, arrivals, clients, service_ns, began, statuses, counts, tuple(found))


def quantiles(values: Iterable[int], most: int) -> tuple[int, ...]:
    """The values in order; of more than `most` the middles of so many equal parts."""
    ordered = sorted(values)
    if len(ordered) <= most:
        return tuple(ordered)
    return tuple(ordered[(2 * n + 1) * len(ordered) // (2 * most)] for n in range(most))


def _session_order(session: Session) -> tuple[int, int]:
    return session.at_ns, session.client


def _from(base: int | None, session: Session) -> Session:
    """A session from the first request on; of one that began before, what is left."""
    before = 0 if base is None else base - session.at_ns
    if before <= 0:
        return replace(session, at_ns=-before)
    length = session.length_ns
    return replace(session, at_ns=0, length_ns=None if length is None else max(0, length - before))


# -- what can go wrong --------------------------------------------------------------------------


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """The log's bytes, unpacked; R616 where they cannot be had."""
    try:
        if "\0" in name:
            raise OSError("no path holds a NUL")
        with open(name, "rb") as raw:
            if raw.peek(2)[:2] == _GZIP:
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield cast(BinaryIO, unpacked)
            else:
                yield raw
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        said = f"cannot read {name!r}: {reason}"
        raise DiagnosticsError([_finding("R616", said, name, 0, "give a whole log")]) from error


def _told_format(lines: Iterator[Numbered], name: str) -> tuple[str, Iterator[Numbered]]:
    """The format that most of the first lines have, and all lines; R616 where none has one."""
    first = list(islice(lines, _TRIED))
    fits = {
        format_: sum(parse(line) is not None for _, line in first)
        for format_, parse in FORMATS.items()
    }
    best = max(fits, key=lambda format_: fits[format_])
    if not fits[best]:
        what = f"the first {len(first)} lines of {name} are" if first else f"{name} is empty, and"
        said = f"{what} in no format that is known" if first else f"{name} holds no line"
        at = first[0][0] if first else 0
        raise DiagnosticsError([_finding("R616", said, name, at, _FORMAT_HINT)])
    return best, chain(first, lines)


def _findings(name: str, counts: Counts) -> list[Diagnostic]:
    if not counts.left_out:
        return []
    share = counts.left_out / counts.lines
    shown = [str(line) for line in counts.broken]
    more = counts.left_out - len(shown)
    where = listed(shown) if not more else f"{', '.join(shown)} and {more} more"
    said = f"{counts.left_out} of {counts.lines} lines are left out: line {where}"
    if counts.late_count:
        said += f" ({counts.late_count} of them too far out of order)"
    severity: Severity = "error" if share > MOST_BROKEN else "warning"
    return [_finding("R617", said, name, counts.broken[0], _BROKEN_HINT, severity)]


def _finding(
    code: str, said: str, name: str, line: int, hint: str, severity: Severity = "error"
) -> Diagnostic:
    position = Position(name, line) if line else None
    return Diagnostic(code, said, hint=hint, position=position, severity=severity)

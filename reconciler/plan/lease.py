"""Who may act on a stack: one reconciler at a time, by records in the target itself.

The lock is the newest ``lock.<n>`` record. Making number n + 1 is a compare-and-set, and it
fences: whoever held n sees that it holds no more. A holder renews well before its time is
over; one that was killed is taken over from at once where the same machine can tell that the
process is gone, and otherwise when its time is over. Times are the target's clock, so that
two machines need not agree on theirs; where that clock is set back, what has been silent
while somebody watched counts as well.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.model.record import Record
from reconciler.model.units import NS_PER_S

LIFE_NS = 15 * NS_PER_S  # a silent holder is taken over from after this
RENEW_NS = 5 * NS_PER_S  # a holder makes the next record this long after its last
MARGIN_NS = 3 * NS_PER_S  # a holder stops acting this long before its life is over
RETRY_NS = NS_PER_S  # whoever waits looks again at least this often


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that may hold the lock.

    `boot` tells one start of a machine from another, `started` a process from a later one
    that was given the same number.
    """

    name: str
    boot: str
    pid: int
    started: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the lock asks for now: a record to make, or to wait, and whose turn it is."""

    is_ours: bool
    write: Record | None = None
    wait_until_ns: int = 0
    holder: str = ""


def turn_of(
    name: str,
    records: Iterable[Record],
    me: Holder,
    now_ns: int,
    is_alive: Callable[[int, str], bool],
    *,
    held: int = 0,
    silent_ns: int = 0,
) -> Turn:
    """Whose turn it is by the newest record, and what `me` may do about it.

    `held` is the number that `me` holds, 0 for none: another one of `me` is of a write that
    was not heard of again, and is followed by a fresh one. `is_alive` tells whether a process
    of this machine, by its number and start, is still there. The newest record has been so
    for `silent_ns` at least, as far as `me` has seen.
    """
    newest = newest_of(name, records)
    seq = newest.seq + 1 if newest else 1
    mine = Record("lock", name, seq, _body(me, now_ns))
    if newest is None or newest.body.get("released"):
        return Turn(False, mine)
    when_ns = int(newest.body["when_ns"])
    if newest.seq == held:
        renew = now_ns >= when_ns + RENEW_NS or now_ns < when_ns
        return Turn(True, mine if renew else None, when_ns + RENEW_NS, me.name)
    body = newest.body
    process = (int(body["pid"]), str(body.get("started", "")))
    here = body["boot"] == me.boot
    gone = here and (process == (me.pid, me.started) or not is_alive(*process))
    if gone or now_ns >= when_ns + LIFE_NS or silent_ns >= LIFE_NS:
        return Turn(False, mine)
    until_ns = min(when_ns + LIFE_NS, now_ns + RETRY_NS)
    return Turn(False, None, until_ns, f"{body['holder']} (process {process[0]})")


def newest_of(name: str, records: Iterable[Record]) -> Record | None:
    """The record that says who holds the lock."""
    locks = (r for r in records if r.kind == "lock" and r.name == name)
    return max(locks, key=lambda record: record.seq, default=None)


def is_valid(since_ns: int, now_ns: int) -> bool:
    """Whether a holder may still make a call whose newest record was begun at `since_ns`.

    Both are the holder's own clock. The record tells of no earlier time, so whoever takes
    over waits for longer than this, whatever the calls between have taken.
    """
    return now_ns < since_ns + LIFE_NS - MARGIN_NS


def follows(record: Record, seen: Iterable[Record], after: Record | None) -> bool:
    """Whether the record that was made to take the lock, after another one, has taken it.

    A slow writer may have taken a number that is long past: the newest one counts. And where
    all records were removed meanwhile, numbers have begun anew, and an old one is in nobody's
    line: what it was made to follow must still be there.
    """
    locks = [r for r in seen if r.kind == "lock" and r.name == record.name]
    newest = newest_of(record.name, locks)
    there = after is None or after in locks
    return newest is not None and newest.seq == record.seq and there


def released(record: Record, me: Holder, now_ns: int) -> Record:
    """The record that gives the lock back."""
    body = {**_body(me, now_ns), "released": True}
    return Record("lock", record.name, record.seq + 1, body)


def _body(me: Holder, now_ns: int) -> dict[str, object]:
    return {
        "holder": me.name, "boot": me.boot, "pid": me.pid, "started": me.started,
        "when_ns": now_ns,
    }  # fmt: skip

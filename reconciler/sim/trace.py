"""What happened in a world, as a running hash, a legend of one character each, or lines."""

import hashlib
from collections.abc import Mapping

from reconciler.sim.things import Transition
from reconciler.sim.world import EPOCH_NS, World

LEGEND: Mapping[str, str] = {
    "created": "c", "started": "s", "ready": "R", "unready": "r", "hung": "h", "dead": "d",
    "signalled": "t", "terminating": "T", "exited": "x", "restarting": "b", "removed": "-",
    "updated": "u", "pulled": "p", "pull failed": "P", "made": "+", "changed": "~",
    "gone": "_", "status": ".", "edited": "e", "recorded": "w", "forgotten": "f",
    "violation": "!", "unreachable": "?", "engine restarts": "E", "up": "^", "placed": "@",
    "waiting": "%", "node lost": "L", "node unknown": "U", "node back": "B", "node drained": "D",
    "eviction refused": "4", "external away": "A", "external back": "a", "lack": "l",
    "error": "X", "scaled": "S", "registry away": "G", "registry refuses": "g",
}  # fmt: skip


class Trace:
    """Hears every transition of a world from now on.

    `digest` is the same for the same history in any process, whatever PYTHONHASHSEED is.
    With `keep`, the lines are kept too.
    """

    def __init__(self, world: World, *, keep: bool = False) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._marks: list[str] = []
        self.lines: list[str] | None = [] if keep else None
        world.listeners.append(self.heard)

    def heard(self, world: World, told: Transition) -> None:
        """Take one transition."""
        line = line_of(told)
        self._hash.update(line.encode())
        self._hash.update(b"\n")
        self._marks.append(LEGEND.get(told.what, "·"))
        if self.lines is not None:
            self.lines.append(line)

    @property
    def digest(self) -> str:
        """Hash of everything so far, 32 hexadecimal digits."""
        return self._hash.hexdigest()

    @property
    def compact(self) -> str:
        """One character for each transition; see `LEGEND`."""
        return "".join(self._marks)


def line_of(told: Transition) -> str:
    """One transition as one canonical line: seconds since the epoch of virtual time first."""
    ns = told.at_ns - EPOCH_NS
    where = f"{told.stack} {told.key or ''}"
    return f"{ns // 10**9}.{ns % 10**9:09d} {told.what} {where} {told.subject} {told.detail}"

"""What happened in a world, as a running hash, a legend of one character each, or lines."""

import hashlib
from collections.abc import Iterable, Mapping

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
    "taken away": "k", "error": "X", "scaled": "S", "registry away": "G", "registry refuses": "g",
}  # fmt: skip


class Trace:
    """Hears every transition of a world from now on.

    `digest` is the same for the same history in any process, whatever PYTHONHASHSEED is.
    With `keep`, the lines are kept too.
    """

    def __init__(self, world: World, *, keep: bool = False) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._compact: list[str] = []
        self._lines: list[str] | None = [] if keep else None
        self._world = world
        world.write()  # what was before is for others
        world.writers.append(self._take)

    def _take(self, tape: list[Transition]) -> None:
        if tape:
            lines = _lines_of(tape)
            self._hash.update("\n".join((*lines, "")).encode())
            self._compact.append("".join([LEGEND.get(told.what, "·") for told in tape]))
            if self._lines is not None:
                self._lines += lines

    @property
    def lines(self) -> list[str] | None:
        """Every transition so far as a line; None where they are not kept."""
        self._world.write()
        return self._lines

    @property
    def digest(self) -> str:
        """Hash of everything so far, 32 hexadecimal digits."""
        self._world.write()
        return self._hash.hexdigest()

    @property
    def compact(self) -> str:
        """One character for each transition; see `LEGEND`."""
        self._world.write()
        return "".join(self._compact)


def line_of(told: Transition) -> str:
    """One transition as one canonical line: seconds since the epoch of virtual time first."""
    return _lines_of([told])[0]


def _lines_of(many: Iterable[Transition]) -> list[str]:
    """Each as a line. Neighbours are often of one instant and of one resource."""
    made = []
    last_ns, when, last_stack, last_key, whose = -1, "", None, None, ""
    for at_ns, _, what, stack, key, subject, detail, _ in many:
        if at_ns != last_ns:
            last_ns = at_ns
            digits = str(at_ns - EPOCH_NS).zfill(10)
            when = f"{digits[:-9]}.{digits[-9:]}"
        if key is not last_key or stack is not last_stack:
            last_stack, last_key, whose = stack, key, f"{stack} {key or ''}"
        made.append(f"{when} {what} {whose} {subject} {detail}")
    return made

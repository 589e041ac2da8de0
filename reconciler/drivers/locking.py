"""Holding a stack's lock in real time: taken before the first step, renewed while it runs.

The rules are `reconciler.plan.lease`; this is its thread and its clock.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Scope
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.step import DropRecord, WriteRecord
from reconciler.model.units import NS_PER_S, format_duration
from reconciler.plan.lease import (
    LIFE_NS,
    RENEW_NS,
    Holder,
    follows,
    is_valid,
    newest_of,
    released,
    turn_of,
)
from reconciler.targets.port import Target

LOCK = "stack"
KEPT_NS = 4 * LIFE_NS
CALL_NS = 5 * NS_PER_S
PAUSE_S = 1.0
RENEW_S = RENEW_NS / NS_PER_S


def clock_ns() -> int:
    """A clock that nobody sets, and that goes on while the machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return time.monotonic_ns()


def this_process() -> Holder:
    """Who we are: the machine's name and start, our process id and start."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    start = boot.read_text().strip() if boot.exists() else ""
    namespace = Path("/proc/self/ns/pid")  # a process id means something only within one
    place = os.readlink(namespace) if namespace.exists() else ""
    pid = os.getpid()
    _, began = _process(pid)
    # Without a boot id no other process is taken for one of this machine.
    here = f"{start} {place}" if start else f"{socket.gethostname()} {pid} {time.time_ns()}"
    return Holder(socket.gethostname(), here, pid, began)


def process_is_alive(pid: int, started: str) -> bool:
    """Whether a process of this machine, in our own process namespace, still is there.

    One that has ended and waits for its parent is not, nor is a later one with its number.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    state, began = _process(pid)
    return state not in ("Z", "X") and (not started or not began or began == started)


def _process(pid: int) -> tuple[str, str]:
    """State and start of a process, as proc(5) tells them; empty where it does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return "", ""
    words = text.rpartition(")")[2].split()
    return words[0], words[19]


@dataclass(frozen=True, slots=True)
class _Held:
    """A record of ours; `since_ns` is our own clock before anything of it was done."""

    record: Record
    since_ns: int


@dataclass
class Lock:
    """The lock of one stack. `is_held` may be asked from any thread.

    With `regains`, one that is lost is waited for again, as long as it takes.
    """

    target: Target
    stack: str
    me: Holder = field(default_factory=this_process)
    is_alive: Callable[[int, str], bool] = process_is_alive
    regains: bool = False
    clock: Callable[[], int] = clock_ns
    offset_ns: int = 0
    _held: _Held | None = None
    _tenures: int = 0
    _holder: str = ""
    _seen: tuple[object, int] | None = None  # the newest record, and since when it is
    _on_wait: Callable[[str], None] | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def acquire(
        self, wait_ns: int, should_stop: Callable[[], bool], on_wait: Callable[[str], None]
    ) -> None:
        """Take the lock, waiting for its holder at most this long; then keep it.

        Raises TargetError (R410) where another keeps it, or when told to stop.
        """
        self._on_wait = on_wait
        end_ns = self.clock() + wait_ns
        told = ""
        while not self._try():
            holder = self._holder
            if self.clock() >= end_ns or should_stop():
                raise TargetError(
                    "conflict", "R410", f"the stack {self.stack} is locked by {holder}",
                    f"wait for it, or stop it: a dead one is taken over from "
                    f"after {format_duration(LIFE_NS)}",
                )  # fmt: skip
            if not told:
                told = f"waiting for {holder}, who holds the lock"
                on_wait(told)
            time.sleep(PAUSE_S / 4)
        self._thread = threading.Thread(target=self._keep, name="lock", daemon=True)
        self._thread.start()

    def is_held(self) -> bool:
        """Whether a call may be made now."""
        held = self._held
        return held is not None and is_valid(held.since_ns, self.clock())

    def tenure(self) -> int:
        """How many times it has been taken, where a call may be made now; else 0.

        What was seen in one tenure says nothing in the next: others may have acted between.
        """
        number = self._tenures  # read ahead of the rest: at worst it is the former one's
        return number if self.is_held() else 0

    def now_ns(self) -> int:
        """The target's clock, as last seen."""
        return self.clock() + self.offset_ns

    def release(self, *, forget: bool = False) -> None:
        """Give the lock back and stop renewing it; the next one need not wait.

        The last record stays, so that numbers only grow; `forget` removes it too, where
        nothing of the stack is left. A target that hangs is not waited for: the lock's life
        ends by itself.
        """
        self._ended.set()
        if not self._guard.acquire(timeout=CALL_NS / NS_PER_S):
            self._held = None
            return
        try:
            held, was_held, self._held = self._held, self.is_held(), None
            if held is not None and was_held:
                self._give_back(held.record, forget=forget)
        finally:
            self._guard.release()

    def _give_back(self, last: Record, *, forget: bool) -> None:
        final = released(last, self.me, self.now_ns())
        if self.target.perform(WriteRecord(self._key, final), CALL_NS).kind != "done":
            return
        try:
            # Only our own past: the next one may hold it already.
            old = [r for r in self._look() if r.seq <= final.seq] if forget else [last]
        except TargetError:
            return
        self._drop(old)

    @property
    def _key(self) -> ResourceKey:
        return ResourceKey("stack", self.stack)

    def _try(self) -> bool:
        """Look at the records, and make one where it is our turn; whether it is ours now."""
        with self._guard:
            if self._ended.is_set():
                return False
            began_ns = self.clock()
            locks = self._look()
            newest = newest_of(LOCK, locks)
            held = self._held.record.seq if self._held else 0
            turn = turn_of(
                LOCK, locks, self.me, self.now_ns(), self.is_alive,
                held=held, silent_ns=self._silent_ns(newest, began_ns),
            )  # fmt: skip
            self._holder = turn.holder
            if turn.write is None:
                return turn.is_ours
            return self._write(turn.write, began_ns, locks, after=None if turn.is_ours else newest,
                               renews=turn.is_ours)  # fmt: skip

    def _write(
        self, record: Record, began_ns: int, locks: list[Record], *, after: Record | None,
        renews: bool,
    ) -> bool:  # fmt: skip
        outcome = self.target.perform(WriteRecord(self._key, record), CALL_NS)
        if outcome.kind == "conflict":
            self._holder = "another who was quicker"
            return False
        if outcome.kind == "terminal":
            raise TargetError("terminal", outcome.code, outcome.message, outcome.hint)
        if outcome.kind != "done":  # the next look decides; until then what is held is held
            self._holder = f"nobody: {outcome.message}"
            return renews and self.is_held()
        if not renews and not follows(record, self._look(), after):
            self._holder = "another who was quicker"
            self._drop([record])
            return False
        self._tenures += not renews
        self._held = _Held(record, began_ns)
        self._drop(r for r in locks if _is_past(r, record))
        return True

    def _look(self) -> list[Record]:
        observed = self.target.observe(Scope(self.stack, keys=frozenset()))
        self.offset_ns = observed.target_now_ns - self.clock()
        locks = [r for r in observed.records if r.kind == "lock" and r.name == LOCK]
        return sorted(locks, key=lambda record: record.seq)

    def _silent_ns(self, newest: Record | None, began_ns: int) -> int:
        """How long, by our own clock, the newest record has surely been the newest."""
        mark = (newest.seq, newest.body.get("when_ns")) if newest else None
        if self._seen is None or self._seen[0] != mark:
            self._seen = (mark, self.clock())
        return max(0, began_ns - self._seen[1])

    def _keep(self) -> None:
        pause_s = RENEW_S
        while not self._ended.wait(pause_s):
            before = self._held
            try:
                is_ours = self._try()
            except TargetError:
                pause_s = PAUSE_S
                continue  # it is held until its time is over, and then no longer
            pause_s = RENEW_S if is_ours and self._held is not before else PAUSE_S
            if is_ours:
                if before is None:
                    self._tell("the lock is ours again")
                continue
            if self._ended.is_set():
                return
            self._held = None
            if not self.regains:
                return
            if before is not None:
                self._tell(f"the lock was lost to {self._holder}; waiting for it")

    def _tell(self, text: str) -> None:
        if self._on_wait is not None:
            self._on_wait(text)

    def _drop(self, records: Iterable[Record]) -> None:
        for record in records:
            self.target.perform(DropRecord(self._key, record), CALL_NS)


def _is_past(old: Record, new: Record) -> bool:
    """Whether a record is so old that nobody can still be acting on having seen it newest."""
    return int(old.body["when_ns"]) < int(new.body["when_ns"]) - KEPT_NS

"""A target that is really there: its lock, its driver, and what it tells while it works."""

import queue
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.controller.core import Controller
    from reconciler.controller.interface import Event
    from reconciler.drivers.locking import Lock
    from reconciler.model.resource import ResourceKey
    from reconciler.model.status import Notice, Verdict
    from reconciler.targets.docker.target import DockerTarget


class Live:
    """One stack on a real target. Whoever acts holds its lock: for a run, or around several."""

    def __init__(self, target: "DockerTarget", stack: str, settings: Settings) -> None:
        self._target = target
        self._stack = stack
        self._settings = settings
        self._ahead_ns = time.time_ns() - time.monotonic_ns()
        self._held: Lock | None = None

    def now_ns(self) -> int:
        """What time it is, by a clock that only goes on."""
        return time.monotonic_ns() + self._ahead_ns

    @contextmanager
    def hold(
        self, should_stop: Callable[[], bool], on_wait: Callable[[str], None]
    ) -> Iterator[None]:
        """Inside, nobody else acts on the stack, and every call that writes asks for that.

        Raises TargetError (R410) where another holds the lock for longer than is waited.
        """
        with self._locked(should_stop, on_wait) as lock:
            self._held = lock
            try:
                yield
            finally:
                self._held = None

    def run(
        self,
        controller: "Controller",
        on_notice: "Callable[[Notice], None]",
        should_stop: Callable[[], bool],
        feeds: "Sequence[Iterable[Event]]" = (),
    ) -> "Verdict":
        """Drive it; under the lock, unless it only looks."""
        from reconciler.model.status import Notice

        if not controller.policy.act:
            return self._drive(controller, on_notice, should_stop, feeds, lambda: 0)
        if self._held is not None:
            return self._drive(controller, on_notice, should_stop, feeds, self._held.tenure)

        def wait(text: str) -> None:
            on_notice(Notice(self.now_ns(), None, "wait", text))

        def emptied() -> bool:
            return not controller.graph.needs

        follow = controller.policy.follow
        with self._locked(should_stop, wait, regains=follow, forget=emptied) as lock:
            return self._drive(controller, on_notice, should_stop, feeds, lock.tenure)

    @contextmanager
    def _locked(
        self,
        should_stop: Callable[[], bool],
        on_wait: Callable[[str], None],
        *,
        regains: bool = False,
        forget: Callable[[], bool] = lambda: False,
    ) -> "Iterator[Lock]":
        from reconciler.drivers.locking import Lock

        lock = Lock(self._target, self._stack, regains=regains)
        self._target.gate(lock.tenure)
        lock.acquire(self._settings.lock_wait_ns, should_stop, on_wait)
        try:
            yield lock
        finally:
            lock.release(forget=forget())

    def _drive(
        self,
        controller: "Controller",
        on_notice: "Callable[[Notice], None]",
        should_stop: Callable[[], bool],
        feeds: "Sequence[Iterable[Event]]",
        tenure: Callable[[], int],
    ) -> "Verdict":
        from reconciler.drivers import real

        told = Told(self.now_ns)
        self._target.tell = told.tell
        try:
            return real.run(
                controller, self._target, on_notice=on_notice, should_stop=should_stop,
                parallelism=self._settings.parallelism, timeout_ns=self._settings.timeout_ns,
                tenure=tenure, feeds=(told, *feeds),
            )  # fmt: skip
        finally:
            told.close()


class Told:
    """What is told of calls under way, from any thread, as a feed of notices."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._notices: queue.SimpleQueue[Notice | None] = queue.SimpleQueue()

    def tell(self, key: "ResourceKey", text: str) -> None:
        """How far a call about this resource has come."""
        from reconciler.model.status import Notice

        self._notices.put(Notice(self._now_ns(), key, "progress", text))

    def close(self) -> None:
        """Nothing more is told."""
        self._notices.put(None)

    def __iter__(self) -> "Iterator[Notice]":
        while (notice := self._notices.get()) is not None:
            yield notice

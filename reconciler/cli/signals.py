"""Ctrl-C and SIGTERM while something is being done: the first stops cleanly, the second at once."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self

from reconciler.cli import exits

_CODES = {signal.SIGINT: exits.INTERRUPTED, signal.SIGTERM: exits.TERMINATED}


class Stopping:
    """Inside, the first signal sets `asked`; the second ends the process at once.

    `code` is the exit code of the signal that came. `say` tells the user.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._came: signal.Signals | None = None
        self._before: dict[signal.Signals, object] = {}

    def asked(self) -> bool:
        """Whether to start nothing new."""
        return self._came is not None

    @property
    def code(self) -> int:
        """The exit code of the signal that came; 0 while none has."""
        return _CODES[self._came] if self._came is not None else exits.OK

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {one: signal.signal(one, self._hear) for one in _CODES}
            for handler in self._before.values():
                outer = getattr(handler, "__self__", None)
                if isinstance(outer, Stopping):  # what came before this began counts too
                    self._came = self._came or outer._came
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)  # type: ignore[arg-type]

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._came is not None:
            # Threads may be waiting for an engine that does not answer: not for them.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(_CODES[signal.Signals(number)])
        self._came = signal.Signals(number)
        self._say("stopping: what is under way ends, nothing new starts; once more aborts")

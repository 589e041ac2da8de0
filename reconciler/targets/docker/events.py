"""The engine's events as hints: which resources to look at again.

The stream has no timeout and can end at any time: it is opened again from where it
stopped, with a hint that anything may have changed.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from docker.types import CancellableStream

from reconciler.model.resource import Kind, ResourceKey
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.engine import Engine
from reconciler.targets.docker.errors import OUTSIDE
from reconciler.targets.docker.names import object_name

KINDS = ["container", "network", "volume"]
ACTIONS = [
    "create", "start", "die", "destroy", "oom", "pause", "unpause", "rename", "update",
    "health_status", "connect", "disconnect", "remove", "restart",
]  # fmt: skip
RETRY_S = 1.0
ANYTHING: frozenset[ResourceKey] = frozenset()

Hint = frozenset[ResourceKey]


def hint_of(
    event: Mapping[str, Any], stack: str, known: Callable[[str], ResourceKey | None]
) -> Hint | None:
    """The resources that an event is about; None where it is about none of the stack's.

    `known` tells what a container is that was seen before.
    """
    actor = event.get("Actor") or {}
    marks = actor.get("Attributes") or {}
    if event.get("Type") == "container":
        key = tag.key_of(marks, stack) or known(str(actor.get("ID", "")))
        return frozenset({key}) if key is not None else None
    # Networks and volumes come without labels: what they are is told by name, or by id.
    adopted = known(str(actor.get("ID", "")))
    if adopted is not None:
        return frozenset({adopted})
    name = str(marks.get("name") or actor.get("ID") or "")
    own = object_name(stack, ResourceKey("network", ""))
    user = known(str(marks.get("container", "")))
    if user is not None:
        return frozenset({user})
    if name.startswith(own):
        kind: Kind = "network" if event.get("Type") == "network" else "volume"
        return frozenset({ResourceKey(kind, name.removeprefix(own))})
    return ANYTHING if name.startswith((f"{stack}.config.", f"{stack}.secret.")) else None


class Changes:
    """Hints from the engine's events and from elsewhere, through one queue.

    `since_ns` is a time before the first observation, so that nothing falls in between.
    """

    def __init__(
        self,
        engine: Engine,
        stack: str,
        since_ns: int,
        known: Callable[[str], ResourceKey | None] = lambda container_id: None,
    ) -> None:
        self._engine = engine
        self._stack = stack
        self._hints: queue.SimpleQueue[Hint | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._stream: CancellableStream[Any] | None = None
        self._thread: threading.Thread | None = None
        self._since_ns = since_ns
        self._known = known

    def tell(self, keys: Hint) -> None:
        """Pass on a hint from elsewhere."""
        self._hints.put(keys)

    def start(self) -> None:
        """Listen from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._listen, name="events", daemon=True)
            self._thread.start()

    def __iter__(self) -> Iterator[Hint]:
        while not self._closed.is_set():
            hint = self._hints.get()
            if hint is None:
                return
            yield hint

    def close(self) -> None:
        """End every iteration."""
        self._closed.set()
        self._hints.put(None)
        self._cut()

    def _listen(self) -> None:
        while not self._closed.is_set():
            # ValueError is the SDK's, for a stream that was closed under its reader.
            with contextlib.suppress(*OUTSIDE, ValueError):
                self._read_stream()
            self._let_go()
            if self._closed.wait(RETRY_S):
                return
            self._hints.put(ANYTHING)

    def _cut(self) -> None:
        """Close the stream, from whatever thread; its reader then ends."""
        if self._stream is not None:
            with contextlib.suppress(Exception):  # the SDK's own way is best effort
                self._stream.close()

    def _let_go(self) -> None:
        """Close the stream and what reads from it; on the reader's own thread alone."""
        self._cut()
        with contextlib.suppress(Exception):  # the SDK leaves its socket to the collector
            getattr(self._stream, "_response").close()  # noqa: B009 - its stubs hide it

    def _read_stream(self) -> None:
        since_ns = self._since_ns
        # The SDK passes `since` on as it is; its stubs do not know of fractions of a second.
        since: Any = f"{since_ns // NS_PER_S}.{since_ns % NS_PER_S:09}"
        filters: dict[str, Any] = {"type": KINDS, "event": ACTIONS}
        self._stream = self._engine.events(since=since, filters=filters, decode=True)
        if self._closed.is_set():  # while it was being opened
            self._cut()
        for event in self._stream:
            if self._closed.is_set():
                return
            self._since_ns = max(int(event.get("timeNano") or 0), since_ns)
            hint = hint_of(event, self._stack, self._known)
            if hint is not None:
                self._hints.put(hint)

"""What must hold when a whole stack is shut down, on an engine and on a cluster."""

from collections.abc import Callable, Sequence
from functools import partial

from tests.mutation.judges import Judge
from tests.properties.shutdowns import Shutdown, check_bounds, check_crashes, check_order

CHAIN = {"db": (), "api": ("db",), "web": ("api",)}
MIXED = {"db": "tardy", "api": "stubborn", "web": "quick"}
BOUNDS = {"drain": 3, "stop": 5, "flush": 4, "total": 60}
PLACES = (("engine", False), ("cluster", True))


def _on_both(
    check: Callable[[Shutdown], None], **bounds: int | None
) -> list[tuple[str, Callable[[], None]]]:
    return [
        (place, partial(check, Shutdown(CHAIN, MIXED, {**BOUNDS, **bounds}, cluster)))
        for place, cluster in PLACES
    ]


def _crashes() -> list[tuple[str, Callable[[], None]]]:
    return [
        (f"{place}, call {call}", partial(check_crashes, Shutdown(
            CHAIN, MIXED, BOUNDS, cluster, ((call, "after"),))))
        for place, cluster in PLACES
        for call in (1, 4)
    ]  # fmt: skip


SHUTDOWN_JUDGES: Sequence[Judge] = (
    Judge("shuts down users first", _on_both(check_order)),
    Judge("shuts down within its bounds", _on_both(check_bounds)),
    Judge("kills what is left after the total", _on_both(check_bounds, total=9, stop=None)),
    Judge("finishes another's shutdown", _crashes()),
)

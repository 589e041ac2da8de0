"""A broken revision: how soon it is reported and rolled back, and what it leaves ready."""

import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.figure import Figure, Measured, is_short, rounds
from benchmarks.ground import IMAGE, Ground, ground, has_compose, until
from benchmarks.process import run

REPLICAS = 4
UNAVAILABLE = 1
DEADLINE_S = 6
SLACK_S = 5  # to stop what is broken and to start what was good
SAMPLE_S = 0.1
HEALTHY = ["/bin/busybox", "test", "-e", "/bin/busybox"]
BROKEN = ["/bin/busybox", "test", "-e", "/nowhere"]
LABEL = "benchmark.instance"


class Seen(NamedTuple):
    """One broken update: seconds until its end, fewest ready meanwhile, ready afterwards."""

    took_s: float
    least: int
    after: int


def measure() -> Measured:
    """Median seconds until it was reported and rolled back."""
    with ground() as place:
        place.apply(place.write(_ours(place, HEALTHY, 0)))
        seen = [
            _watched(place, _updated(place, place.write(_ours(place, BROKEN, number), "broken")))
            for number in range(1, 1 + rounds(5, 2))
        ]
    least = min(each.least for each in seen)
    after = min(each.after for each in seen)
    beside = {"ours": _told([each.took_s for each in seen], least, after)}
    if has_compose() and not is_short():
        with ground() as place:
            theirs = _watched(place, _with_compose(place))
        beside["Compose's up -d --wait, once"] = _told([theirs.took_s], theirs.least, theirs.after)
    return Measured(
        statistics.median(each.took_s for each in seen),
        others={
            "fewest ready meanwhile, instances short": (REPLICAS - least, UNAVAILABLE),
            "ready afterwards, instances short": (REPLICAS - after, 0),
        },
        beside=beside,
    )


def _told(took_s: list[float], least: int, after: int) -> str:
    times = ", ".join(f"{each:.1f}" for each in took_s)
    return f"{times} s; at least {least} of {REPLICAS} ready meanwhile, {after} afterwards"


def _ours(place: Ground, probe: list[str], number: int) -> dict[str, Any]:
    web = {
        "image": IMAGE, "command": ["sleep", str(36000 + number)], "replicas": REPLICAS,
        "docker": {"init": True}, "labels": {LABEL: place.name},
        "readiness": {"exec": probe, "period": "1s", "timeout": "3s", "failures": 2},
        "termination": {"grace": "5s"},
        "rollout": {"max_surge": 1, "max_unavailable": UNAVAILABLE, "deadline": f"{DEADLINE_S}s"},
    }  # fmt: skip
    return {"services": {"web": web}}


def _theirs(place: Ground, probe: list[str], number: int) -> dict[str, Any]:
    web = {
        "image": IMAGE, "command": ["sleep", str(36000 + number)], "scale": REPLICAS,
        "init": True, "restart": "always", "labels": {LABEL: place.name},
        "healthcheck": {"test": ["CMD", *probe], "interval": "1s", "timeout": "3s", "retries": 2},
    }  # fmt: skip
    return {"services": {"web": web}}


def _updated(place: Ground, file: Path) -> Callable[[], None]:
    def update() -> None:
        place.apply(file, expect=1)  # it says that the revision failed

    return update


def _with_compose(place: Ground) -> Callable[[], None]:
    run(place.compose(place.write(_theirs(place, HEALTHY, 0), "good"), "up", "-d", "--wait"))
    broken = place.write(_theirs(place, BROKEN, 1), "broken")
    return lambda: _let(place.compose(broken, "up", "-d", "--wait"))


def _let(command: list[str]) -> None:
    with contextlib.suppress(RuntimeError):
        run(command, expect=0)


def _watched(place: Ground, update: Callable[[], None]) -> Seen:
    """Do it while somebody counts who is ready."""
    until(lambda: _ready(place) == REPLICAS, 30, "all are ready before the update")
    with _counting(place) as counts:
        began = time.monotonic()
        update()
        took_s = time.monotonic() - began
    return Seen(took_s, min(counts), _ready(place))


@contextlib.contextmanager
def _counting(place: Ground) -> Iterator[list[int]]:
    counts: list[int] = []
    ended = threading.Event()

    def count() -> None:
        while not ended.wait(SAMPLE_S):
            counts.append(_ready(place))

    counter = threading.Thread(target=count)
    counter.start()
    try:
        yield counts
    finally:
        ended.set()
        counter.join()


def _ready(place: Ground) -> int:
    """How many instances the engine's own health check says are ready."""
    asked = {"label": [f"{LABEL}={place.name}"], "status": "running", "health": "healthy"}
    return len(place.engine.containers(filters=asked))


FIGURE = Figure(
    name="broken-update",
    about=f"broken revision of 4 instances, reported and rolled back, deadline {DEADLINE_S} s",
    unit="s",
    bar=DEADLINE_S + SLACK_S,
    measure=measure,
)

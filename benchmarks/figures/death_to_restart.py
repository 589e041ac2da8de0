"""How soon `watch` issues a replacement after the engine's event that asks for one.

The event's time is the engine's own; the call is seen on its way to the engine.
"""

import statistics
import threading
from typing import Any

from benchmarks.figure import Figure, Measured, rounds
from benchmarks.ground import Ground, ground, services, shown, until, watching
from benchmarks.relay import Relay, relay

SOON_MS = 100
LONGEST_S = 40
HEALTHY = ["/bin/busybox", "test", "!", "-e", "/sick"]
SPEC = {
    "liveness": {"exec": HEALTHY, "period": "1s", "timeout": "5s", "failures": 1},
    "termination": {"grace": "5s"},
}


class Heard:
    """The engine's events about one ground, with the engine's own times."""

    def __init__(self, place: Ground) -> None:
        self.events: list[dict[str, Any]] = []
        mine = {"label": [f"reconciler.stack={place.name}"], "type": ["container"]}
        self._stream = place.engine.events(filters=mine, decode=True)
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._stream.close()

    def at_ns(self, action: str, container: str) -> int | None:
        """When this happened to a container."""
        for event in list(self.events):
            if event["Action"] == action and event["id"] == container:
                return int(event["timeNano"])
        return None

    def _listen(self) -> None:
        try:
            self.events.extend(iter(self._stream))
        except Exception:  # the SDK's stream ends in several ways when it is closed
            return


def measure() -> Measured:
    """Medians in ms: of the end of a sick one, of its sickness, of a removal by hand."""
    count = rounds(5, 3)
    with ground() as place, relay(place.folder) as way:
        file = place.write(services(2 * count, 1, SPEC))
        heard = Heard(place)
        with watching(file, {"DOCKER_HOST": way.host}):
            until(lambda: len(_healthy(place)) == 2 * count, 120, "all are healthy")
            ids = {c["Labels"]["reconciler.name"]: c["Id"] for c in place.containers()}
            sick = [_sickened(place, way, heard, f"web-{n}", ids) for n in range(count)]
            gone = [_removed(place, way, heard, f"web-{n}", ids) for n in range(count, 2 * count)]
        heard.close()
    noticed, ended = [pair[0] for pair in sick], [pair[1] for pair in sick]
    return Measured(
        statistics.median(ended),
        others={
            "from unhealthy to the first call, ms": (statistics.median(noticed), SOON_MS),
            "from a removal by hand to the replacement, ms": (statistics.median(gone), SOON_MS),
        },
        beside={
            "from the end of a sick one": shown(ended, "ms"),
            "from unhealthy": shown(noticed, "ms"),
            "from a removal by hand": shown(gone, "ms"),
        },
    )


def _healthy(place: Ground) -> list[Any]:
    return [c for c in place.containers(health="healthy") if c["State"] == "running"]


def _sickened(
    place: Ground, way: Relay, heard: Heard, service: str, ids: dict[str, str]
) -> tuple[float, float]:
    """ms from its sickness to the first call, and from its end to its successor's creation."""
    container = ids[service]
    made = place.engine.exec_create(container, ["/bin/busybox", "touch", "/sick"])
    place.engine.exec_start(made["Id"])
    sick_ns = _when(heard, "health_status: unhealthy", container)
    first_ms = _call_after(way, sick_ns, f"/containers/{container}/(update|kill|stop)")
    return first_ms, _replaced(place, way, service, _when(heard, "die", container))


def _removed(place: Ground, way: Relay, heard: Heard, service: str, ids: dict[str, str]) -> float:
    """ms from its removal to its successor's creation."""
    place.engine.remove_container(ids[service], force=True)
    return _replaced(place, way, service, _when(heard, "die", ids[service]))


def _replaced(place: Ground, way: Relay, service: str, since_ns: int) -> float:
    return _call_after(way, since_ns, rf"/containers/create\?name={place.name}-{service}-")


def _when(heard: Heard, action: str, container: str) -> int:
    until(lambda: heard.at_ns(action, container), LONGEST_S, f"the event {action}")
    at_ns = heard.at_ns(action, container)
    assert at_ns is not None
    return at_ns


def _call_after(way: Relay, since_ns: int, pattern: str) -> float:
    until(lambda: way.first("POST", pattern, since_ns), LONGEST_S, f"POST {pattern}")
    request = way.first("POST", pattern, since_ns)
    assert request is not None
    return (request.at_ns - since_ns) / 1e6


FIGURE = Figure(
    name="death-to-restart",
    about="from the engine's event to the call that makes a replacement, under watch",
    unit="ms",
    bar=SOON_MS,
    measure=measure,
)

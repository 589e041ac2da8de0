"""What an instance's fields say of its life, read once: they are the same at each of its starts."""

from dataclasses import dataclass

from reconciler.model.observed import Fields
from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_S
from reconciler.sim.probes import Asking, asking
from reconciler.sim.things import Container

GRACE_NS = 30 * NS_PER_S  # terminationGracePeriodSeconds where none is said

MOST = 4096  # mappings that are remembered


@dataclass(frozen=True, slots=True)
class Reading:
    """What the `fields` of an instance of `key` ask for.

    Host ports, probes, times of its end; `runs`, `starts`, `turns_ready` and `stops` are the
    random streams that its times are drawn from.
    """

    fields: Fields
    key: ResourceKey
    host_ports: tuple[str, ...]
    startup: Asking | None
    liveness: Asking | None
    readiness: Asking | None
    stop_signal: str
    pre_stop_ns: int
    grace_ns: int
    runs: str
    starts: str
    turns_ready: str
    stops: str


_readings: dict[int, Reading] = {}


def read(container: Container) -> Reading:
    """The reading of an instance; the same one until it has other fields.

    Mappings of fields never change. Instances that share theirs share the reading, which is
    found by the mapping's identity: that stays its own as the reading keeps it.
    """
    found: Reading | None = container.reading
    fields = container.fields
    if found is not None and found.fields is fields:
        return found
    found = _readings.get(id(fields))
    if found is None or found.fields is not fields or found.key != container.key:
        if len(_readings) >= MOST:
            _readings.clear()
        found = _readings[id(fields)] = _read(container.key, fields)
    container.reading = found
    return found


def _read(key: ResourceKey, fields: Fields) -> Reading:
    grace = fields.get("stop.grace")
    return Reading(
        fields, key, _host_ports(fields), asking(fields, "startup"), asking(fields, "liveness"),
        asking(fields, "readiness"), str(fields.get("stop_signal", "SIGTERM")),
        int(fields.get("stop.pre_stop") or 0),  # type: ignore[arg-type]
        grace if isinstance(grace, int) else GRACE_NS,  # none at all is a grace too
        f"{key} run", f"{key} start", f"{key} ready", f"{key} stop",
    )  # fmt: skip


def _host_ports(fields: Fields) -> tuple[str, ...]:
    return tuple(
        str(value).rpartition(":")[2] for path, value in fields.items() if path.startswith("ports.")
    )

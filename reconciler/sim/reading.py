"""What an instance's fields say of its life, read once: they are the same at each of its starts."""

from dataclasses import dataclass

from reconciler.model.observed import Fields
from reconciler.sim.probes import Asking, asking

MOST = 4096  # mappings that are remembered


@dataclass(frozen=True, slots=True)
class Reading:
    """The host ports and the probes that `fields` ask for."""

    fields: Fields
    host_ports: tuple[str, ...]
    startup: Asking | None
    liveness: Asking | None
    readiness: Asking | None


_readings: dict[int, Reading] = {}


def read(fields: Fields) -> Reading:
    """The reading of a mapping that never changes; the same one when asked again.

    It is found by the mapping's identity, which stays its own as the reading keeps it.
    """
    found = _readings.get(id(fields))
    if found is None or found.fields is not fields:
        if len(_readings) >= MOST:
            _readings.clear()
        found = _readings[id(fields)] = Reading(
            fields, _host_ports(fields), asking(fields, "startup"), asking(fields, "liveness"),
            asking(fields, "readiness"),
        )  # fmt: skip
    return found


def _host_ports(fields: Fields) -> tuple[str, ...]:
    return tuple(
        str(value).rpartition(":")[2] for path, value in fields.items() if path.startswith("ports.")
    )

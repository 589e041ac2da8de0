"""What an instance's fields say of its life, read once: they are the same at each of its starts."""

from dataclasses import dataclass

from reconciler.model.observed import Fields
from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_S
from reconciler.sim.probes import Asking, asking, asks_the_same, engine_check
from reconciler.sim.things import Container

GRACE_NS = 30 * NS_PER_S  # terminationGracePeriodSeconds where none is said

NAMES = ("startup", "liveness", "readiness")
MOST = 4096  # mappings that are remembered


@dataclass(frozen=True, slots=True)
class Reading:
    """What the `fields` of an instance of `key` ask for.

    Host ports, probes, times of its end; `runs`, `starts`, `turns_ready` and `stops` are the
    random streams that its times are drawn from. `check` is what Docker's engine asks by itself,
    `check_of` the probe that it stands for, and `is_about_life` whether it also says that the
    instance must be restarted. The three probes are those that the kubelet asks, or, of an
    engine's container, our own prober. `is_probed`: anybody asks it anything; `is_simple`:
    nobody but for its readiness.
    """

    fields: Fields
    key: ResourceKey
    kubelet: bool
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
    is_probed: bool
    is_simple: bool
    check: Asking | None = None
    check_of: str = ""
    is_about_life: bool = False


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
    key, kubelet = container.key, container.kubelet
    found = _readings.get(id(fields))
    if (
        found is None or found.fields is not fields
        or found.key != key or found.kubelet is not kubelet
    ):  # fmt: skip
        if len(_readings) >= MOST:
            _readings.clear()
        found = _readings[id(fields)] = _read(key, fields, kubelet)
    container.reading = found
    return found


def _read(key: ResourceKey, fields: Fields, kubelet: bool) -> Reading:
    startup, liveness, readiness = (asking(fields, name, kubelet=kubelet) for name in NAMES)
    check, check_of, is_about_life = None, "", False
    if not kubelet and (found := engine_check(fields)) is not None:
        # As `our_probes` and `is_about_life` of `reconciler.targets.docker.probes` have it.
        check_of, check = found
        same = [name for name in NAMES if asks_the_same(fields, name, check_of)]
        startup = None if "startup" in same else startup
        liveness = None if "liveness" in same else liveness
        readiness = None if "readiness" in same else readiness
        is_about_life = check_of != "readiness" or "liveness" in same
    grace = fields.get("stop.grace")
    asked = (startup, liveness, readiness, check)
    return Reading(
        fields, key, kubelet, _host_ports(fields), startup, liveness, readiness,
        str(fields.get("stop_signal", "SIGTERM")),
        int(fields.get("stop.pre_stop") or 0),  # type: ignore[arg-type]
        grace if isinstance(grace, int) else GRACE_NS,  # none at all is a grace too
        f"{key} run", f"{key} start", f"{key} ready", f"{key} stop",
        any(each is not None for each in asked), startup is liveness is check is None,
        check, check_of, is_about_life,
    )  # fmt: skip


def _host_ports(fields: Fields) -> tuple[str, ...]:
    return tuple(
        str(value).rpartition(":")[2] for path, value in fields.items() if path.startswith("ports.")
    )

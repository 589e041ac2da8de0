"""What `watch` costs while nothing happens: processor time and memory over 100 services.

The bars are ours: a helper that a small server can have beside what it is there for.
"""

import os
import statistics
import time
from pathlib import Path

from benchmarks.figure import Figure, Measured, Unavailable, is_short
from benchmarks.ground import Ground, ground, services, until, watching

SERVICES = 100
CPU_MOST_PERCENT = 2.0
MEMORY_MOST_MB = 120
WINDOW_S = 6
WINDOWS = 5
SETTLE_S = 8


def measure() -> Measured:
    """Percent of one core, the mean of some windows of a few seconds; memory at their end."""
    if not Path("/proc/self/stat").exists():
        raise Unavailable("this system has no /proc to read a process's time from")
    with ground() as place:
        file = place.write(services(SERVICES, 1))
        place.apply(file)
        with watching(file) as pid:
            until(lambda: _holds_lock(place), 60, "the lock is taken")
            time.sleep(SETTLE_S)
            windows = [_percent(pid) for _ in range(3 if is_short() else WINDOWS)]
            memory_mb = _resident_bytes(pid) / 1e6
    return Measured(
        statistics.mean(windows),
        others={"resident set, MB": (memory_mb, MEMORY_MOST_MB)},
        beside={"each window": ", ".join(f"{value:.2f} %" for value in windows)},
    )


def _holds_lock(place: Ground) -> bool:
    volumes = place.engine.volumes(filters={"label": f"reconciler.stack={place.name}"})
    return any(".lock." in volume["Name"] for volume in volumes["Volumes"] or [])


def _percent(pid: int) -> float:
    began, used_s = time.monotonic(), _used_s(pid)
    time.sleep(WINDOW_S)
    return 100 * (_used_s(pid) - used_s) / (time.monotonic() - began)


def _used_s(pid: int) -> float:
    """Processor time of a process so far, its threads' included; see proc(5), fields 14, 15."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


FIGURE = Figure(
    name="idle",
    about="watch over 100 services while nothing happens, of one core, at most 120 MB",
    unit="%",
    bar=CPU_MOST_PERCENT,
    measure=measure,
)

"""Load, validate and plan 10,000 services in one file, as a whole process."""

import statistics
import tempfile
from pathlib import Path

from benchmarks.figure import Figure, Measured, in_turn
from benchmarks.process import python, run
from benchmarks.stacks import write

SERVICES = 10_000
MEMORY_MOST_MB = 500

READ_ONLY = "import sys, yaml; yaml.load(open(sys.argv[1]), yaml.CSafeLoader)"


def measure() -> Measured:
    """Seconds of the whole process, and those of one that only reads the same file."""
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder) / "large.yaml", SERVICES)
        world = Path(folder) / "world.json"
        command = python(
            "-m", "reconciler", "plan", file, "--target", "simulator", "--world", world
        )
        peaks_mb: list[float] = []

        def ours() -> float:
            ran = run(command)
            peaks_mb.append(ran.peak_bytes / 1e6)
            return ran.wall_s

        turns = in_turn(ours, lambda: run(python("-c", READ_ONLY, file)).wall_s)
    peak_mb = statistics.median(peaks_mb)
    return Measured(
        turns.ours_median,
        turns.peer_median,
        {"peak resident set, MB": (peak_mb, MEMORY_MOST_MB)},
    )


FIGURE = Figure(
    name="plan-10k",
    about="plan of 10,000 services in one file, whole process, at most 500 MB",
    unit="s",
    bar=3,
    measure=measure,
    peer="PyYAML's C loader reading the same file",
)

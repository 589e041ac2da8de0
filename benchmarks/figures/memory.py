"""What simulating more requests takes in memory: nothing.

By the kernel alone, and by whole rehearsals of one update that differ in how long they go on:
what is recorded of a run is bounded, whatever passes through it.
"""

import statistics

from benchmarks.figure import Figure, Measured, Unavailable, alone
from benchmarks.process import python, run
from reconciler.sim.traffic.kernel import COMPILED, WHY

FEW = 10**5
MANY = 2 * 10**7
MOST_MB = 2
SIMULATE = """
import sys
from benchmarks.figures.scaling import cost_ns, ROUND_ROBIN
cost_ns(ROUND_ROBIN, 100, int(sys.argv[1]))
"""
REHEARSE = """
import sys
from benchmarks.rehearsed import constellation, rehearse
rehearse(constellation(20, 1000, int(sys.argv[1])))
"""
SHORT_S = 600  # of a rehearsal: 6·10^5 requests
LONG_S = 20_000


def measure() -> Measured:
    """MB that 20 million requests take more than 100,000, at the peak of a whole process."""
    if not COMPILED:
        raise Unavailable(f"the kernel is plain Python: {WHY}")

    def more_mb(code: str, *sizes: int) -> float:
        few, many = (run(python("-c", code, str(size))) for size in sizes)
        return (many.peak_bytes - few.peak_bytes) / 1e6

    whole_mb = statistics.median(more_mb(REHEARSE, SHORT_S, LONG_S) for _ in range(3))
    return Measured(
        alone(lambda: more_mb(SIMULATE, FEW, MANY)),
        others={"MB more for a rehearsal of 2·10^7 requests than of 6·10^5": (whole_mb, MOST_MB)},
    )


FIGURE = Figure(
    name="memory",
    about="memory that 2·10^7 simulated requests take more than 10^5",
    unit="MB",
    bar=MOST_MB,
    measure=measure,
)

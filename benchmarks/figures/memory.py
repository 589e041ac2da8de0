"""What simulating more requests takes in memory: nothing."""

from benchmarks.figure import Figure, Measured, Unavailable, alone
from benchmarks.process import python, run
from reconciler.sim.traffic.kernel import COMPILED, WHY

FEW = 10**5
MANY = 2 * 10**7
SIMULATE = """
import sys
from benchmarks.figures.scaling import cost_ns, ROUND_ROBIN
cost_ns(ROUND_ROBIN, 100, int(sys.argv[1]))
"""


def measure() -> Measured:
    """MB that 20 million requests take more than 100,000, at the peak of a whole process."""
    if not COMPILED:
        raise Unavailable(f"the kernel is plain Python: {WHY}")

    def more_mb() -> float:
        few, many = (run(python("-c", SIMULATE, str(count))) for count in (FEW, MANY))
        return (many.peak_bytes - few.peak_bytes) / 1e6

    return Measured(alone(more_mb))


FIGURE = Figure(
    name="memory",
    about="memory that 2·10^7 simulated requests take more than 10^5",
    unit="MB",
    bar=2,
    measure=measure,
)

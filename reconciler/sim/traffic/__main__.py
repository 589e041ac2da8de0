"""``python -m reconciler.sim.traffic``: which kernel runs here, and why."""

import sys

from reconciler.sim.traffic.kernel import COMPILED, WHY

if __name__ == "__main__":
    sys.stdout.write("kernel: compiled\n" if COMPILED else f"kernel: plain Python ({WHY})\n")

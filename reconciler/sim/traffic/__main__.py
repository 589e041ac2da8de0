"""``python -m reconciler.sim.traffic``: which kernel runs here, and why."""

from reconciler.sim.traffic.kernel import COMPILED, WHY

print("kernel: compiled" if COMPILED else f"kernel: plain Python ({WHY})")

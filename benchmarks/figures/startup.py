"""How much longer `reconciler --version` takes than an interpreter that does nothing."""

from benchmarks.figure import Figure, Measured, in_turn
from benchmarks.process import python, run

ROUNDS = 15


def measure() -> Measured:
    """Milliseconds over the bare interpreter, and what that one takes."""
    turns = in_turn(
        lambda: run(python("-m", "reconciler", "--version")).wall_s * 1000,
        lambda: run(python("-c", "pass")).wall_s * 1000,
        rounds=ROUNDS,
    )
    return Measured(turns.difference_median, turns.peer_median)


FIGURE = Figure(
    name="startup",
    about="reconciler --version, over the bare interpreter",
    unit="ms",
    bar=40,
    measure=measure,
    peer="the bare interpreter",
)

"""A plan without changes over 100 containers, beside the calls alone and beside Compose."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, Measured, alone, in_turn, is_short, rounds
from benchmarks.ground import Ground, compose_services, ground, has_compose, ours, services
from benchmarks.process import python, run

SERVICES = 50
REPLICAS = 2


def measure() -> Measured:
    """Our seconds and the floor's."""
    with ground() as place:
        file = place.write(services(SERVICES, REPLICAS))
        place.apply(file)
        command = ours("plan", file, "--detailed-exitcode")  # anything to do would be exit 2
        floor = python("-m", "benchmarks.floor", "plan", file)
        turns = in_turn(lambda: run(command).wall_s, lambda: run(floor).wall_s, rounds=rounds(9, 5))
    beside: dict[str, str] = {}
    if has_compose() and not is_short():
        with ground() as place, _under_compose(place) as equal:
            command = [*place.compose(equal, "up", "-d")]
            took_s = alone(lambda: run(command).wall_s)
        beside["Compose's up -d without changes"] = f"{took_s:.3f} s"
    return Measured(turns.ours_median, turns.peer_median, beside=beside, ratio=turns.ratio_median)


@contextlib.contextmanager
def _under_compose(place: Ground) -> Iterator[Path]:
    """An equal project, up."""
    file = place.write(compose_services(SERVICES, REPLICAS), "compose")
    run(place.compose(file, "up", "-d"))
    yield file


FIGURE = Figure(
    name="plan-noop",
    about="plan without changes over 100 containers, whole process",
    unit="s",
    relative=True,
    bar=1.3,
    measure=measure,
    peer="a script with the same imports and calls",
)

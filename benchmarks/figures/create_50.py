"""An apply that creates 50 containers, beside raw calls in a loop and beside Compose."""

from benchmarks.figure import Figure, Measured, in_turn, is_short, rounds
from benchmarks.ground import IMAGE, Ground, compose_services, ground, has_compose, services, shown
from benchmarks.process import python, run

SERVICES = 25
REPLICAS = 2
CONTAINERS = SERVICES * REPLICAS


def measure() -> Measured:
    """Our seconds and the loop's."""
    with ground() as place:
        file = place.write(services(SERVICES, REPLICAS))
        floor = python("-m", "benchmarks.floor", "create", place.name, str(CONTAINERS), IMAGE)

        def ours() -> float:
            return _then_cleared(place, place.apply(file).wall_s)

        def loop() -> float:
            return _then_cleared(place, run(floor).wall_s)

        turns = in_turn(ours, loop, rounds=rounds(), warm_up=False)
        beside = {
            "ours": shown(turns.ours, "s"),
            "a loop of raw calls": shown(turns.peer, "s"),
        }
        if has_compose() and not is_short():
            equal = place.write(compose_services(SERVICES, REPLICAS), "compose")
            took_s = run(place.compose(equal, "up", "-d")).wall_s
            beside["Compose's up -d, once"] = f"{_then_cleared(place, took_s):.3g} s"
    return Measured(turns.ours_median, turns.peer_median, beside=beside, ratio=turns.ratio_median)


def _then_cleared(place: Ground, took_s: float) -> float:
    """What it took, once all 50 are seen to run and are removed again."""
    running = len(place.containers(status="running"))
    if running != CONTAINERS:
        raise RuntimeError(f"{running} of {CONTAINERS} containers run")
    place.clear()
    return took_s


FIGURE = Figure(
    name="create-50",
    about="apply that creates 50 containers, whole process",
    unit="s",
    relative=True,
    bar=1.15,
    measure=measure,
    peer="a parallel loop of raw engine calls",
)

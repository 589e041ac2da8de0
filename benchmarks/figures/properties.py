"""Full-stack property examples a second through Hypothesis, small stacks, one core.

Each example draws a stack of up to four services, a change of it and what goes wrong, runs the
real controller on a simulated engine, and judges what came of it: the suite that the tests
run, but for the properties of traffic, as many examples of each.
"""

import importlib
import statistics
import time
from typing import Any

from benchmarks.figure import Figure, Measured, Unavailable, rounds

EXAMPLES = 50  # of each property, in each round, as many as a developer's test run
OF_STACKS = tuple(f"tests.properties.{name}" for name in ("convergence", "failures", "safety"))


def measure() -> Measured:
    """Examples over processor time, the median of some rounds, each with examples of its own."""
    try:
        tests = importlib.import_module("tests.properties")
    except ImportError as error:
        raise Unavailable(f"the tests are not here: {error}") from error
    chosen = [each for each in tests.PROPERTIES if each.check.__module__ in OF_STACKS]
    for each in chosen:
        _run(each, 0)
    rates: list[float] = []
    by_name: dict[str, list[float]] = {each.name: [] for each in chosen}
    for number in range(1, 1 + rounds()):
        ran = {each.name: _run(each, number) for each in chosen}
        rates.append(sum(n for n, _ in ran.values()) / sum(s for _, s in ran.values()))
        for name, (examples, took_s) in ran.items():
            by_name[name].append(examples / took_s)
    medians = sorted((statistics.median(each), name) for name, each in by_name.items())
    beside = {
        "properties": str(len(chosen)),
        "slowest": ", ".join(f"{name} {rate:.0f}/s" for rate, name in medians[:3]),
        "fastest": ", ".join(f"{name} {rate:.0f}/s" for rate, name in medians[-3:]),
    }
    return Measured(statistics.median(rates), beside=beside)


def _run(each: Any, seed: int) -> tuple[int, float]:
    """Examples, and seconds of processor time, of one of `tests.properties.PROPERTIES`."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from hypothesis.strategies import SearchStrategy

    tried = 0

    def check(example: object) -> None:
        nonlocal tried
        tried += 1
        each.check(example)

    quiet = settings(
        max_examples=EXAMPLES, database=None, deadline=None, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    strategy: SearchStrategy[Any] = each.strategy
    test = seeded(seed)(quiet(given(strategy)(check)))
    began = time.process_time()
    test()
    return tried, time.process_time() - began


FIGURE = Figure(
    name="properties",
    about="full-stack property examples through Hypothesis, small stacks, one core",
    unit="1/s",
    bar=60,
    measure=measure,
    more_is_better=True,
)

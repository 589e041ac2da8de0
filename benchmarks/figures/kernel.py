"""The traffic kernel against SimPy: the same queueing model, rule by rule, with equal answers."""

import importlib.util
import statistics
from typing import TYPE_CHECKING

from benchmarks.figure import Figure, Measured, Unavailable, rounds
from reconciler.sim.traffic.core.kernel import Kernel as Plain
from reconciler.sim.traffic.kernel import COMPILED, RULES, WHY
from reconciler.sim.traffic.kernel import Kernel as Compiled

if TYPE_CHECKING:
    from benchmarks.queueing import Outcome

SECONDS = 6  # of virtual time, which all three run: 8,400 requests
LONG_SECONDS = 150  # what the compiled one is timed on, since it is done with the others' at once
TIMES_SIMPY = 60
TIMES_SIMPY_PLAIN = 3


def measure() -> Measured:
    """The least rate of events over the rules, and how each compares with SimPy. Processor time.

    An event is an arrival or a departure; SimPy's own, of which it needs more, do not count.
    """
    if not COMPILED:
        raise Unavailable(f"the kernel is plain Python: {WHY}")
    if importlib.util.find_spec("simpy") is None:
        raise Unavailable("SimPy is not installed")
    from benchmarks.queueing import MODELLED, ours, peer

    rates: list[float] = []
    simpy_rates: list[float] = []
    shares: list[float] = []
    plain_shares: list[float] = []
    differ = 0
    beside: dict[str, str] = {}
    for rule in MODELLED:
        compiled: list[float] = []
        share: list[float] = []
        plain_share: list[float] = []
        for number in range(rounds() + 1):
            theirs = peer(rule, SECONDS)
            plain = ours(Plain, rule, SECONDS)
            long = ours(Compiled, rule, LONG_SECONDS)
            differ += (
                len({_answer(each) for each in (theirs, plain, ours(Compiled, rule, SECONDS))}) - 1
            )
            if number == 0:
                continue  # warm-up
            compiled.append(long.events / long.cpu_s)
            share.append(_each_s(long) / _each_s(theirs))
            plain_share.append(_each_s(plain) / _each_s(theirs))
            simpy_rates.append(theirs.events / theirs.cpu_s)
        rates.append(statistics.median(compiled))
        shares.append(statistics.median(share))
        plain_shares.append(statistics.median(plain_share))
        beside[RULES[rule]] = (
            f"{rates[-1] / 1e6:.1f} M events/s, {1 / shares[-1]:.0f} × SimPy; "
            f"plain Python {1 / plain_shares[-1]:.1f} ×"
        )
    return Measured(
        min(rates),
        statistics.median(simpy_rates),
        {
            "answers that differ": (differ, 0),
            "time of SimPy's, compiled, slowest rule": (max(shares), 1 / TIMES_SIMPY),
            "time of SimPy's, plain, slowest rule": (max(plain_shares), 1 / TIMES_SIMPY_PLAIN),
        },
        beside,
    )


def _answer(outcome: "Outcome") -> tuple[tuple[int, ...], int]:
    return outcome.served, outcome.latency_sum_ns


def _each_s(outcome: "Outcome") -> float:
    return outcome.cpu_s / sum(outcome.served)


FIGURE = Figure(
    name="kernel",
    about="simulated events on one core, slowest rule; ≥ 60 × SimPy, plain Python ≥ 3 ×",
    unit="1/s",
    bar=6.12e6,
    measure=measure,
    peer="SimPy, the same model and numbers",
    more_is_better=True,
)

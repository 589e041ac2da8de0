"""A day of 1,000 requests a second through a rolling update of 100 instances."""

from benchmarks.figure import Figure, Measured, Unavailable, alone
from benchmarks.rolling import through_update
from reconciler.sim.traffic.kernel import (
    COMPILED,
    IP_HASH_NGINX,
    KUBE_RANDOM,
    LEAST_CONN,
    LEAST_CONN_HAPROXY,
    RANDOM,
    ROUND_ROBIN,
    ROUND_ROBIN_HAPROXY,
    RULES,
    SOURCE_HAPROXY,
    WEIGHTED,
    WHY,
    Kernel,
)

INSTANCES = 100
PER_S = 1000
DAY_S = 86_400
HOUR_S = 3_600  # what the other rules are timed on
OTHERS = (
    WEIGHTED, LEAST_CONN, IP_HASH_NGINX, SOURCE_HAPROXY, RANDOM, KUBE_RANDOM,
    ROUND_ROBIN_HAPROXY, LEAST_CONN_HAPROXY,
)  # fmt: skip


def simulate(rule: int, seconds: int) -> float:
    """Processor time in seconds; every request must have been served."""
    kernel, took_s = through_update(Kernel, rule, INSTANCES, PER_S, seconds)
    dropped = sum(kernel.dropped_total())
    assert kernel.arrivals == kernel.served + dropped + kernel.in_flight_total
    assert abs(kernel.arrivals - PER_S * seconds) < 10 * (PER_S * seconds) ** 0.5
    assert dropped == 0 or rule in (IP_HASH_NGINX, SOURCE_HAPROXY), dropped
    return took_s


def measure() -> Measured:
    """Seconds of processor time by round robin; of the other rules an hour, times 24."""
    if not COMPILED:
        raise Unavailable(f"the kernel is plain Python: {WHY}")
    beside = {}
    for rule in OTHERS:
        hour_s = min(simulate(rule, HOUR_S) for _ in range(2))
        beside[RULES[rule]] = f"{24 * hour_s:.1f} s (an hour of it, times 24)"
    return Measured(alone(lambda: simulate(ROUND_ROBIN, DAY_S)), beside=beside)


FIGURE = Figure(
    name="day",
    about="a day of 1,000 requests/s through a rolling update of 100 instances, one core",
    unit="s",
    bar=30,
    measure=measure,
)

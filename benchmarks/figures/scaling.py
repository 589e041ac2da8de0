"""What a simulated request costs as there are more of them, and as there are more instances."""

import math
import time

from benchmarks.figure import Figure, Measured, Unavailable
from reconciler.sim.traffic import tables
from reconciler.sim.traffic.kernel import (
    COMPILED,
    LEAST_CONN_HAPROXY,
    POISSON,
    ROUND_ROBIN,
    RULES,
    SERVES,
    UP,
    WEIGHTED,
    WHY,
    Kernel,
)

NS = 10**9
EACH_PER_S = 10  # requests that an instance gets
WORK_NS = 50_000_000
REQUESTS = (10**5, 10**6, 10**7, 10**8)
AT_INSTANCES = 100
INSTANCES = (10, 100, 1000, 10_000)
OF_REQUESTS = 2_000_000
RULES_SHOWN = (ROUND_ROBIN, WEIGHTED, LEAST_CONN_HAPROXY)


def cost_ns(rule: int, instances: int, requests: int) -> float:
    """Processor time of one request, in ns."""
    kernel = Kernel(1, rule, instances)
    for slot in range(instances):
        kernel.set_slot(slot, UP, SERVES, 1, 4, 128)
    kernel.set_service_table(tables.exponential(WORK_NS))
    kernel.set_arrivals(POISSON, NS, EACH_PER_S * instances)
    began = time.process_time()
    kernel.run(requests * NS // (EACH_PER_S * instances))
    took_s = time.process_time() - began
    assert abs(kernel.arrivals - requests) < 10 * requests**0.5
    return took_s / kernel.arrivals * 1e9


def exponent(sizes: tuple[int, ...], costs: list[float]) -> float:
    """The total's growth: 1 is linear. From the first size to the last, by their logarithms."""
    times = math.log(costs[-1] * sizes[-1]) - math.log(costs[0] * sizes[0])
    return times / (math.log(sizes[-1]) - math.log(sizes[0]))


def measure() -> Measured:
    """The exponents of the cost in requests, and in instances at a constant load of each."""
    if not COMPILED:
        raise Unavailable(f"the kernel is plain Python: {WHY}")
    cost_ns(ROUND_ROBIN, AT_INSTANCES, OF_REQUESTS)
    by_requests = [cost_ns(ROUND_ROBIN, AT_INSTANCES, many) for many in REQUESTS]
    beside = {"by requests": _told(REQUESTS, by_requests)}
    others = {}
    for rule in RULES_SHOWN:
        costs = [min(cost_ns(rule, many, OF_REQUESTS) for _ in range(3)) for many in INSTANCES]
        beside[f"by instances, {RULES[rule]}"] = _told(INSTANCES, costs)
        others[f"exponent in instances, {RULES[rule]}"] = (exponent(INSTANCES, costs), 1.2)
    return Measured(exponent(REQUESTS, by_requests), others=others, beside=beside)


def _told(sizes: tuple[int, ...], costs: list[float]) -> str:
    pairs = zip(sizes, costs, strict=True)
    return ", ".join(f"{size:,}: {cost:.0f} ns" for size, cost in pairs) + " a request"


FIGURE = Figure(
    name="scaling",
    about="growth of the cost with requests to 10^8 (1 is linear), and with instances to 10,000",
    unit="exponent",
    bar=1.1,
    measure=measure,
)

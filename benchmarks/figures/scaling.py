"""What simulating costs as there are more requests, and as there are more instances.

Requests are the traffic kernel's. Instances count for the kernel, for the simulated control
planes alone (as in the figure `control-plane`), and for a whole rehearsal, in which the
reconciler itself decides.
"""

import math
import time
from collections.abc import Callable, Mapping

from benchmarks.figure import Figure, Measured, Unavailable
from benchmarks.figures.control_plane import restarts, rollouts, timed
from benchmarks.rehearsed import constellation, rehearse
from reconciler.sim.trace import Trace
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
MOST = 1.2  # exponent in instances
PLANES = (1000, 3000, 10_000)
A_MACHINE = 20  # instances
HISTORIES: Mapping[str, Callable[[int], Trace]] = {
    "restarts by the engine": lambda many: restarts(many, 4),
    "scale-up": lambda many: rollouts("1.34", 0, 0, many)[1],
    "rollout": lambda many: rollouts("1.34", 0, 1, many)[1],
    f"rollout on nodes of {A_MACHINE}":
        lambda many: rollouts("1.34", many // A_MACHINE, 1, many)[1],
}  # fmt: skip
REHEARSED = (100, 300, 1000, 3000, 10_000)
REHEARSED_S = 900  # with one request a second for each instance


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
        others[f"exponent in instances, {RULES[rule]}"] = (exponent(INSTANCES, costs), MOST)
    for name, history in HISTORIES.items():
        costs = [_each_ns(history, many) for many in PLANES]
        beside[f"control plane, {name}"] = _told(PLANES, costs, "an event")
        others[f"exponent in instances, {name}"] = (exponent(PLANES, costs), MOST)
    for target, edge in (("docker", "haproxy"), ("kubernetes", "kube-proxy")):
        _rehearsed_ns(target, edge, REHEARSED[0])
        costs = [_rehearsed_ns(target, edge, many) for many in REHEARSED]
        beside[f"rehearsal, {target}"] = _told(REHEARSED, costs, "an instance")
        others[f"exponent in instances, rehearsal, {target}"] = (exponent(REHEARSED, costs), MOST)
    return Measured(exponent(REQUESTS, by_requests), others=others, beside=beside)


def _each_ns(history: Callable[[int], Trace], instances: int) -> float:
    """Processor time of a traced event of a history, in ns; the better of two."""
    ran = [timed(lambda: history(instances)) for _ in range(2)]
    return min(took_s / events for events, took_s in ran) * 1e9


def _rehearsed_ns(target: str, edge: str, instances: int) -> float:
    """Processor time of a rehearsal for each of its instances, in ns."""
    asked = constellation(instances, instances, REHEARSED_S, edge=edge, target=target)
    return rehearse(asked, may_drop=edge != "haproxy").took_s / instances * 1e9


def _told(sizes: tuple[int, ...], costs: list[float], what: str = "a request") -> str:
    pairs = zip(sizes, costs, strict=True)
    return ", ".join(f"{size:,}: {cost:,.0f} ns" for size, cost in pairs) + f" {what}"


FIGURE = Figure(
    name="scaling",
    about="growth of the cost with requests to 10^8 (1 is linear), and with instances to 10,000",
    unit="exponent",
    bar=1.1,
    measure=measure,
)

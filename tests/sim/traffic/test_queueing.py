"""The kernel against what queueing theory says: nobody here has a say in that.

Recursions must come out to the nanosecond. Mean waits are compared with the formulas of Erlang
(M/M/1 and M/M/c) and of Pollaczek and Khinchine (M/D/1); how far off a mean of so many may be
is from the variance of such a mean, and seeds are fixed.
"""

import heapq
import math
import random
from array import array

import pytest

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.traffic import kernel, tables

MEAN_NS = 10 * NS_PER_MS  # of the work of a request
ARRIVALS = 150_000
DEPARTURE = kernel.EVENTS.index("departure")


def queue(seed: int, servers: int) -> kernel.Kernel:
    """One place where requests wait without end and `servers` are worked on at once."""
    made = kernel.Kernel(seed, slots=1)
    made.set_edge(request_timeout_ns=0)
    made.set_slot(0, kernel.UP, kernel.SERVES, concurrency=servers, backlog=-1)
    return made


def mean_wait(seed: int, servers: int, load: float, work: "array[int]") -> float:
    """The mean wait ahead of the work, in means of the work, at a load for each server."""
    made = queue(seed, servers)
    made.set_service_table(work)
    gap_ns = round(MEAN_NS / (load * servers))
    made.set_arrivals(kernel.POISSON, gap_ns)
    made.run(gap_ns * ARRIVALS)
    assert made.served > 0.98 * ARRIVALS
    assert made.arrivals == made.served + made.in_flight_total
    return (made.latency_sum / made.served - tables.mean_ns(work)) / MEAN_NS


def erlang_c(servers: int, load: float) -> float:
    """The chance of having to wait with `servers` at a load each (Erlang, 1917)."""
    offered = servers * load
    last = offered**servers / math.factorial(servers) / (1 - load)
    return last / (sum(offered**n / math.factorial(n) for n in range(servers)) + last)


@pytest.mark.parametrize(("load", "within"), [(0.3, 0.06), (0.5, 0.06), (0.7, 0.10)])
def test_one_server_makes_wait_as_long_as_m_m_1(load: float, within: float) -> None:
    waits = [mean_wait(seed, 1, load, tables.exponential(MEAN_NS)) for seed in (1, 2)]
    assert sum(waits) / 2 == pytest.approx(load / (1 - load), rel=within)


@pytest.mark.parametrize("servers", [2, 4, 10])
@pytest.mark.parametrize(("load", "within"), [(0.5, 0.10), (0.8, 0.15)])
def test_several_servers_make_wait_as_long_as_erlang_c(
    servers: int, load: float, within: float
) -> None:
    waits = [mean_wait(seed, servers, load, tables.exponential(MEAN_NS)) for seed in (1, 2)]
    expected = erlang_c(servers, load) / (servers * (1 - load))
    assert sum(waits) / 2 == pytest.approx(expected, rel=within)


@pytest.mark.parametrize(("load", "within"), [(0.5, 0.05), (0.8, 0.10)])
def test_work_of_one_length_makes_wait_half_as_long(load: float, within: float) -> None:
    waits = [mean_wait(seed, 1, load, tables.constant(MEAN_NS)) for seed in (1, 2)]
    assert sum(waits) / 2 == pytest.approx(load / (2 * (1 - load)), rel=within)


@pytest.mark.parametrize("load", [0.5, 0.9])
def test_what_is_in_it_is_what_comes_times_how_long_it_stays(load: float) -> None:
    """Little's law, which holds for any queue: looked at from outside, at regular times."""
    made = queue(5, 3)
    made.set_service_table(tables.lognormal(8 * NS_PER_MS, 60 * NS_PER_MS))
    gap_ns = round(tables.mean_ns(tables.lognormal(8 * NS_PER_MS, 60 * NS_PER_MS)) / (3 * load))
    made.set_arrivals(kernel.POISSON, gap_ns)
    seen, step = 0, 20 * gap_ns // 7
    for look in range(1, 30_001):
        made.run(look * step)
        seen += made.in_flight(0)
    rate = made.served / made.now_ns
    assert seen / 30_000 == pytest.approx(rate * made.latency_sum / made.served, rel=0.03)


def arrivals(seed: int, count: int, load: float) -> tuple[list[int], list[int]]:
    """Times and work of so many requests, some of them at one instant."""
    choose = random.Random(seed)
    times, sizes, now = [], [], 0
    for _ in range(count):
        now += 0 if choose.random() < 0.05 else round(choose.expovariate(load / MEAN_NS))
        times.append(now)
        sizes.append(round(choose.expovariate(1 / MEAN_NS)) + 1)
    return times, sizes


def departures(seed: int, servers: int, times: list[int], sizes: list[int]) -> list[int]:
    """When each request is done, by the kernel."""
    made = queue(seed, servers)
    made.set_clients(len(times))
    seen = made.watch()
    made.feed(times, sizes, list(range(len(times))))
    made.run(times[-1] + 3600 * NS_PER_S)
    done = {client: at for at, what, _, client in seen if what == DEPARTURE}
    return [done[n] for n in range(len(times))]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("load", [0.4, 0.95, 1.3])
def test_each_wait_follows_from_the_one_before_it(seed: int, load: float) -> None:
    """Lindley's recursion (1952): W' = max(0, W + S - A), to the nanosecond."""
    times, sizes = arrivals(seed, 3000, load)
    done = departures(seed, 1, times, sizes)
    wait, expected = 0, [times[0] + sizes[0]]
    for n in range(1, len(times)):
        wait = max(0, wait + sizes[n - 1] - (times[n] - times[n - 1]))
        expected.append(times[n] + wait + sizes[n])
    assert done == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("servers", [2, 5])
def test_each_wait_at_several_servers_is_that_of_the_first_that_is_free(
    seed: int, servers: int
) -> None:
    """Kiefer and Wolfowitz' recursion (1955), likewise."""
    times, sizes = arrivals(seed, 3000, 0.95 * servers)
    free_at = [0] * servers
    expected = []
    for at, work in zip(times, sizes, strict=True):
        begun = max(at, heapq.heappop(free_at))
        heapq.heappush(free_at, begun + work)
        expected.append(begun + work)
    assert departures(seed, servers, times, sizes) == expected


@pytest.mark.parametrize(("rule", "weights"), [
    (kernel.KUBE_RANDOM, [1, 1, 1, 1, 1]),
    (kernel.KUBE_RANDOM, [5, 1, 1]),
    (kernel.RANDOM, [5, 1, 1]),
])  # fmt: skip
def test_random_rules_give_each_its_share(rule: int, weights: list[int]) -> None:
    """kube-proxy's iptables rules pick each endpoint alike, whatever it weighs; chi-square."""
    made = kernel.Kernel(3, rule=rule, slots=len(weights))
    for slot, weight in enumerate(weights):
        made.set_slot(slot, kernel.UP, kernel.SERVES, weight=weight)
    made.set_arrivals(kernel.CONSTANT, 1000)
    made.run(60_000 * 1000)
    each = [1] * len(weights) if rule == kernel.KUBE_RANDOM else weights
    served = [made.served_at(slot) for slot in range(len(weights))]
    meant = [sum(served) * share / sum(each) for share in each]
    squares = sum((got - want) ** 2 / want for got, want in zip(served, meant, strict=True))
    free = len(weights) - 1
    assert squares <= free + 5 * math.sqrt(2 * free), served

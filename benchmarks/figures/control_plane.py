"""Traced events a second of the simulated control planes, at 1,000 instances, on one core.

Three histories, each heard by a `Trace`, each about as long: containers that crash and that the
engine's restart manager starts again, and a Deployment that is rolled again and again, by the
controllers of today's Kubernetes and of 1.20. The reconciler decides nothing in them. A traced
event is a transition of the world; entries of the heap that change nothing do not count.
"""

import gc
import statistics
import time
from collections.abc import Callable, Mapping

from benchmarks.figure import ROUNDS_LEAST, Figure, Measured
from reconciler.model.observed import Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import ApplyObject, CreateInstance, PullImage, StartInstance
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim import clock
from reconciler.sim.behaviour import rule
from reconciler.sim.cluster import SimCluster
from reconciler.sim.engine import SimEngine
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.machine import Machine
from reconciler.sim.site import Site
from reconciler.sim.trace import Trace
from reconciler.sim.world import World

INSTANCES = 1000
ROLLOUTS = 3  # after the first, which makes the pods
RESTARTS = 8  # of each container, about
UP_NS = 12 * NS_PER_S  # until a container crashes: longer than what resets the delay
MACHINES = 50
WEB = ResourceKey("service", "web")
FIELDS: Mapping[str, Value] = {
    "image": "web:0", "restart.policy": "always", "stop.grace": 30 * NS_PER_S,
    "readiness.kind": "http", "readiness.delay": 0, "readiness.period": NS_PER_S,
    "readiness.timeout": NS_PER_S, "readiness.successes": 1, "readiness.failures": 3,
}  # fmt: skip


def restarts(instances: int = INSTANCES, times: int = RESTARTS) -> Trace:
    """Containers of an engine that crash once they are ready, and are started again."""
    world = World.fresh(1)
    world.rules = (rule("web", crash_after_ns=UP_NS),)
    trace, engine = Trace(world), SimEngine(world, "shop")
    engine.perform(PullImage(WEB, "web:0"), 0)
    for ordinal in range(instances):
        name = f"shop-web-{ordinal}"
        engine.perform(CreateInstance(WEB, name, ordinal, "r", 0, FIELDS), 0)
        engine.perform(StartInstance(WEB, world.names[name]), 0)
        clock.run_until(world, world.now_ns + 10 * NS_PER_MS)
    clock.run_until(world, world.now_ns + times * UP_NS)
    return trace


def rollouts(
    version: str, machines: int = 0, times: int = ROLLOUTS, instances: int = INSTANCES
) -> tuple[World, Trace]:
    """A Deployment that is rolled so many times, by a cluster of this version."""
    world = World.fresh(1)
    world.kubernetes_version = version
    if machines:
        made = {f"n-{n}": Machine(f"n-{n}", 64_000, 2**38) for n in range(machines)}
        world.site = Site(made, requests={str(WEB): (100, 2**27)})
    trace, cluster = Trace(world), SimCluster(world, "shop")
    for number in range(1 + times):
        fields = {**FIELDS, "image": f"web:{number}", "replicas": instances}
        cluster.perform(ApplyObject(WEB, fields), 0)
        thing = world.holding("shop").objects[WEB]
        while thing.state.complete_generation != thing.generation:
            clock.run_until(world, world.now_ns + NS_PER_S)
    return world, trace


def nodes_lost() -> Trace:
    """Half of the machines under a Deployment are lost one after the other, and come back."""
    world, trace = rollouts("1.34", MACHINES, 0)
    install(world, [
        Fault("node_loss", subject=f"n-{n}", at_ns=20 * n * NS_PER_S, for_ns=400 * NS_PER_S)
        for n in range(0, MACHINES, 2)
    ])  # fmt: skip
    clock.run_until(world, world.now_ns + 1500 * NS_PER_S)
    return trace


COUNTED: Mapping[str, Callable[[], Trace]] = {
    "restarts by the engine": restarts,
    "rollouts, Kubernetes 1.34": lambda: rollouts("1.34")[1],
    "rollouts, Kubernetes 1.20": lambda: rollouts("1.20")[1],
}
BESIDE: Mapping[str, Callable[[], Trace]] = {
    f"a rollout placed on {MACHINES} nodes": lambda: rollouts("1.34", MACHINES, 1)[1],
    f"{MACHINES // 2} of {MACHINES} nodes lost": nodes_lost,
}


def timed(history: Callable[[], Trace]) -> tuple[int, float]:
    """Events, and seconds of processor time, without the cyclic collector as in `timeit`."""
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        trace = history()
        assert trace.digest
        took_s = time.process_time() - began
    finally:
        gc.enable()
    return len(trace.compact), took_s


def measure() -> Measured:
    """All events over all seconds of processor time, the median of some rounds."""
    rates: list[float] = []
    by_name: dict[str, list[float]] = {name: [] for name in COUNTED}
    for _ in range(1 + ROUNDS_LEAST):
        ran = {name: timed(history) for name, history in COUNTED.items()}
        rates.append(sum(n for n, _ in ran.values()) / sum(s for _, s in ran.values()))
        for name, (events, took_s) in ran.items():
            by_name[name].append(events / took_s)
    shown = {name: f"{statistics.median(each[1:]):,.0f}/s" for name, each in by_name.items()}
    for name, history in BESIDE.items():
        events, took_s = timed(history)
        shown[f"{name}, not counted"] = f"{events / took_s:,.0f}/s"
    return Measured(statistics.median(rates[1:]), beside=shown)


FIGURE = Figure(
    name="control-plane",
    about="traced events of the simulated control planes, 1,000 instances, one core",
    unit="1/s",
    bar=200_000,
    measure=measure,
    more_is_better=True,
)

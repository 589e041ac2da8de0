"""Machines that are drained: evictions keep to the budget of disruptions."""

from dataclasses import dataclass

from hypothesis import strategies as st

from reconciler.model.resource import ResourceKey
from reconciler.model.step import ApplyObject
from reconciler.model.units import NS_PER_S, amount_of
from reconciler.sim.behaviour import rule
from reconciler.sim.cluster import SimCluster
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.machine import Machine
from reconciler.sim.site import Disruptions, Site
from reconciler.sim.things import Container, Transition
from reconciler.sim.world import World
from tests.properties.strategies import SEEDS

WEB = ResourceKey("service", "web")
READINESS = {
    "readiness.kind": "http", "readiness.period": NS_PER_S, "readiness.timeout": NS_PER_S,
    "readiness.failures": 1,
}  # fmt: skip
QUIET_NS = 600 * NS_PER_S
LONG_S = 300  # enough for all to go one by one


@dataclass(frozen=True)
class Drains:
    """A Deployment on machines, its budget, and which machines are drained when (s), how long."""

    seed: int
    replicas: int
    budget: Disruptions
    machines: int
    drains: tuple[tuple[int, int, int], ...]
    ready_s: int
    version: str


def budgets() -> st.SearchStrategy[Disruptions]:
    """Either amount, as a number or as a share."""
    amount = st.integers(0, 6) | st.integers(0, 100).map(lambda share: f"{share}%")
    least = st.builds(Disruptions, min_available=amount)
    return least | st.builds(Disruptions, max_unavailable=amount)


def drains() -> st.SearchStrategy[Drains]:
    """Up to four drains of two to four machines, at the same time or one after the other."""
    each = st.tuples(st.integers(0, 3), st.integers(0, 60), st.sampled_from((20, 90, LONG_S)))
    return st.builds(
        Drains, seed=SEEDS, replicas=st.integers(1, 6), budget=budgets(),
        machines=st.integers(2, 4), drains=st.lists(each, min_size=1, max_size=4).map(tuple),
        ready_s=st.sampled_from((1, 8, 30)), version=st.sampled_from(("1.20", "1.34")),
    )  # fmt: skip


def floor_of(case: Drains) -> int:
    """How many pods must stay healthy; shares round up."""
    if case.budget.min_available is not None:
        return amount_of(case.budget.min_available, case.replicas, up=True)
    return case.replicas - amount_of(case.budget.max_unavailable or 0, case.replicas, up=True)


def check_evictions(case: Drains) -> None:
    """Property 20: what is evicted leaves at least the floor, and nothing is lost in the end.

    A machine that stays drained long enough is empty, where the budget lets anybody go at all.
    """
    world, cluster = _cluster(case)
    broken: list[str] = []

    def hear(world: World, told: Transition) -> None:
        pod = told.thing
        if told.what != "terminating" or not isinstance(pod, Container) or not pod.ready:
            return
        left = sum(p.ready and not p.terminating for p in world.of("shop", WEB) if p is not pod)
        if left < floor_of(case):
            broken.append(f"{pod.name} goes, {left} stay healthy of {floor_of(case)}")

    world.listeners.append(hear)
    install(world, [
        Fault("node_drain", subject=f"n-{n % case.machines}", at_ns=at * NS_PER_S,
              for_ns=lasting * NS_PER_S)
        for n, at, lasting in case.drains
    ])  # fmt: skip
    began_ns = world.now_ns
    *_, (number, at, lasting) = sorted(case.drains, key=lambda drain: drain[1])
    alone = {n % case.machines for n, *_ in case.drains} == {number % case.machines}
    cluster.advance(began_ns + (at + lasting) * NS_PER_S - 1)
    if alone and lasting == LONG_S and floor_of(case) < case.replicas:
        assert not _on(world, f"n-{number % case.machines}")
    cluster.advance(began_ns + QUIET_NS)
    assert not broken, broken
    there = [pod for pod in world.containers.values() if not pod.terminating]
    assert [pod.ready for pod in there] == [True] * case.replicas


def _on(world: World, machine: str) -> list[str]:
    """The pods on a machine."""
    assert world.site is not None
    return [id for id, name in world.site.placed.items() if name == machine]


def _cluster(case: Drains) -> tuple[World, SimCluster]:
    """All of it, up and ready."""
    world = World.fresh(case.seed)
    world.kubernetes_version = case.version
    world.rules = (rule("web", ready_ns=case.ready_s * NS_PER_S),)
    machines = {f"n-{n}": Machine(f"n-{n}", 8000, 2**34) for n in range(case.machines)}
    world.site = Site(
        machines, requests={str(WEB): (100, 2**20)}, disruptions={str(WEB): case.budget}
    )
    cluster = SimCluster(world, "shop")
    fields = {"image": "web:1", "replicas": case.replicas, "stop.grace": 5 * NS_PER_S, **READINESS}
    cluster.perform(ApplyObject(WEB, fields), 0)
    cluster.advance(world.now_ns + QUIET_NS)
    return world, cluster

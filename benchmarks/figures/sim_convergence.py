"""Simulated convergences a second: five services of three, one of them changed, by seed."""

import itertools
import time
from dataclasses import replace

from benchmarks.converged import stack
from benchmarks.figure import Figure, Measured, alone
from benchmarks.stacks import name_of
from reconciler.controller.core import Controller
from reconciler.controller.interface import Policy
from reconciler.drivers.virtual import run
from reconciler.model.container import EnvValue
from reconciler.model.stack import Stack
from reconciler.sim.engine import SimEngine
from reconciler.sim.streams import Streams
from reconciler.sim.world import World

SERVICES = 5
REPLICAS = 3
SEEDS = 100  # in each round


def small() -> Stack:
    """Five services with three replicas each."""
    made = stack(SERVICES)
    services = {
        name: replace(service, replicas=REPLICAS)
        for name, service in made.declared.services.items()
    }
    return replace(made, declared=replace(made.declared, services=services))


def changed(of: Stack) -> Stack:
    """The same, with another value in the environment of its first service."""
    services = dict(of.declared.services)
    name = name_of(0)
    environment = {**services[name].environment, "LOG_LEVEL": EnvValue(value="debug")}
    services[name] = replace(services[name], environment=environment)
    return replace(of, declared=replace(of.declared, services=services), digest="1")


def converge(world: World, wanted: Stack) -> int:
    """Bring a world to a stack; how many instances that made."""
    engine = SimEngine(world, wanted.name)
    result = run(Controller(wanted, engine.capabilities, Policy()), engine)
    assert result.verdict.kind == "converged", result.verdict
    return result.creations


def measure() -> Measured:
    """Convergences a second on one core, each of a clone with a seed of its own."""
    before = small()
    after = changed(before)
    world = World.fresh(0)
    assert converge(world, before) == SERVICES * REPLICAS
    seeds = itertools.count(1)

    def round_() -> float:
        began = time.perf_counter()
        for seed in itertools.islice(seeds, SEEDS):
            clone = world.clone()
            clone.seed, clone.streams = seed, Streams(seed)
            assert converge(clone, after) == REPLICAS
        return SEEDS / (time.perf_counter() - began)

    return Measured(alone(round_))


FIGURE = Figure(
    name="sim-convergence",
    about="simulated convergences by seed: 5 services, 3 replicas, 1 change, one core",
    unit="1/s",
    bar=300,
    measure=measure,
    more_is_better=True,
)

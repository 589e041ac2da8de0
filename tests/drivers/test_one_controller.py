"""One controller, two kinds of target, and death at any call."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.controller.core import Controller
from reconciler.controller.interface import Policy
from reconciler.drivers.virtual import Kill, RunResult, run
from reconciler.model.lifecycle import HttpProbe, Probe, TcpProbe
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.model.stack import Config, Declared, Network, Stack
from reconciler.sim.checkers import (
    CapacityFloor,
    DependencyOrder,
    Expect,
    Identity,
    OnlyOurs,
    Surge,
    orphans,
    violations,
    watch,
)
from reconciler.sim.cluster import SimCluster
from reconciler.sim.engine import SimEngine
from reconciler.sim.trace import Trace
from reconciler.sim.world import World
from tests.sim.making import DB, WEB, S

ROOT = Path(__file__).parents[2]
HOUR_NS = 3600 * S
Either = type[SimEngine] | type[SimCluster]
TARGETS = (SimEngine, SimCluster)
EXPECTED = {
    WEB: Expect(3, surge=1, unavailable=0, needs=((DB, "healthy"),)),
    DB: Expect(1, surge=1, unavailable=0),
}


def stack(tag: str = "1") -> Stack:
    """A network, a config, and two services of which one needs the other."""
    services = {
        "db": Service(image="db:1", readiness=Probe(tcp=TcpProbe(port=1), period=S)),
        "web": Service(
            image=f"web:{tag}",
            replicas=3,
            networks=("back",),
            depends_on={"service/db": "healthy"},
            readiness=Probe(http=HttpProbe(port=80), period=S),
        ),
    }
    declared = Declared(
        name="shop",
        services=services,
        networks={"back": Network()},
        configs={"motd": Config(content="hello", digest="1f2e")},
    )
    return Stack(declared, digest=tag)


def converge(target: SimEngine | SimCluster, tag: str, **options) -> RunResult:
    controller = Controller(stack(tag), target.capabilities, Policy())
    return run(controller, target, max_ns=HOUR_NS, **options)


def shape(world: World) -> list[object]:
    """What is there, without ids, names, attempts and times."""
    held = world.holding("shop")
    pods = [
        (str(key), pod.ordinal, pod.revision, pod.phase, pod.ready)
        for key, pods in held.instances.items()
        for pod in pods.values()
    ]
    return [sorted(pods), sorted(str(key) for key in held.objects)]


@pytest.mark.parametrize("facade", TARGETS)
def test_one_controller_brings_both_kinds_of_target_to_what_is_wanted(facade: Either):
    world = World.fresh(1)
    target = facade(world, "shop")
    checkers = CapacityFloor(EXPECTED), Surge(EXPECTED), OnlyOurs()
    watch(world, *checkers)
    for tag in ("1", "2"):
        assert converge(target, tag).verdict.kind == "converged"
        target.advance(world.now_ns + 60 * S)
        pods = world.of("shop", WEB)
        assert [pod.fields["image"] for pod in pods if pod.ready] == [f"web:{tag}"] * 3
        assert len(pods) == 3
    assert violations(checkers) == []
    assert ResourceKey("network", "back") in world.holding("shop").objects


@pytest.mark.parametrize("facade", TARGETS)
def test_what_is_converged_gets_no_call(facade: Either):
    target = facade(World.fresh(1), "shop")
    assert converge(target, "1").calls
    again = converge(target, "1")
    assert (again.verdict.kind, again.calls) == ("converged", [])


def start() -> World:
    world = World.fresh(1)
    target = SimEngine(world, "shop")
    assert converge(target, "1").verdict.kind == "converged"
    target.close()
    return world


def test_death_at_any_call_of_a_rollout_leads_to_the_same_end():
    base = start()
    calm = base.clone()
    whole = converge(SimEngine(calm, "shop"), "2")
    assert len(whole.calls) > 10
    for call in range(1, len(whole.calls) + 1):
        for when in ("before", "after", "lost"):
            world = base.clone()
            target = SimEngine(world, "shop")
            identity = Identity()
            checkers = CapacityFloor(EXPECTED), Surge(EXPECTED), DependencyOrder(EXPECTED)
            watch(world, *checkers, identity)
            dead = converge(target, "2", kill=Kill(call, when))
            assert dead.killed
            heir = converge(target, "2", in_flight=dead.in_flight)
            where = f"killed {when} call {call}: {dead.calls[-1:]}"
            assert heir.verdict.kind == "converged", where
            assert shape(world) == shape(calm), where
            assert dead.creations + heir.creations <= whole.creations + 1, where
            identity.check({c.step.id for c in dead.calls + heir.calls if hasattr(c.step, "id")})
            assert violations((*checkers, identity)) == [], where
            assert orphans(world, "shop", {key for key in stack_keys(calm)}) == [], where


def stack_keys(world: World) -> set[ResourceKey]:
    held = world.holding("shop")
    return {*held.objects, *held.instances}


HISTORY = """
from reconciler.sim.trace import Trace
from tests.drivers.test_one_controller import SimEngine, SimCluster, World, converge
for facade in (SimEngine, SimCluster):
    world = World.fresh(4)
    trace = Trace(world)
    target = facade(world, "shop")
    converge(target, "1")
    converge(target, "2")
    print(trace.digest)
"""


def test_one_seed_gives_one_history_in_every_process_and_with_every_hash_seed():
    digests = {
        subprocess.run(
            [sys.executable, "-c", HISTORY], cwd=ROOT, capture_output=True, text=True,
            check=True, timeout=120,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        ).stdout
        for seed in ("0", "1", "4242")
    }  # fmt: skip
    assert len(digests) == 1
    assert len(set(digests.pop().split())) == 2


def test_a_history_is_told_in_marks():
    world = World.fresh(1)
    trace = Trace(world)
    converge(SimEngine(world, "shop"), "1")
    assert trace.compact.count("R") == 4

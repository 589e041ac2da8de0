"""From the parsed model of one changed service to the plan, in the running process."""

import gc
import itertools
import time
from dataclasses import replace

from benchmarks.converged import observed, stack
from benchmarks.figure import Figure, Measured, in_turn
from benchmarks.stacks import name_of
from reconciler.model.change import Action
from reconciler.model.container import EnvValue
from reconciler.model.resource import ResourceKey
from reconciler.plan.planner import Planner
from reconciler.targets.port import Capabilities

SERVICES = 10_000
ROUNDS = 7


def measure() -> Measured:
    """Milliseconds of a plan of what changed, and of a plan of everything."""
    planned = stack(SERVICES)
    seen = observed(planned)
    capabilities = Capabilities("instances")
    planner = Planner(planned, seen, {}, capabilities, target="simulator")
    assert planner.plan().is_empty, "the stack to start from is not converged"
    levels = itertools.count()

    def one() -> float:
        name = name_of(SERVICES // 2)
        key = ResourceKey("service", name)
        before = planner.stack.declared.services[name]
        level = EnvValue(value=f"level-{next(levels)}")
        changed = replace(before, environment={**before.environment, "LOG_LEVEL": level})
        gc.collect()
        began = time.perf_counter()
        services = {**planner.stack.declared.services, name: changed}
        declared = replace(planner.stack.declared, services=services)
        planner.changed(replace(planner.stack, declared=declared), [key])
        plan = planner.plan()
        took_ms = (time.perf_counter() - began) * 1000
        assert [(c.key, c.action) for c in plan.changes] == [(key, Action.REPLACE)]
        return took_ms

    def everything() -> float:
        gc.collect()
        began = time.perf_counter()
        Planner(planned, seen, {}, capabilities, target="simulator").plan()
        return (time.perf_counter() - began) * 1000

    turns = in_turn(one, everything, rounds=ROUNDS)
    return Measured(turns.ours_median, turns.peer_median)


FIGURE = Figure(
    name="replan-one",
    about="plan after one service of 10,000 changed, from its parsed model",
    unit="ms",
    bar=50,
    measure=measure,
    peer="a plan of all 10,000",
)

"""A daemon that runs for days keeps nothing of what is gone."""

from typing import Any

import pytest

from reconciler.controller.core import Controller
from reconciler.controller.interface import Event, Policy, Redesired, Tick
from reconciler.drivers.virtual import run
from reconciler.model.units import NS_PER_S
from reconciler.plan.standing import HISTORY_FACTS
from reconciler.sim.engine import SimEngine
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from tests.properties.cases import stack_of, world_of

CYCLES = 200
CYCLE_NS = 30 * NS_PER_S
CRASH_NS = 12 * NS_PER_S
POLICY = Policy(follow=True)
Told = tuple[dict[str, int], dict[str, int], int]


def wanted(number: int) -> Any:
    """Each is another: a config with other content, and a limit that comes and goes."""
    digest = f"{number:016x}"
    web = {"image": "web:1", "configs": ["motd:/etc/motd"], "replicas": 2,
           "resources": {"limits": {"memory": f"{64 + number % 2}Mi"}}}  # fmt: skip
    also = {"extra": {"image": "extra:1"}} if number % 2 else {}
    configs = {"motd": {"content": digest, "digest": digest}}
    return stack_of({"services": {"web": web, **also}, "configs": configs})


def counts(controller: Controller) -> dict[str, int]:
    """How much is remembered."""
    desk, agenda = controller._desk, controller._agenda
    view, slots = desk.view, desk.slots.values()
    return {
        "slots": len(desk.slots), "predicted": len(desk.predicted),
        "asked": len(desk._desired._asked),
        "fits": sum(len(slot.fits) for slot in slots),
        "stops": sum(len(slot.stops) for slot in slots),
        "dirty": len(agenda._dirty) + len(agenda._queue) + len(agenda._looks),
        "times": len(agenda._times), "heap": len(agenda._heap),
        "unsettled": len(controller._unsettled), "view": len(view.keys()),
        "images": len(view.images),
    }  # fmt: skip


@pytest.fixture(scope="module")
def told() -> Told:
    """What is remembered early and at the end, and how many records the world holds then."""
    world = world_of(1)
    target = SimEngine(world, "shop")
    controller = Controller(wanted(0), target.capabilities, POLICY)
    began_ns, seen = world.now_ns, list[dict[str, int]]()
    install(world, [Fault("crash", at_ns=CRASH_NS, every_ns=CYCLE_NS, count=CYCLES)])

    def look_on() -> bool:
        if world.now_ns >= began_ns + len(seen) * CYCLE_NS + CYCLE_NS - NS_PER_S:
            phases = {str(s.key): s.phase for s in controller.statuses()}
            assert set(phases.values()) == {"ready"}, (len(seen), phases)
            seen.append(counts(controller))
        return len(seen) == CYCLES

    begins = [(n, began_ns + n * CYCLE_NS) for n in range(CYCLES)]
    edits: list[tuple[int, Event]] = [(at, Redesired(wanted(n), POLICY)) for n, at in begins]
    ends: list[tuple[int, Event]] = [(at + CYCLE_NS - NS_PER_S, Tick()) for _, at in begins]
    run(controller, target, follow=True, inject=edits + ends, stop=look_on)
    target.close()
    assert len(seen) == CYCLES
    return seen[20], seen[-1], len(world.holding("shop").records)


def test_what_is_gone_is_remembered_no_longer(told: Told) -> None:
    early, late, _ = told
    assert all(late[name] <= early[name] + 2 for name in early if name != "heap"), (early, late)


def test_timers_that_were_replaced_do_not_pile_up(told: Told) -> None:
    early, late, _ = told
    assert late["heap"] <= 2 * early["heap"] + 20, (early, late)


def test_records_are_bounded(told: Told) -> None:
    assert told[2] <= 2 * HISTORY_FACTS

"""How many instances there can be at once; and that a simulated cluster never has more."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.controller.core import Controller
from reconciler.controller.interface import Policy
from reconciler.drivers.virtual import run
from reconciler.model.peak import draining_of, most_of, peak_of, surge_of
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.model.units import NS_PER_S
from reconciler.sim.behaviour import rule
from reconciler.sim.cluster import SimCluster
from reconciler.sim.engine import SimEngine
from reconciler.sim.site import site_of
from reconciler.sim.things import Transition
from reconciler.sim.world import World
from tests.properties.cases import stack_of

S = NS_PER_S


def service(**more: Any) -> Service:
    return stack_of({"services": {"web": {"image": "web:1", **more}}}).declared.services["web"]


@pytest.mark.parametrize(
    ("rollout", "surge", "draining"),
    [
        ({}, 3, 7),
        ({"max_surge": 0}, 0, 10),
        ({"max_surge": 1, "max_unavailable": 0, "min_ready": "30s"}, 1, 2),
        ({"max_surge": 1, "max_unavailable": 0, "min_ready": "31s"}, 1, 1),
        ({"max_surge": 1, "max_unavailable": 2, "min_ready": "31s"}, 1, 3),
        ({"strategy": "blue-green"}, 10, 0),
        ({"strategy": "start-first", "max_surge": 0}, 1, 9),
        ({"strategy": "recreate"}, 0, 0),
    ],
)
def test_what_drains_comes_on_top_up_to_twice_the_replicas(
    rollout: dict[str, Any], surge: int, draining: int
) -> None:
    made = service(replicas=10, rollout=rollout, termination={"grace": "30s"})
    assert (surge_of(made, 10), draining_of(made, 10)) == (surge, draining)


@pytest.mark.parametrize("more", [{"singleton": True, "replicas": 1}, {"replicas": 0}])
def test_what_stands_alone_drains_beside_nobody(more: dict[str, Any]) -> None:
    made = service(**more)
    assert peak_of(made) == most_of(made) and draining_of(made, most_of(made)) == 0


def test_the_edge_s_drain_and_the_probe_s_delay_count() -> None:
    probe = {"http": {"path": "/", "port": 80}, "delay": "20s"}
    rollout = {"max_surge": 1, "max_unavailable": 0}
    more = {"replicas": 10, "rollout": rollout, "termination": {"grace": "10s"}}
    assert draining_of(service(**more, readiness=probe), 10) == 1
    routed = service(**more, readiness=probe, routing={"drain": "30s"}, ports=["80"])
    assert draining_of(routed, 10) == 3


def _most_at_once(before: Stack, after: Stack, cluster: bool) -> int:
    """The most instances whose process is there, through a rollout."""
    world = World.fresh(1)
    world.rules = (rule("web", ready_ns=0, ignores_stop=True, start_ns=10_000_000),)
    world.site = site_of([before, after]) if cluster else None
    target = SimCluster(world, "shop") if cluster else SimEngine(world, "shop")
    most = 0

    def count(world: World, _: Transition) -> None:
        nonlocal most
        most = max(most, sum(c.running for c in world.containers.values()))

    world.listeners.append(count)
    for each in (before, after):
        controller = Controller(each, target.capabilities, Policy(confirmed=True))
        run(controller, target, max_ns=3600 * S)
    target.close()
    return most


@st.composite
def rollouts(draw: st.DrawFn) -> dict[str, Any]:
    surge = draw(st.integers(0, 3))
    return {
        "replicas": draw(st.integers(1, 6)),
        "rollout": {
            "max_surge": surge, "max_unavailable": draw(st.integers(0 if surge else 1, 3)),
            "min_ready": f"{draw(st.sampled_from((0, 3, 10, 40)))}s",
            "strategy": draw(st.sampled_from(("rolling", "start-first"))),
        },
        "termination": {"grace": f"{draw(st.integers(2, 30))}s"},
        "readiness": {"exec": ["true"], "period": "1s", "delay": "0s"},
    }  # fmt: skip


@given(rollouts(), st.booleans())
def test_no_rollout_has_more_instances_than_is_counted_with(
    more: dict[str, Any], cluster: bool
) -> None:
    before, after = (stack_of({"services": {"web": {"image": image, **more}}})
                     for image in ("web:1", "web:2"))  # fmt: skip
    made = after.declared.services["web"]
    counted = peak_of(made) + draining_of(made, most_of(made))
    assert _most_at_once(before, after, cluster) <= counted


def test_twice_the_replicas_are_reached_where_they_are_ready_before_the_old_have_drained() -> None:
    more = {"replicas": 4, "rollout": {"max_surge": 1, "max_unavailable": 0},
            "termination": {"grace": "60s"}}  # fmt: skip
    before, after = (stack_of({"services": {"web": {"image": image, **more}}})
                     for image in ("web:1", "web:2"))  # fmt: skip
    assert _most_at_once(before, after, cluster=True) == 8

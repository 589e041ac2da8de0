"""When an edge of ours takes an instance for drained: by what it can know."""

from typing import Any

import pytest

from reconciler.model.units import NS_PER_S
from reconciler.sim.things import Container, Transition
from reconciler.sim.traffic.flow import SAMPLE_NS
from reconciler.sim.world import World
from tests.properties.loaded import Loaded, Play, slot_of
from tests.properties.loads import changed, scenario, service, stack

TIE_NS = 5 * NS_PER_S


def drains(affinity: Any, **traffic: Any) -> list[tuple[int, int]]:
    """Of each drain in an update: how long it took, and how long nothing had been given then."""
    web = service("own", 2)
    web["rollout"]["deadline"] = "1h"
    web["routing"] = {"port": 8080, "drain": "120s", "affinity": affinity}
    flow = {**scenario("own")["traffic"][0], "clients": {"count": 400}, **traffic}
    under = scenario("own", traffic=[flow], lasts="10m")
    play = Play(Loaded(stack(web), stack(changed(web, "image")), under, 3))
    since: dict[str, int] = {}
    found: list[tuple[int, int]] = []

    def hear(world: World, told: Transition) -> None:
        if told.what == "drains at the edge":
            since[told.subject] = world.now_ns
        if told.what == "drained":
            assert isinstance(told.thing, Container)
            slot = slot_of(play.flow(), told.thing)
            kernel: Any = play.flow().kernel
            quiet = play.flow().now_ns - (kernel.s_tied[slot] - 1)
            found.append((world.now_ns - since[told.subject], quiet))

    play.watch(hear)
    play.run()
    assert play.converged
    assert not any(play.dropped().values())
    return found


COOKIE = {"by": "cookie", "name": "A", "timeout": "5s"}


def test_without_affinity_it_is_drained_with_the_last_request() -> None:
    took = [each for each, _ in drains(None)]
    assert len(took) == 2
    assert max(took) <= 2 * SAMPLE_NS


@pytest.mark.parametrize("by", ["cookie", "client_ip", "header"])
def test_with_affinity_it_is_drained_when_nobody_can_come_again(by: str) -> None:
    found = drains({**COOKIE, "by": by})
    assert len(found) == 2
    for took, quiet in found:
        assert quiet > TIE_NS
        assert quiet <= TIE_NS + SAMPLE_NS + 1
        assert took <= 60 * NS_PER_S


def test_an_affine_session_keeps_it_from_being_drained_by_its_requests_alone() -> None:
    sessions = {"kind": "affine", "rate": {"poisson": 1}, "length": "20s", "every": "2s"}
    found = drains({**COOKIE, "by": "header"}, sessions=sessions)
    assert len(found) == 2
    for took, quiet in found:
        assert quiet > TIE_NS
        # The last session may have begun just before: 20 s, its last request 2 s before its end.
        assert took >= TIE_NS + 2 * NS_PER_S

"""After how many checks a real HAProxy and the simulated edge think otherwise of a server."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_MS
from reconciler.sim import clock, life
from reconciler.sim.behaviour import Behaviour
from reconciler.sim.edge import KINDS
from reconciler.sim.things import Container
from reconciler.sim.traffic import kernel
from reconciler.sim.traffic.flow import Flow
from reconciler.sim.traffic.load import Load, Loaded
from reconciler.sim.world import World
from tests.live.balancing.backends import PATIENCE_S, backends
from tests.live.balancing.proxies import haproxy

pytestmark = pytest.mark.live("haproxy")

RULES = replace(KINDS["haproxy"], new_is_up=True)  # as servers of a configuration are
LINES = f"""  log stdout format raw local0
  option log-health-checks
  option httpchk GET /check
  default-server check inter 200ms rise {RULES.rise} fall {RULES.fall}"""
TOLD = re.compile(r"^Health check for server b/s(\d) .* status: \d/\d (UP|DOWN)", re.MULTILINE)
KEY = ResourceKey("service", "web")
STEP_NS = 10 * NS_PER_MS
FLIPS = ("DOWN", "UP", "DOWN")  # of one that fails at first, is mended, and fails again


def really(folder: Path) -> list[int]:
    """Checks until each flip, and those of one that passes from the beginning."""
    log = folder / "haproxy.log"
    told: list[str] = []

    def checks(verdict: str) -> int:
        """How many it has told of since the last time, with the one that changed its mind."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            words = [word for server, word in TOLD.findall(log.read_text()) if server == "1"]
            if verdict in words[len(told) :]:
                count = words.index(verdict, len(told)) + 1 - len(told)
                told.extend(words[len(told) :][:count])
                return count
            time.sleep(0.02)
        raise AssertionError(log.read_text())

    with backends(2) as servers:
        servers[1].healthy = False
        with haproxy(folder, servers, "roundrobin", backend=LINES):
            found = []
            for verdict in FLIPS:
                found.append(checks(verdict))
                servers[1].healthy = not servers[1].healthy
            passing = [word for server, word in TOLD.findall(log.read_text()) if server == "0"]
            return [*found, passing.index("UP") + 1]


class Simulated:
    """Two instances behind an edge of HAProxy's rules."""

    def __init__(self) -> None:
        self.world = World.fresh(1)
        made = kernel.Kernel(1)
        load = Load(self.world, 600 * RULES.interval)
        self.flow = Flow(self.world, "edge", KEY, made, RULES)
        load.add(Loaded(self.flow, made))
        self.good = self.start(Behaviour(start_ns=0, ready_ns=STEP_NS))
        self.bad = self.start(Behaviour(start_ns=0, before_ready="503", never_ready=True))

    def start(self, behaviour: Behaviour) -> Container:
        ordinal = len(self.world.containers)
        made = Container(
            self.world.new_id("container"), f"edge-web-{ordinal}", KEY, "edge", ordinal,
            fields={}, behaviour=behaviour, created_at_ns=0,
        )  # fmt: skip
        self.world.add_container(made)
        life.start(self.world, made)
        return made

    def checks(self, container: Container, edge: int) -> int:
        """How many it takes until the edge has the instance so."""
        began = self.world.now_ns
        while self.flow.endpoints[container.id].edge != edge:
            clock.run_until(self.world, self.world.now_ns + STEP_NS)
            assert self.world.now_ns - began < 20 * RULES.interval
        return -(-(self.world.now_ns - began) // RULES.interval)

    def counts(self) -> list[int]:
        """What `really` counts."""
        found = [self.checks(self.bad, kernel.DOWN)]
        for what, edge in (("up", kernel.UP), ("error", kernel.DOWN)):
            clock.run_until(self.world, self.world.now_ns + STEP_NS)  # the check is over
            self.world.emit(what, self.bad)
            found.append(self.checks(self.bad, edge))
        fresh = self.start(Behaviour(start_ns=0, ready_ns=STEP_NS))
        self.flow.endpoints[fresh.id].edge = kernel.DOWN  # in drain, as one that is added
        return [*found, self.checks(fresh, kernel.UP)]


def test_the_first_check_of_a_server_decides_and_later_ones_by_rise_and_fall(
    tmp_path: Path,
) -> None:
    assert really(tmp_path) == Simulated().counts() == [1, RULES.rise, RULES.fall, 1]

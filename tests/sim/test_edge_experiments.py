"""What was tried with a real HAProxy on a real engine, replayed: the model must give its numbers.

150 to 200 new requests a second, 20 clients that keep their connection, 30 to 40 websockets;
the numbers are those that were measured there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim import clock, life
from reconciler.sim.behaviour import Behaviour
from reconciler.sim.edge import KINDS, EdgeRules
from reconciler.sim.things import Container
from reconciler.sim.traffic import kernel, tables
from reconciler.sim.traffic.flow import Flow
from reconciler.sim.traffic.load import Load, Loaded
from reconciler.sim.world import World

KEY = ResourceKey("service", "web")
APP = Behaviour(start_ns=100 * NS_PER_MS, ready_ns=400 * NS_PER_MS, drain_ns=10 * NS_PER_S)
EDGE = replace(KINDS["haproxy"], interval=500 * NS_PER_MS, rise=2, fall=3)
PROBE = {"readiness.kind": "http", "readiness.period": NS_PER_S}


@dataclass
class Bench:
    """Two instances behind an edge, and what asks them."""

    seed: int = 1
    rules: EdgeRules = EDGE
    per_s: int = 175
    sockets_per_s: int = 0
    socket_s: int = 10
    world: World = field(init=False)
    flow: Flow = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        self.world = World.fresh(self.seed)
        first = [self.start(APP) for _ in range(2)]
        self.pass_s(30)
        self.load = Load(self.world, 600 * NS_PER_S)
        self.kernel = kernel.Kernel(self.seed, rule=kernel.ROUND_ROBIN)
        self.kernel.set_service_table(tables.exponential(20 * NS_PER_MS))
        self.kernel.set_edge(tries=self.rules.tries)
        self.kernel.set_arrivals(kernel.POISSON, NS_PER_S, self.per_s)
        self.kernel.set_closed(20, tables.exponential(120 * NS_PER_MS))
        if self.sockets_per_s:
            self.kernel.set_sessions(tables.constant(self.socket_s * NS_PER_S))
            self.kernel.set_session_arrivals(kernel.POISSON, NS_PER_S, self.sockets_per_s)
        self.flow = Flow(self.world, "edge", KEY, self.kernel, self.rules)
        self.load.add(Loaded(self.flow, self.kernel))
        assert len(first) == 2

    def start(self, behaviour: Behaviour) -> Container:
        self.made += 1
        made = Container(
            self.world.new_id("container"), f"edge-web-{self.made}", KEY, "edge", self.made,
            fields=PROBE, behaviour=behaviour, created_at_ns=self.world.now_ns,
        )  # fmt: skip
        self.world.add_container(made)
        life.start(self.world, made)
        return made

    def pass_s(self, seconds: float) -> None:
        clock.run_until(self.world, self.world.now_ns + round(seconds * NS_PER_S))

    def until(self, holds: Callable[[], bool], most_s: float = 60) -> None:
        for _ in range(round(most_s * 20)):
            if holds():
                return
            self.pass_s(0.05)
        raise AssertionError("it did not come to be")

    def is_in(self, container: Container) -> bool:
        return self.flow.endpoints[container.id].edge == kernel.UP

    def roll(self) -> None:
        """Each of the two is replaced: a new one in, the old one drained, stopped, gone."""
        for old in self.world.of("edge", KEY):
            self.replace(old)

    def replace(self, old: Container) -> None:
        fresh = self.start(APP)
        self.until(lambda: self.is_in(fresh))
        self.flow.drain(old)
        self.until(lambda: self.flow.is_drained(old))
        life.signal(self.world, old, "SIGTERM")
        self.until(lambda: old.phase == "exited")
        self.world.drop_container(old)

    @property
    def lost(self) -> int:
        self.load.sync()
        return sum(self.flow.ledger.requests.values())

    @property
    def cut(self) -> int:
        self.load.sync()
        return sum(self.flow.ledger.sessions.values())


@pytest.mark.parametrize("seed", range(5))
def test_membership_at_run_time_loses_nothing_and_cuts_nothing(seed: int):
    bench = Bench(seed, sockets_per_s=4)
    for _ in range(3):
        bench.roll()
    assert bench.kernel.arrivals > 10_000
    assert (bench.lost, bench.cut) == (0, 0)


def test_a_reload_that_adds_one_that_answers_503_loses_about_35():
    """A new server counts as up until its first check, and is down by that one alone."""
    lost = []
    for seed in range(20):
        bench = Bench(seed, rules=replace(EDGE, new_is_up=True))
        bench.start(replace(APP, before_ready="503", never_ready=True))
        bench.pass_s(30)
        lost.append(bench.lost)
        assert set(bench.flow.ledger.requests) == {("unready", "starting")}
    assert 30 <= sum(lost) / len(lost) <= 40, lost


def test_the_same_one_added_in_drain_loses_nothing():
    bench = Bench(1)
    bench.start(replace(APP, before_ready="503", never_ready=True))
    bench.pass_s(30)
    assert bench.kernel.arrivals > 4_000
    assert bench.lost == 0


def test_replacing_the_edge_behind_a_published_port_loses_what_comes_meanwhile():
    """About 1,280 requests in 3.6 s, and 40 websockets."""
    lost, cut = [], []
    for seed in range(10):
        bench = Bench(seed, per_s=200, sockets_per_s=4)
        bench.pass_s(60)
        bench.flow.replace_edge(round(3.6 * NS_PER_S))
        bench.pass_s(10)
        lost.append(bench.lost)
        cut.append(bench.cut)
    assert 1_100 <= sum(lost) / len(lost) <= 1_450, lost
    assert 30 <= sum(cut) / len(cut) <= 50, cut

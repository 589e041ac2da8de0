"""A stack under load: what an example says, and how it is played and watched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from reconciler.drivers.virtual import Kill
from reconciler.model.resource import ResourceKey
from reconciler.model.scenario import Scenario
from reconciler.model.units import NS_PER_S
from reconciler.rehearsal.routes import reroute
from reconciler.rehearsal.setting import Logs, behave, furnish, load_of, scale
from reconciler.rehearsal.stage import Stage
from reconciler.sim.chooser import Chooser
from reconciler.sim.cluster import SimCluster
from reconciler.sim.engine import SimEngine
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.things import Container, Transition
from reconciler.sim.trace import Trace
from reconciler.sim.traffic.flow import Flow
from reconciler.sim.traffic.kernel import EVENTS, UP, Kernel
from reconciler.sim.world import World
from tests.properties.cases import STACK, Spec, stack_of

QUIET_NS = 2 * NS_PER_S  # from the traffic's beginning until the change


@dataclass(frozen=True)
class Loaded:
    """A stack, what it becomes, and the scenario it is under, as their files would say it.

    `seed` is all of the noise; `faults` strike from the change on.
    """

    before: Spec
    after: Spec
    scenario: Spec
    seed: int = 0
    faults: tuple[Fault, ...] = ()


class Place(NamedTuple):
    """One slot in one window: what the edge and the app make of it, and what came to it."""

    edge: int
    app: int
    weight: int
    given: int
    begun: int


@dataclass(frozen=True)
class Window:
    """A time in which no endpoint changes. `stuck`: which slot each client had at its ends."""

    from_ns: int
    to_ns: int
    places: tuple[Place, ...]
    stuck: tuple[tuple[int, ...], tuple[int, ...]]
    troubled: bool

    @property
    def ups(self) -> list[int]:
        """The slots that the edge may give anything to."""
        return [slot for slot, place in enumerate(self.places) if place.edge == UP]


class Tap:
    """A flow's kernel that notes how each endpoint was, and for how long."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.events = kernel.watch()
        self.windows: list[Window] = []
        self._begin()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kernel, name)

    def set_slot(self, *args: Any) -> None:
        """The kernel's own, between two windows."""
        self._end()
        self.kernel.set_slot(*args)
        self._begin()

    def add_slot(self) -> int:
        """The kernel's own, between two windows."""
        self._end()
        slot = self.kernel.add_slot()
        self._begin()
        return slot

    def close(self) -> list[Window]:
        """All windows until now, but for those that were over at once."""
        self._end()
        self._begin()
        return self.windows

    def _begin(self) -> None:
        made = self.kernel
        count = made.slots
        self._from = (
            made.now_ns, list(made.s_given)[:count], connections_begun(made)[:count],
            tuple(made.a_slot), bool(made.troubled),
        )  # fmt: skip

    def _end(self) -> None:
        made = self.kernel
        from_ns, given, begun, stuck, troubled = self._from
        if made.now_ns == from_ns:
            return
        now_begun = connections_begun(made)
        places = tuple(
            Place(
                made.s_edge[n], made.s_app[n], made.s_weight[n],
                made.s_given[n] - given[n], now_begun[n] - begun[n],
            )
            for n in range(len(given))
        )  # fmt: skip
        self.windows.append(
            Window(
                from_ns, made.now_ns, places, (stuck, tuple(made.a_slot)),
                troubled or bool(made.troubled),
            )
        )  # fmt: skip

    def of(self, *kinds: str) -> Iterator[tuple[int, int, int]]:
        """Events of these kinds: time, slot, client (with its reason, for a drop)."""
        wanted = {EVENTS.index(kind) for kind in kinds}
        return ((at, slot, client) for at, kind, slot, client in self.events if kind in wanted)


def connections_begun(made: Any) -> list[int]:
    """By slot; an affine session is none, and begins when a request of it is answered."""
    return [0] * len(made.s_begun) if made.every else list(made.s_begun)


@cache
def _adapter() -> TypeAdapter[Scenario]:
    return TypeAdapter(Scenario)


def scenario_of(spec: Mapping[str, Any]) -> Scenario:
    """A scenario as if it had been read from a file."""
    return _adapter().validate_python({"state": "", **spec})


@dataclass
class Play:
    """An example on its world. `watch` hears each transition, after the traffic has."""

    case: Loaded
    name: str = STACK
    epoch_ns: int = 0
    still: bool = False
    chooser: Chooser | None = None
    kill: Kill | None = None
    world: World = field(init=False)
    taps: dict[str, Tap] = field(init=False)

    def __post_init__(self) -> None:
        case = self.case
        self.scenario = scenario_of(case.scenario)
        self.before, self.after = stack_of(case.before, self.name), stack_of(case.after, self.name)
        world = self.world = World.fresh(case.seed)
        world.now_ns += self.epoch_ns
        furnish(world, self.scenario, self.before)
        if self.still:
            self._hold_still()
        native = self.scenario.target == "kubernetes"
        target = (SimCluster if native else SimEngine)(world, self.name)
        self.stage = Stage(world, target, self.before)
        problem = self.stage.settle()
        assert not problem, problem
        self.began_ns = world.now_ns
        self.load = load_of(world, self.scenario, [self.before, self.after], case.seed, Logs())
        self.taps = {}
        for key, loaded in self.load.flows.items():
            tap = self.taps[key.name] = Tap(loaded.kernel)
            loaded.flow.kernel = tap
        scale(world, self.scenario, self.before)

    def _hold_still(self) -> None:
        """No noise in how long anything takes; what is left is the traffic's."""
        world = self.world
        world.latency_jitter_percent = 0
        for name, behaviour in world.behaviours.items():
            world.behaviours[name] = replace(behaviour, jitter_percent=0)

    def watch(self, hear: Any) -> None:
        """Let this hear of each transition from now on."""
        self.world.listeners.append(hear)

    def run(self) -> "Play":
        """Traffic alone, then the change and what goes wrong, to the end."""
        world, target = self.world, self.stage.target
        target.advance(self.began_ns + QUIET_NS)
        install(world, self.case.faults)
        target.chooser = self.chooser
        end_ns = self.began_ns + self.scenario.lasts
        behave(world, self.scenario, self.after, Logs())
        if self.still:
            self._hold_still()
        scale(world, self.scenario, self.after)
        reroute(self.load, self.scenario, [self.before, self.after], 1)
        if self.stage.follow(self.after, end_ns, self.kill or ()) is not None:
            self.stage.follow(self.after, end_ns)
        target.chooser = None
        self.load.sync()
        return self

    def flow(self, service: str = "web") -> Flow:
        """The service's traffic."""
        return self.load.flows[ResourceKey("service", service)].flow

    @property
    def converged(self) -> bool:
        """Whether all came to be as wanted."""
        return self.stage.converged_ns is not None

    def dropped(self) -> dict[str, dict[str, int]]:
        """Requests dropped, by service, by what for and where."""
        return {
            key.name: {" ".join(what): n for what, n in loaded.flow.ledger.requests.items() if n}
            for key, loaded in self.load.flows.items()
        }


def traced(case: Loaded, **more: Any) -> tuple[Play, list[str]]:
    """A play to its end, with every transition from the change on as a line."""
    play = Play(case, **more)
    trace = Trace(play.world, keep=True)
    play.run()
    return play, trace.lines or []


def slot_of(flow: Flow, pod: Container) -> int | None:
    """The slot of an instance; None where it has none."""
    for endpoint in flow.endpoints.values():
        if endpoint.container is pod:
            return endpoint.slot
    return None


def is_pod(told: Transition) -> bool:
    """Whether it is of an instance of a service."""
    return isinstance(told.thing, Container) and told.thing.key.kind == "service"

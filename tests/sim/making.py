"""Worlds with something in them, for the tests of the simulator."""

from collections.abc import Mapping
from typing import Any

from reconciler.model.observed import Instance, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    ApplyObject,
    CreateInstance,
    Outcome,
    PullImage,
    RemoveInstance,
    SignalInstance,
    StartInstance,
    Step,
    UpdateInstance,
)
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.engine import SimEngine
from reconciler.sim.things import Container
from reconciler.sim.world import World

MS, S = NS_PER_MS, NS_PER_S
WEB = ResourceKey("service", "web")
DB = ResourceKey("service", "db")
JOB = ResourceKey("job", "migrate")
NET = ResourceKey("network", "default")

READINESS = {
    "readiness.kind": "http", "readiness.delay": 0, "readiness.period": S,
    "readiness.timeout": S, "readiness.successes": 1, "readiness.failures": 3,
}  # fmt: skip
LIVENESS = {name.replace("readiness", "liveness"): value for name, value in READINESS.items()}
STARTUP = {name.replace("readiness", "startup"): value for name, value in READINESS.items()}
FIELDS: Mapping[str, Any] = {
    "image": "web:1", "networks": ("default",), "restart.policy": "always",
    "stop.grace": 30 * S, **READINESS,
}  # fmt: skip


class Bench:
    """A stack on a simulated engine, and short ways to do things to it."""

    def __init__(self, world: World | None = None, stack: str = "shop") -> None:
        self.world = World.fresh(7) if world is None else world
        self.engine = SimEngine(self.world, stack)
        self.began_ns = self.world.now_ns

    def do(self, step: Step) -> Outcome:
        return self.engine.perform(step, 60 * S)

    def network(self) -> None:
        assert self.do(ApplyObject(NET, {"internal": False})).kind == "done"

    def create(self, ordinal: int = 0, key: ResourceKey = WEB, /, **fields: Any) -> Container:
        """Made and not started; `fields` with `__` for the dots."""
        if NET not in self.world.holding(self.engine.stack).objects:
            self.network()
        asked = {**FIELDS, **{path.replace("__", "."): v for path, v in fields.items()}}
        asked = {path: value for path, value in asked.items() if value is not None}
        assert self.do(PullImage(key, str(asked["image"]))).kind == "done"
        name = f"{self.engine.stack}-{key.name}-{ordinal}-{len(self.world.containers)}"
        step = CreateInstance(key, name, ordinal, "r1", 0, asked)
        assert self.do(step).kind == "done"
        return self.world.containers[self.world.names[name]]

    def start(self, container: Container) -> Outcome:
        return self.do(StartInstance(container.key, container.id))

    def up(self, ordinal: int = 0, key: ResourceKey = WEB, /, **fields: Any) -> Container:
        """Made, started, and ready when it can be."""
        container = self.create(ordinal, key, **fields)
        assert self.start(container).kind == "done"
        self.go(3 * S)
        return container

    def disarm(self, container: Container) -> Outcome:
        fields = {"restart.policy": "never"}
        return self.do(UpdateInstance(container.key, container.id, fields))

    def signal(self, container: Container, name: str = "SIGTERM") -> Outcome:
        return self.do(SignalInstance(container.key, container.id, name))

    def remove(self, container: Container) -> Outcome:
        return self.do(RemoveInstance(container.key, container.id))

    def go(self, for_ns: int) -> frozenset[ResourceKey] | None:
        """Let time pass."""
        return self.engine.advance(self.world.now_ns + for_ns)

    def seen(self, container: Container) -> Instance:
        """The container as an observation shows it."""
        found = {i.id: i for i in self.engine.observe(Scope("shop")).instances}
        return found[container.id]

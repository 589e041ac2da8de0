"""A place where the body is tried: one stack on one target, and a way to let time pass."""

from collections.abc import Callable
from typing import Any, Protocol

from reconciler.model.observed import Fields, Instance, Observed, Scope, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import Notice, Verdict
from reconciler.model.step import DONE, ApplyObject, CreateInstance, Outcome, StartInstance, Step
from reconciler.model.units import NS_PER_S
from reconciler.plan.plan import Plan
from reconciler.plan.planner import make_plan, scope_of
from reconciler.targets.port import Target

IMAGE = "local/busybox:1"
DEADLINE_NS = 30 * NS_PER_S
NETWORK = ResourceKey("network", "default")
WEB = ResourceKey("service", "web")
MIGRATE = ResourceKey("job", "migrate")
RUNNING: dict[str, Value] = {
    "image": IMAGE, "networks": ("default",), "command": ("sleep", "300"),
    "restart.policy": "always", "stop.grace": NS_PER_S, "docker.init": "true",
}  # fmt: skip
PROBED: dict[str, Value] = {
    **RUNNING, "readiness.kind": "exec", "readiness.command": ("/bin/busybox", "true"),
    "readiness.delay": 0, "readiness.period": NS_PER_S, "readiness.timeout": NS_PER_S,
    "readiness.successes": 1, "readiness.failures": 3,
}  # fmt: skip


def ending(code: int, policy: str = "never") -> dict[str, Value]:
    """What ends by itself with this exit code."""
    command = ("sh", "-c", f"sleep 0.2; exit {code}")
    return {**RUNNING, "command": command, "restart.policy": policy}


class Arm(Protocol):
    """What differs between the arms."""

    stack: str

    @property
    def target(self) -> Target:
        """The target under test."""

    def until(self, holds: Callable[[], object], most_s: float) -> None:
        """Let time pass until it holds."""

    def apply(self, stack: Stack, plan: Plan) -> Verdict:
        """Drive the controller with this arm's driver."""

    def destroy(self, stack: Stack) -> tuple[Verdict, list[Notice]]:
        """Shut the whole stack down; what was said meanwhile."""

    def foreign_container(self, name: str) -> str:
        """Another's running container; its full id."""

    def foreign_runs(self, container_id: str) -> bool:
        """Whether it still does."""

    def foreign_network(self, key: ResourceKey) -> None:
        """Another's network that holds the name of ours."""


class Lab:
    """What the body does on any arm."""

    def __init__(self, arm: Arm) -> None:
        self.arm, self.stack, self.target = arm, arm.stack, arm.target

    def do(self, step: Step) -> Outcome:
        """Make one call."""
        return self.target.perform(step, DEADLINE_NS)

    def done(self, step: Step) -> None:
        """Make one call that succeeds."""
        outcome = self.do(step)
        assert outcome == DONE, (step, outcome)

    def observe(self, **scope: Any) -> Observed:
        """Look."""
        return self.target.observe(Scope(self.stack, **scope))

    def instance(self, key: ResourceKey = WEB) -> Instance:
        """The one instance of a workload."""
        (found,) = [i for i in self.observe().instances if i.key == key]
        return found

    def name(self, key: ResourceKey = WEB, ordinal: int = 0, attempt: int = 1) -> str:
        """What an instance is called."""
        return f"{self.stack}-{key.name}-{ordinal}-r1-{attempt}"

    def creation(self, fields: Fields, key: ResourceKey = WEB, ordinal: int = 0) -> CreateInstance:
        """The step that creates an instance."""
        return CreateInstance(key, self.name(key, ordinal), ordinal, "r1", 1, fields)

    def network(self) -> None:
        """The stack's own network."""
        self.done(ApplyObject(NETWORK, {"internal": False}))

    def created(self, fields: Fields = RUNNING, key: ResourceKey = WEB) -> Instance:
        """An instance that has not been started."""
        self.network()
        self.done(self.creation(fields, key))
        return self.instance(key)

    def started(self, fields: Fields = RUNNING, key: ResourceKey = WEB) -> Instance:
        """An instance that runs."""
        made = self.created(fields, key)
        self.done(StartInstance(key, made.id))
        return self.instance(key)

    def until(self, holds: Callable[[], object], most_s: float = 20) -> None:
        """Let time pass until it holds."""
        self.arm.until(holds, most_s)

    def plan(self, stack: Stack) -> Plan:
        """What an apply would do now."""
        observed = self.target.observe(scope_of(stack))
        return make_plan(stack, observed, {}, self.target.capabilities, target=self.target.name)

    def apply(self, stack: Stack) -> Verdict:
        """Plan and apply."""
        return self.arm.apply(stack, self.plan(stack))

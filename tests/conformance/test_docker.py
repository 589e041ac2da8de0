"""The body on a real Docker Engine."""

from collections.abc import Callable, Iterator

import pytest

from reconciler.controller.core import Controller
from reconciler.controller.interface import Policy
from reconciler.drivers.real import run
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import Notice, Verdict
from reconciler.model.units import NS_PER_S
from reconciler.plan.plan import Plan
from reconciler.plan.planner import emptied
from reconciler.plan.shutdown import ending_of
from reconciler.targets.docker.names import object_name
from tests.conformance.body import BODY
from tests.conformance.lab import IMAGE, Lab
from tests.targets.docker.live import Live

pytestmark = pytest.mark.live


class Real:
    """A stack of its own on the engine, and another's things beside it."""

    def __init__(self) -> None:
        self.live = Live()
        self.stack, self.target = self.live.stack, self.live.target
        self.containers: list[str] = []
        self.networks: list[str] = []

    def until(self, holds: Callable[[], object], most_s: float) -> None:
        self.live.until(holds, most_s)

    def apply(self, stack: Stack, plan: Plan) -> Verdict:
        approved = {change.key: change for change in plan.changes}
        controller = Controller(stack, self.target.capabilities, Policy(approved=approved))
        quiet: Callable[[object], None] = lambda notice: None  # noqa: E731
        return run(controller, self.target, on_notice=quiet, timeout_ns=90 * NS_PER_S)

    def destroy(self, stack: Stack) -> tuple[Verdict, list[Notice]]:
        policy = Policy(confirmed=True, ending=ending_of(stack))
        controller = Controller(emptied(stack), self.target.capabilities, policy)
        said: list[Notice] = []
        verdict = run(controller, self.target, on_notice=said.append, timeout_ns=90 * NS_PER_S)
        return verdict, said

    def foreign_container(self, name: str) -> str:
        made = self.live.raw.create_container_from_config(
            {"Image": IMAGE, "Cmd": ["sleep", "300"]}, name=name
        )["Id"]
        self.containers.append(made)
        self.live.raw.start(made)
        return str(made)

    def foreign_runs(self, container_id: str) -> bool:
        return bool(self.live.raw.inspect_container(container_id)["State"]["Running"])

    def foreign_network(self, key: ResourceKey) -> None:
        made = self.live.raw.create_network(object_name(self.stack, key), check_duplicate=True)
        self.networks.append(made["Id"])

    def clean(self) -> None:
        for container in self.containers:
            self.live.raw.remove_container(container, force=True)
        for network in self.networks:
            self.live.raw.remove_network(network)
        self.live.clean()


@pytest.fixture
def lab() -> Iterator[Lab]:
    arm = Real()
    try:
        yield Lab(arm)
    finally:
        arm.clean()


@pytest.mark.parametrize("demand", BODY, ids=lambda demand: demand.__name__)
def test_the_docker_engine_does(demand: Callable[[Lab], None], lab: Lab) -> None:
    demand(lab)

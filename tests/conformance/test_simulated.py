"""The body on the simulated engine."""

from collections.abc import Callable, Iterator

import pytest

from reconciler.controller.core import Controller
from reconciler.controller.interface import Policy
from reconciler.drivers.virtual import run
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import Notice, Verdict
from reconciler.model.step import PullImage
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.plan.plan import Plan
from reconciler.plan.planner import emptied
from reconciler.plan.shutdown import ending_of
from reconciler.sim.behaviour import rule
from reconciler.sim.engine import SimEngine
from reconciler.sim.things import Container
from reconciler.sim.world import World
from tests.conformance.body import BODY
from tests.conformance.lab import DEADLINE_NS, IMAGE, WEB, Lab


class Simulated:
    """A world in which commands that end by themselves do so."""

    stack = "conf"

    def __init__(self) -> None:
        self.world = World.fresh(1)
        run_ns = 200 * NS_PER_MS
        self.world.rules = (
            *(
                rule(f"exit {code}", field="command", run_ns=run_ns, exit_code=code)
                for code in (0, 1, 3)
            ),
            rule("trap", field="command", ignores_stop=True),
        )
        self.target = SimEngine(self.world, self.stack)
        self.target.perform(PullImage(WEB, IMAGE), DEADLINE_NS)

    def until(self, holds: Callable[[], object], most_s: float) -> None:
        end_ns = self.world.now_ns + int(most_s * NS_PER_S)
        while not holds():
            assert self.world.now_ns < end_ns, "it did not come to be in time"
            self.target.advance(self.world.now_ns + 50 * NS_PER_MS)

    def apply(self, stack: Stack, plan: Plan) -> Verdict:
        approved = {change.key: change for change in plan.changes}
        controller = Controller(stack, self.target.capabilities, Policy(approved=approved))
        return run(controller, self.target, max_ns=600 * NS_PER_S).verdict

    def destroy(self, stack: Stack) -> tuple[Verdict, list[Notice]]:
        policy = Policy(confirmed=True, ending=ending_of(stack))
        controller = Controller(emptied(stack), self.target.capabilities, policy)
        done = run(controller, self.target, max_ns=600 * NS_PER_S)
        return done.verdict, list(done.notices)

    def foreign_container(self, name: str) -> str:
        made = self.world.add_foreign(name)
        assert isinstance(made, Container)
        return made.id

    def foreign_runs(self, container_id: str) -> bool:
        found = self.world.containers.get(container_id)
        return found is not None and found.phase == "running"

    def foreign_network(self, key: ResourceKey) -> None:
        self.world.add_foreign("", stack=self.stack, key=key)


@pytest.fixture
def lab() -> Iterator[Lab]:
    arm = Simulated()
    yield Lab(arm)
    arm.target.close()


@pytest.mark.parametrize("demand", BODY, ids=lambda demand: demand.__name__)
def test_the_simulated_engine_does(demand: Callable[[Lab], None], lab: Lab) -> None:
    demand(lab)

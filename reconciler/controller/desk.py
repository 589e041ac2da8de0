"""The desk: all that is known, and the decision about each resource that follows from it."""

from reconciler.controller.adoption import decide_adoption
from reconciler.controller.decision import (
    Context,
    Decision,
    Underway,
    ended,
    explained,
    simple,
    tempered,
)
from reconciler.controller.desired import Desired
from reconciler.controller.interface import Policy
from reconciler.controller.jobs import decide_job
from reconciler.controller.objects import decide_external, decide_object, decide_stack
from reconciler.controller.removals import decide_object_removed, decide_removed
from reconciler.controller.services import decide_service
from reconciler.controller.slot import Slot
from reconciler.graph import Graph
from reconciler.model.change import Action
from reconciler.model.observed import Fields, ObservedObject
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import ResourceStatus
from reconciler.model.step import PullImage, Step
from reconciler.model.units import NS_PER_S
from reconciler.plan import objects as plan_objects
from reconciler.plan.changes import Asked
from reconciler.plan.standing import Standing
from reconciler.plan.view import View
from reconciler.targets.port import Capabilities

STEP_DEADLINE_NS = 60 * NS_PER_S


class Desk:
    """What is wanted, what may be done, what is known, and what is remembered of each resource."""

    stack: Stack
    policy: Policy
    graph: Graph

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.view = View()
        self.predicted: dict[ResourceKey, Fields] = {}
        self.slots: dict[ResourceKey, Slot] = {}
        self.may_delete = False
        self.now_ns = 0
        self.pulls: dict[str, ResourceKey | None] = {}
        self._underway: Underway | None = None
        self._compared: dict[ResourceKey, tuple[ObservedObject, bool]] = {}

    def adopt(self, desired: Desired, policy: Policy) -> None:
        """This is wanted from now on, and this may be done about it."""
        self.stack, self.policy, self.graph = desired.stack, policy, desired.graph
        self._desired = desired
        self._compared.clear()
        self.pulls.clear()
        self._underway = None

    def begin_anew(self, event: int) -> None:
        """As a new process would: no decision before a look asked for from this event on."""
        self.pulls.clear()
        for slot in self.slots.values():
            slot.touched = event  # a look that is under way says nothing
            slot.needs_look = slot.owes_decision = True
            slot.stops.clear()

    def slot(self, key: ResourceKey) -> Slot:
        """What is remembered of a resource; made when it is first heard of."""
        slot = self.slots.get(key)
        if slot is None:
            status = simple(key, "progressing", "not looked at yet")
            slot = self.slots[key] = Slot(key, status, moved_ns=self.now_ns)
            slot.fits = self._desired.fits(key)
        return slot

    def decide(self, slot: Slot) -> Decision:
        """The next steps of one resource, and how it is."""
        why = self.view.unobservable.get(slot.key)
        if why is not None:
            return Decision(simple(slot.key, "unobservable", why))
        made = tempered(self._decision(self._context(slot)), slot, self.now_ns)
        if not self.policy.follow:
            made = ended(made, slot, self.now_ns)
        return explained(made, slot)

    def deadline_ns(self, step: Step) -> int:
        """How long a call may take."""
        work = self.stack.workload(step.key) if isinstance(step, PullImage) else None
        return work.pull_timeout if work is not None else STEP_DEADLINE_NS

    def status_of(self, key: ResourceKey) -> ResourceStatus:
        """The newest status of a resource."""
        return self.slot(key).status

    def asked_of(self, key: ResourceKey) -> Asked:
        """A workload as it is asked for."""
        return self._desired.asked(key)

    def standing_of(self, key: ResourceKey) -> Standing:
        """What the records say of a workload."""
        return self.slot(key).standing_for(self.asked_of(key), self.view, ())

    def _context(self, slot: Slot) -> Context:
        return Context(
            self.stack, self.graph, self.view, self.policy, self.capabilities, slot,
            self.now_ns, self.status_of, self.may_delete, self.asked_of, self.standing_of,
            self.pulls, self._shutdown(),
        )  # fmt: skip

    def _shutdown(self) -> Underway | None:
        """The shutdown that goes on; it began when something was first decided on."""
        if self._underway is None and self.policy.ending is not None:
            self._underway = Underway(self.policy.ending, self.now_ns, self.now_ns)
        return self._underway

    def _decision(self, ctx: Context) -> Decision:
        key = ctx.key
        if key.kind == "stack":
            return decide_stack(ctx)
        if key in self.view.adoptable:
            return decide_adoption(ctx)
        if key not in self.graph.needs:
            workload = key.kind in ("service", "job") and key not in self.view.objects
            return decide_removed(ctx) if workload else decide_object_removed(ctx)
        if key.kind == "external":
            return decide_external(ctx)
        if self.capabilities.workloads == "native" or key.kind not in ("service", "job"):
            return decide_object(ctx, self.predicted.get(key) or self._desired.fields(key))
        return decide_job(ctx) if key.kind == "job" else decide_service(ctx, self._evicting(key))

    def _evicting(self, key: ResourceKey) -> tuple[str, ...]:
        """The networks of a workload that are about to be made anew."""
        needs, objects = self.graph.needs[key], self.view.objects
        return tuple(
            need.name
            for need in needs
            if need.kind == "network" and need in objects and self._is_made_anew(objects[need])
        )

    def _is_made_anew(self, found: ObservedObject) -> bool:
        """Whether a network is to be replaced; compared once for each state it is seen in."""
        key = found.key
        before = self._compared.get(key)
        if before is not None and _is_alike(before[0], found):
            return before[1]
        wanted = self._desired.fields(key)
        change = plan_objects.object_change(self.stack, key, wanted, found, native=False)
        anew = change is not None and change.action is Action.REPLACE
        self._compared[key] = found, anew
        return anew


def _is_alike(one: ObservedObject, other: ObservedObject) -> bool:
    """Whether two states of an object do not differ in what is compared with what is wanted."""
    return one is other or (
        one.owned == other.owned and one.fields == other.fields and one.defaults == other.defaults
    )

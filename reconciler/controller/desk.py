"""The desk: all that is known, and the decision about each resource that follows from it."""

from reconciler.controller.adoption import decide_adoption
from reconciler.controller.decision import (
    Context,
    Decision,
    ended,
    explained,
    simple,
    tempered,
)
from reconciler.controller.interface import Policy
from reconciler.controller.jobs import decide_job
from reconciler.controller.objects import decide_external, decide_object, decide_stack
from reconciler.controller.removals import decide_object_removed, decide_removed
from reconciler.controller.services import decide_service
from reconciler.controller.slot import Slot
from reconciler.graph import Graph
from reconciler.model.change import Action
from reconciler.model.observed import Fields
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import ResourceStatus
from reconciler.plan import objects as plan_objects
from reconciler.plan.changes import Asked
from reconciler.plan.planner import fields_of
from reconciler.plan.standing import Standing
from reconciler.plan.view import View
from reconciler.targets.port import Capabilities


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
        self._asked: dict[ResourceKey, Asked] = {}

    def adopt(self, stack: Stack, policy: Policy, graph: Graph) -> None:
        """This is wanted from now on, and this may be done about it."""
        self.stack, self.policy, self.graph = stack, policy, graph
        self._asked.clear()
        self.pulls.clear()

    def slot(self, key: ResourceKey) -> Slot:
        """What is remembered of a resource; made when it is first heard of."""
        slot = self.slots.get(key)
        if slot is None:
            slot = self.slots[key] = Slot(key, simple(key, "progressing", "not looked at yet"))
            slot.moved_ns = self.now_ns
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

    def status_of(self, key: ResourceKey) -> ResourceStatus:
        """The newest status of a resource."""
        return self.slot(key).status

    def asked_of(self, key: ResourceKey) -> Asked:
        """A workload as it is asked for."""
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = Asked(self.stack, key, self.capabilities.in_place)
        return asked

    def standing_of(self, key: ResourceKey) -> Standing:
        """What the records say of a workload."""
        return self.slot(key).standing_for(self.asked_of(key), self.view, ())

    def _context(self, slot: Slot) -> Context:
        return Context(
            self.stack, self.graph, self.view, self.policy, self.capabilities, slot,
            self.now_ns, self.status_of, self.may_delete, self.asked_of, self.standing_of,
            self.pulls,
        )  # fmt: skip

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
            return decide_object(ctx, self.predicted.get(key) or fields_of(self.stack, key))
        return decide_job(ctx) if key.kind == "job" else decide_service(ctx, self._evicting(key))

    def _evicting(self, key: ResourceKey) -> tuple[str, ...]:
        """The networks of a workload that are about to be made anew."""
        made_anew = []
        for need in self.graph.needs[key]:
            found = self.view.objects.get(need) if need.kind == "network" else None
            if found is None:
                continue
            wanted = fields_of(self.stack, need)
            change = plan_objects.object_change(self.stack, need, wanted, found, native=False)
            if change is not None and change.action is Action.REPLACE:
                made_anew.append(need.name)
        return tuple(made_anew)

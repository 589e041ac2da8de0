"""The controller: events and a time in, steps and a wake-up time out.

It opens no socket, starts no thread, reads no clock and draws no random number. Events say
only where to look again; every decision follows from desired state, the newest observation
and the time. One object serves the one-shot command, the daemon and the simulator.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.controller import approval, notices
from reconciler.controller.agenda import Agenda
from reconciler.controller.decision import Decision
from reconciler.controller.desired import desired
from reconciler.controller.desk import Desk
from reconciler.controller.interface import (
    Anew,
    Ended,
    Event,
    Hinted,
    Looked,
    LookFailed,
    Output,
    Perform,
    Policy,
    Redesired,
    Tick,
)
from reconciler.controller.slot import Slot
from reconciler.model.change import Change
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.observed import Observed, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import Notice, ResourceStatus, Verdict
from reconciler.model.step import (
    Outcome,
    PullImage,
    SignalInstance,
    StartInstance,
    Step,
)
from reconciler.model.units import NS_PER_S
from reconciler.plan import objects as plan_objects
from reconciler.plan.planner import wanted_of
from reconciler.plan.standing import newest_fact
from reconciler.plan.stopping import note
from reconciler.plan.view import told_of
from reconciler.targets.port import Capabilities, Predicted, Wanted

POLL_NS = 5 * NS_PER_S  # while something is on its way and no hint comes
RESYNC_NS = 30 * NS_PER_S  # everything, as long as it runs
UNREACHABLE_NS = 60 * NS_PER_S  # a one-shot run gives up on a target that is silent this long
HOPELESS_FAILURES = 6  # as many as make the next delay the longest
RUNNING = Verdict("running")
WHOLE_LOOK = 8  # more resources than this, and half of all, are looked at as a whole


class Controller:
    """Brings what runs to what is wanted, one decision at a time."""

    def __init__(self, stack: Stack, capabilities: Capabilities, policy: Policy) -> None:
        self.capabilities = capabilities
        self._desk = Desk(capabilities)
        self._agenda = Agenda()
        self._event = 0
        self._now_ns = 0
        self._steps: list[Perform] = []
        self._notices: list[Notice] = []
        self._stale: list[Diagnostic] = []
        self._unsettled: set[ResourceKey] = set()
        self._silent_since_ns: int | None = None
        self._look_retry_ns = 0
        self._resync_ns = 0
        self._unreachable = ""
        self._adopt(stack, policy)

    def handle(self, event: Event, now_ns: int) -> Output:
        """Take one event at a time of the target's clock; say what to do now.

        Times never go back. At most one observation is asked for at a time, and at most one
        batch of steps for each resource is under way.
        """
        self._event += 1
        self._now_ns = self._desk.now_ns = max(now_ns, self._now_ns)
        self._steps, self._notices = [], []
        match event:
            case Looked():
                self._looked(event.observed, event.predicted)
            case Ended():
                self._ended(event.step, event.outcome)
            case Hinted():
                self._hinted(event.keys)
            case LookFailed():
                self._look_failed(event)
            case Redesired():
                self._adopt(event.stack, event.policy)
            case Anew():
                self._desk.begin_anew(self._event)
                self._agenda.want_all()
            case Tick():
                pass
        self._ring()
        self._decide_all()
        return Output(
            tuple(self._steps), self._next_look(), self._next_wake(), tuple(self._notices)
        )

    def statuses(self) -> tuple[ResourceStatus, ...]:
        """How every resource is, in the order of kinds and names."""
        shown = (slot.status for slot in self._desk.slots.values())
        kept = [s for s in shown if not self._is_silent(s)]
        return tuple(sorted(kept, key=lambda status: status.key.order))

    def verdict(self) -> Verdict:
        """Where the whole stack stands."""
        if self._stale:
            return Verdict("stale", message="; ".join(d.summary for d in self._stale))
        if self._unreachable:
            return Verdict("failed", message=self._unreachable)
        if not self._checked or self._unsettled:
            return RUNNING
        only = self.policy.only
        judged = [s for s in self.statuses() if only is None or s.key in only]
        bad = tuple(s for s in judged if s.phase not in ("ready", "held") and s.settled)
        if self.policy.follow:
            return Verdict("running", bad)
        held = tuple(s for s in judged if s.phase == "held")
        failed = bad + held
        return Verdict("failed" if failed else "converged", failed)

    @property
    def has_converged(self) -> bool | None:
        """Whether all is as wanted and healthy now, also for a daemon; None: no look yet."""
        if not self._checked or self._unsettled or self._stale:
            return False if self._checked else None
        return all(status.phase == "ready" for status in self.statuses())

    @property
    def stale_findings(self) -> tuple[Diagnostic, ...]:
        """Why what was approved is not what would be done."""
        return tuple(self._stale)

    def wanted(self, scope: Scope) -> tuple[Wanted, ...]:
        """What to preview together with an observation of `scope`; nothing on most targets."""
        if self.capabilities.workloads != "native":
            return ()
        keys = (key for key in self.graph.needs if scope.covers(key))
        return wanted_of(self.stack, keys, native=True)

    # -- events

    def _adopt(self, stack: Stack, policy: Policy) -> None:
        self.stack, self.policy = stack, policy
        found = desired(stack, self.capabilities.in_place)
        self.graph = found.graph
        self._desk.adopt(found, policy)
        self._agenda.levels = self.graph.levels
        self._scope = found.scope
        self._stale, self._checked = [], False
        for key in [*self.graph.needs, plan_objects.stack_key(stack)]:
            self._desk.slot(key)
        for slot in self._desk.slots.values():
            slot.asked_anew()
        self._agenda.want_all()

    def _looked(self, observed: Observed, predicted: Predicted) -> None:
        self._silent_since_ns = None
        whole = observed.scope.keys is None
        self._desk.predicted.update(predicted)
        for key in told_of(observed) if whole else ():
            self._desk.slot(key)
        asked = self._agenda.look_event
        usable: list[ResourceKey] = []
        tainted: list[ResourceKey] = []
        for key in sorted(self._desk.slots if whole else observed.scope.keys or ()):
            (tainted if self._is_tainted(key, asked) else usable).append(key)
        view = self._desk.view
        before = {} if whole or predicted else {key: view.known(key) for key in usable}
        view.take(observed, None if whole and not tainted else usable)
        for key in usable:
            slot = self._desk.slot(key)
            slot.needs_look = False
            if slot.owes_decision or key not in before or before[key] != view.known(key):
                self._agenda.decide(key)
            elif key in self._unsettled:  # as it was: it waits on, and is looked at again
                self._agenda.look_again(key, self._now_ns + POLL_NS)
        for key in tainted:
            self._agenda.want(key)
        if whole:
            self._check_approval(observed)
        self._agenda.looked()

    def _is_tainted(self, key: ResourceKey, asked: int) -> bool:
        """Whether an observation asked for at event `asked` says nothing about `key`.

        It may have begun before the last step on it ended.
        """
        slot = self._desk.slot(key)
        return slot.touched > asked or slot.in_flight > 0

    def _ended(self, step: Step, outcome: Outcome) -> None:
        slot = self._desk.slot(step.key)
        slot.in_flight -= 1
        slot.touched = self._event
        slot.needs_look = slot.owes_decision = True
        self._agenda.want(step.key)
        if outcome.kind == "done":
            slot.succeeded()
            slot.moved_ns = self._now_ns
            self._mark_done(slot, step)
        elif outcome.kind == "terminal" and not isinstance(step, StartInstance):
            self._refused(slot, outcome)
        else:
            slot.failed(outcome, self._now_ns)
        if isinstance(step, PullImage):
            self._pulled(step, outcome)
        self._notices.append(notices.of_end(self._now_ns, step, outcome))

    def _pulled(self, step: PullImage, outcome: Outcome) -> None:
        """Who waited for this image goes on, or tries in its turn."""
        if outcome.kind == "done":
            self._desk.pulls[step.reference] = None
        else:
            self._desk.pulls.pop(step.reference, None)
        for key in self._unsettled:
            self._agenda.decide(key)

    def _refused(self, slot: Slot, outcome: Outcome) -> None:
        """Only a person can help: a run that ends gives up, a daemon tries again each minute."""
        if self.policy.follow:
            slot.failures = max(slot.failures, HOPELESS_FAILURES)
            slot.failed(replace(outcome, kind="retryable"), self._now_ns)
        else:
            slot.given_up = outcome.message
            slot.failed(outcome, self._now_ns)

    def _mark_done(self, slot: Slot, step: Step) -> None:
        if isinstance(step, SignalInstance) and step.id in slot.stops:
            note(slot.stops[step.id], step, self._now_ns)

    def _hinted(self, keys: Collection[ResourceKey]) -> None:
        if not keys:
            self._agenda.want_all()
        for key in keys:
            self._desk.slot(key).needs_look = True
            self._agenda.want(key)

    def _look_failed(self, event: LookFailed) -> None:
        self._agenda.look_failed()
        if self._silent_since_ns is None:
            self._silent_since_ns = self._now_ns
        silent_ns = self._now_ns - self._silent_since_ns
        self._look_retry_ns = self._now_ns + min(max(NS_PER_S, silent_ns), 30 * NS_PER_S)
        self._notices.append(
            Notice(self._now_ns, None, "retry", f"looking again: {event.message}", event.code)
        )
        if silent_ns >= UNREACHABLE_NS and not self.policy.follow:
            self._unreachable = event.message

    def _check_approval(self, observed: Observed) -> None:
        """What may be done: once what was approved, and at each whole look what may go."""
        policy = self.policy
        if not self._checked:
            if policy.approved is not None:
                self._stale = approval.stale_findings(self._desk, observed)
            elif policy.follow and not policy.heals:
                self._permit(approval.changes_now(self._desk, observed))
            for key in sorted(policy.retry):
                facts = self._desk.view.records_of(key)
                self._desk.slot(key).retried_seq = newest_fact(key, facts)
        if policy.approved is None:
            self._desk.may_delete = approval.may_delete(self._desk)
        self._checked = True

    def _permit(self, approved: Mapping[ResourceKey, Change]) -> None:
        self.policy = self._desk.policy = replace(self.policy, approved=approved)

    # -- decisions

    def _ring(self) -> None:
        """Whose time has come is decided again, or looked at again."""
        if self.policy.follow and self._now_ns >= self._resync_ns:
            self._resync_ns = self._now_ns + RESYNC_NS
            self._agenda.want_all()
        for key, look in self._agenda.due(self._now_ns):
            slot = self._desk.slot(key)
            if look:
                slot.needs_look = True
                self._agenda.want(key)
            else:  # after the look, where one is to come first
                self._agenda.decide(key)

    def _decide_all(self) -> None:
        """Decide on everything that has changed, dependencies before dependents."""
        if self._stale or not self._agenda.has_looked:
            return
        while (key := self._agenda.next_decision()) is not None:
            slot = self._desk.slot(key)
            if slot.in_flight or slot.needs_look:
                slot.owes_decision = True
            else:
                self._decide(slot)

    def _decide(self, slot: Slot) -> None:
        decision = self._desk.decide(slot)
        slot.owes_decision = False
        before, slot.status = slot.status, decision.status
        for step in decision.steps:
            slot.in_flight += 1
            slot.touched = self._event
            self._steps.append(Perform(step, self._desk.deadline_ns(step)))
            self._notices.append(notices.of_step(self._now_ns, step))
        self._follow_up(slot, before, decision)

    def _follow_up(self, slot: Slot, before: ResourceStatus, decision: Decision) -> None:
        key, status = slot.key, decision.status
        settled = status.settled and not slot.in_flight
        (self._unsettled.discard if settled else self._unsettled.add)(key)
        look_ns = None if settled or slot.in_flight else self._now_ns + POLL_NS
        if status.phase == "waiting" and decision.wake_at_ns is None and not slot.stops:
            look_ns = None  # nothing happens to it by itself
        self._agenda.wake(key, decision.wake_at_ns, look_ns)
        if (before.meets, before.settled, before.phase) != (
            status.meets, status.settled, status.phase,
        ):  # fmt: skip
            for user in self.graph.dependents.get(key, ()):
                self._agenda.decide(user)
            self._wake_removals(key)
        elif before.instances != status.instances:  # one that is gone holds nothing any more
            self._wake_removals(key)
        if (before.phase, before.message) != (status.phase, status.message):
            self._notices.extend(notices.of_status(self._now_ns, before, status))
        self._use_up(key, status)
        if settled and key not in self.graph.needs and key.kind != "stack":
            self._agenda.decide(plan_objects.stack_key(self.stack))
            there = self._desk.view.keys()
            if key not in there:
                self._forget(key)

    def _use_up(self, key: ResourceKey, status: ResourceStatus) -> None:
        """Where drift is only reported, an approval ends when what it was for is done."""
        policy, approved = self.policy, self.policy.approved
        if policy.heals or not policy.follow or not approved or key not in approved:
            return
        if status.phase in ("ready", "held"):
            self._permit({k: change for k, change in approved.items() if k != key})

    def _forget(self, key: ResourceKey) -> None:
        """It is gone: nothing of it stays, however long this process runs."""
        self._desk.slots.pop(key, None)
        self._desk.predicted.pop(key, None)
        self._agenda.forget(key)

    def _wake_removals(self, key: ResourceKey) -> None:
        """What waits for instances to leave it thinks again when a workload has moved."""
        if key.kind in ("service", "job"):
            for other in self._unsettled:
                if other not in self.graph.needs or other.kind not in ("service", "job"):
                    self._agenda.decide(other)

    # -- what comes next

    def _next_look(self) -> Scope | None:
        agenda = self._agenda
        if agenda.is_looking or not agenda.wants_looks or self._now_ns < self._look_retry_ns:
            return None
        if self._stale or self._unreachable:
            return None
        free = [k for k in agenda.wanted_looks() if not self._desk.slot(k).in_flight]
        many = len(free) > max(WHOLE_LOOK, len(self._desk.slots) // 2)
        if agenda.wants_all or (many and not self._is_busy()):
            agenda.look(self._event, None)
            return self._scope
        if not free:
            return None
        agenda.look(self._event, free)
        workloads = [key for key in free if self.stack.workload(key) is not None]
        images = tuple(sorted({str(self._desk.asked_of(key).fields["image"]) for key in workloads}))
        return Scope(self.stack.name, frozenset(free), images, tuple(free), self._scope.adopt)

    def _is_busy(self) -> bool:
        """Whether a step is under way: a target may answer for what it is about when it ended."""
        return any(slot.in_flight for slot in self._desk.slots.values())

    def _next_wake(self) -> int | None:
        at_ns = self._agenda.next_wake_ns()
        if self.policy.follow:
            at_ns = min(at_ns, self._resync_ns) if at_ns else self._resync_ns
        if self._silent_since_ns is not None and not self._agenda.is_looking:
            at_ns = min(at_ns, self._look_retry_ns) if at_ns else self._look_retry_ns
        return at_ns

    def _is_silent(self, status: ResourceStatus) -> bool:
        """Whether there is nothing to say of it: gone, kept, or the stack's own bookkeeping."""
        key = status.key
        if key.kind == "stack":
            return status.phase == "ready"
        gone = key not in self.graph.needs and status.settled
        return gone and status.phase not in ("pending", "failed")

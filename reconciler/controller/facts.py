"""One service as a decision sees it: instances sorted, records read, stops under way."""

from dataclasses import dataclass
from functools import cached_property

from reconciler.controller.decision import Context, Decision, earliest
from reconciler.controller.slot import Slot
from reconciler.diff.fit import Fit, Template
from reconciler.model.observed import Instance
from reconciler.model.service import Service
from reconciler.model.status import ResourcePhase, ResourceStatus
from reconciler.model.step import RemoveInstance, Step
from reconciler.plan.exchange import Situation
from reconciler.plan.restarting import is_spent, not_before_ns
from reconciler.plan.roster import Roster, roster_of
from reconciler.plan.shape import Shape
from reconciler.plan.standing import Standing
from reconciler.plan.stopping import Stop, next_of


@dataclass
class Facts:
    """One service as this decision sees it. `steps` and `wake_ns` gather what stops ask for."""

    ctx: Context
    service: Service
    shape: Shape
    standing: Standing
    effective: Template
    roster: Roster
    instances: tuple[Instance, ...]
    available: frozenset[str]
    steps: list[Step]
    wake_ns: int | None = None

    @property
    def situation(self) -> Situation:
        """The instances as the rollout rules see them."""
        roster, stops = self.roster, self.ctx.slot.stops
        restarting = (i.ordinal for i in roster.leaving if i.id in stops and stops[i.id].keep)
        return Situation(
            self.shape, roster.current, roster.old, roster.leaving, self.available,
            evict=bool(self.effective.evicting), reserved=frozenset(restarting),
            lingering=sum(_lingers(i, stops.get(i.id)) for i in roster.leaving),
        )  # fmt: skip

    @cached_property
    def loose(self) -> list[Fit]:
        """Current instances with something to change in place."""
        return [f for f in self.roster.current if f.in_place]

    @cached_property
    def is_rollout(self) -> bool:
        """Whether instances have to be made or replaced."""
        made = len(self.roster.current) < self.shape.replicas
        return made or any(f.replacing for f in self.roster.old)

    @cached_property
    def is_done(self) -> bool:
        """Whether every instance is as wanted, available, and alone."""
        roster = self.roster
        settled = not (roster.old or roster.leaving or roster.past or self.loose)
        ready = all(f.instance.id in self.available for f in roster.current)
        return settled and ready and len(roster.current) == self.shape.replicas

    def wake(self, at_ns: int | None) -> None:
        """Come back at this time at the latest."""
        self.wake_ns = earliest(self.wake_ns, at_ns)

    def decide(
        self, phase: ResourcePhase, message: str = "", *steps: Step, settled: bool = False
    ) -> Decision:
        """The answer, with the status that goes with it."""
        all_steps = (*self.steps, *steps)
        status = self._status(phase, message, settled and not all_steps)
        return Decision(status, all_steps, self.wake_ns)

    def _status(self, phase: ResourcePhase, message: str, settled: bool) -> ResourceStatus:
        current = [f.instance for f in self.roster.current]
        serving = sum(f.instance.ready for f in (*self.roster.current, *self.roster.old))
        ready = sum(i.ready for i in current)
        running = sum(i.is_running for i in current)
        met = {"exists"} if current else set()
        whole = len(current) >= self.shape.replicas
        if whole and running >= self.shape.replicas:
            met.add("started")
        least = max(1, self.shape.least_available) if self.shape.replicas else 0
        if whole and ready >= least:
            met |= {"started", "healthy"}
        return ResourceStatus(
            self.ctx.key, phase, message, self.shape.replicas, serving, len(current),
            frozenset(met), settled, self.effective.revision, self.instances,
        )  # fmt: skip


def facts_of(ctx: Context, evicting: tuple[str, ...]) -> Facts:
    """Gather what the rungs look at, and take each stop under way one step further."""
    standing = ctx.slot.standing_for(ctx.asked, ctx.view, evicting)
    facts = _facts(ctx, standing, standing.effective or standing.wanted)
    _go_on_stopping(facts)
    return facts


def _facts(ctx: Context, standing: Standing, effective: Template) -> Facts:
    service, shape = ctx.asked.workload, ctx.asked.shape
    assert isinstance(service, Service)
    slot, instances = ctx.slot, ctx.view.of(ctx.key)
    present = {i.id for i in instances}
    for gone in [full_id for full_id in slot.stops if full_id not in present]:
        del slot.stops[gone]
    for gone in [full_id for full_id in slot.fits if full_id not in present]:
        del slot.fits[gone]
    leaving = {i.id for i in instances if _is_leaving(i, slot)}
    roster = roster_of(effective, instances, shape.replicas, leaving, slot.fit)
    min_ready_ns = service.rollout.min_ready
    facts = Facts(ctx, service, shape, standing, effective, roster, instances, frozenset(), [])
    available = set()
    for one in (*roster.current, *roster.old):
        since_ns = one.instance.ready_since_ns
        if not one.instance.ready or since_ns is None:
            continue
        if ctx.now_ns >= since_ns + min_ready_ns:
            available.add(one.instance.id)
        else:
            facts.wake(since_ns + min_ready_ns)
    facts.available = frozenset(available)
    if facts.is_done:
        slot.lacking_ns = None
    elif slot.lacking_ns is None:
        slot.lacking_ns = ctx.now_ns
    return facts


def _lingers(instance: Instance, stop: Stop | None) -> bool:
    """Whether an instance chosen to go stands as before: neither disarmed nor signalled."""
    if stop is None or not instance.is_running or stop.signalled_ns is not None:
        return False
    return instance.armed


def _is_leaving(instance: Instance, slot: Slot) -> bool:
    stop = slot.stops.get(instance.id)
    if stop is None:
        return False
    # One that stays for its logs is no longer leaving once it has ended: it is the past.
    return not (stop.keep and is_spent(instance))


def _go_on_stopping(facts: Facts) -> None:
    """Take each stop that was begun one step further."""
    if not facts.ctx.policy.act:
        return
    for instance in facts.roster.leaving:
        stop = facts.ctx.slot.stops.get(instance.id)
        if stop is not None:
            stop_further(facts, instance, stop)
    ready = {f.instance.ordinal for f in facts.roster.current if f.instance.ready}
    for past in facts.roster.past:
        blocks = facts.shape.singleton and not facts.roster.current
        if past.ordinal in ready or (blocks and may_follow(facts, past)):
            facts.steps.append(RemoveInstance(facts.ctx.key, past.id))


def stop_further(facts: Facts, instance: Instance, stop: Stop) -> None:
    """Ask for the next step of a stop, or to come back when it is due."""
    following = next_of(instance, stop, facts.ctx.now_ns)
    if following.step is not None:
        facts.steps.append(following.step)
    facts.wake(following.wake_at_ns)


def may_follow(facts: Facts, past: Instance) -> bool:
    """Whether the delay after an ended instance is over; else come back when it is."""
    at_ns = not_before_ns(past, facts.service.restart)
    if facts.ctx.now_ns >= at_ns:
        return True
    facts.wake(at_ns)
    return False

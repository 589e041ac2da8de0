"""One service as a decision sees it: instances sorted, records read, stops under way."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import product
from operator import attrgetter

from reconciler.controller.decision import Context, Decision
from reconciler.controller.muster import Muster, mustered
from reconciler.diff.fit import Fit, Template
from reconciler.model.observed import Instance
from reconciler.model.service import Service
from reconciler.model.status import ResourcePhase, ResourceStatus
from reconciler.model.step import RemoveInstance, Step
from reconciler.plan.exchange import Situation
from reconciler.plan.restarting import may_start_again, not_before_ns
from reconciler.plan.roster import Roster
from reconciler.plan.shape import Shape
from reconciler.plan.standing import Standing
from reconciler.plan.stopping import Stop, next_of

_ordinal_of = attrgetter("ordinal")


@dataclass(slots=True)
class Facts:
    """One service as this decision sees it. `steps` and `wake_ns` gather what stops ask for.

    `instances` are in the order of their ordinals. `loose` are current instances with something to
    change in place, `idle` those that should run and do not. `is_rollout`: instances have to be
    made or replaced. `is_done`: every instance is as wanted, available, and alone.
    """

    ctx: Context
    service: Service
    shape: Shape
    standing: Standing
    effective: Template
    muster: Muster
    instances: tuple[Instance, ...]
    available: frozenset[str]
    loose: tuple[Fit, ...]
    idle: list[Instance]
    is_rollout: bool
    is_done: bool
    steps: list[Step] = field(default_factory=list)
    wake_ns: int | None = None

    @property
    def roster(self) -> Roster:
        """The instances, by what becomes of them."""
        return self.muster.roster

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

    def at(self, ordinal: int) -> tuple[Instance, ...]:
        """The instances of one ordinal, found without a look at all."""
        first = bisect_left(self.instances, ordinal, key=_ordinal_of)
        return self.instances[first : bisect_right(self.instances, ordinal, first, key=_ordinal_of)]

    def wake(self, at_ns: int | None) -> None:
        """Come back at this time at the latest."""
        if at_ns is not None and (self.wake_ns is None or at_ns < self.wake_ns):
            self.wake_ns = at_ns

    def decide(
        self, phase: ResourcePhase, message: str = "", *steps: Step, settled: bool = False
    ) -> Decision:
        """The answer, with the status that goes with it."""
        all_steps = (*self.steps, *steps)
        status = self._status(phase, message, settled and not all_steps)
        return Decision(status, all_steps, self.wake_ns)

    def _status(self, phase: ResourcePhase, message: str, settled: bool) -> ResourceStatus:
        current, shape, muster = self.roster.current, self.shape, self.muster
        ready, running = muster.current_ready, muster.current_running
        serving = ready + muster.old_ready
        whole = len(current) >= shape.replicas
        least = max(1, shape.least_available) if shape.replicas else 0
        healthy = whole and ready >= least
        started = healthy or (whole and running >= shape.replicas)
        return ResourceStatus(
            self.ctx.key, phase, message, shape.replicas, serving, len(current),
            _MET[bool(current), started, healthy], settled, self.effective.revision,
            self.instances,
        )  # fmt: skip


_CONDITIONS = ("exists", "started", "healthy")
# (it exists, has started, is healthy) → the conditions that hold
_MET = {
    held: frozenset(name for name, is_met in zip(_CONDITIONS, held, strict=True) if is_met)
    for held in product((False, True), repeat=len(_CONDITIONS))
}


def facts_of(ctx: Context, evicting: tuple[str, ...]) -> Facts:
    """Gather what the rungs look at, and take each stop under way one step further."""
    standing = ctx.slot.standing_for(ctx.asked, ctx.view, evicting)
    facts = _facts(ctx, standing, standing.effective or standing.wanted)
    _go_on_stopping(facts)
    return facts


def _facts(ctx: Context, standing: Standing, effective: Template) -> Facts:
    asked, slot, instances = ctx.asked, ctx.slot, ctx.view.of(ctx.key)
    service, shape = asked.workload, asked.shape
    assert isinstance(service, Service)
    slot.forget_all_but(instances)
    leaving = slot.leaving(instances)
    muster = mustered(effective, instances, shape.replicas, leaving, slot.fit, slot.stretches)
    slot.stretches, roster = muster.stretches, muster.roster
    current, old, loose = roster.current, roster.old, muster.loose
    available, wake_ns = muster.available(service.rollout.min_ready, ctx.now_ns)
    made = len(current) < shape.replicas
    facts = Facts(
        ctx, service, shape, standing, effective, muster, instances, available,
        loose=loose,
        idle=[f.instance for f in muster.stirring if may_start_again(f.instance)],
        is_rollout=made or muster.is_replacing,
        is_done=not (loose or old or roster.leaving or roster.past)
        and len(available) == len(current) == shape.replicas,
        wake_ns=wake_ns,
    )  # fmt: skip
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


def _go_on_stopping(facts: Facts) -> None:
    """Take each stop that was begun one step further."""
    if not facts.ctx.policy.act:
        return
    for instance in facts.roster.leaving:
        stop = facts.ctx.slot.stops.get(instance.id)
        if stop is not None:
            stop_further(facts, instance, stop)
    if not facts.roster.past:
        return
    ready = {f.instance.ordinal for f in facts.roster.current if f.instance.ready}
    for past in facts.roster.past:
        blocks = facts.shape.singleton and not facts.roster.current
        if past.ordinal in ready or (blocks and may_follow(facts, past)):
            facts.steps.append(RemoveInstance(facts.ctx.key, past.id))


def stop_further(facts: Facts, instance: Instance, stop: Stop) -> None:
    """Ask for the next step of a stop, or to come back when it is due."""
    following = next_of(instance, stop, facts.ctx.now_ns, facts.effective.fields)
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

"""What a decision about one resource may look at, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.controller.interface import Policy
from reconciler.controller.slot import Slot
from reconciler.graph import Graph
from reconciler.model.change import Action
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import ResourcePhase, ResourceStatus
from reconciler.model.step import Step
from reconciler.model.units import NS_PER_S, format_duration
from reconciler.plan.changes import Asked
from reconciler.plan.findings import absent_image
from reconciler.plan.objects import remembered
from reconciler.plan.shutdown import Ending
from reconciler.plan.standing import Standing
from reconciler.plan.view import View
from reconciler.targets.port import Capabilities

# How long calls may do nothing but fail, where nothing else bounds it.
HOPE_NS = 600 * NS_PER_S
NOTHING_MET: frozenset[str] = frozenset()


@dataclass(slots=True)
class Underway:
    """A shutdown, as far as this process has seen it; all of it can be lost.

    It `began_ns`, was still `busy_ns` with workloads, and has drained what it had to.
    """

    ending: Ending
    began_ns: int
    busy_ns: int
    has_drained: bool = False


@dataclass(slots=True)
class Context:
    """Everything a decision follows from. `status_of` is the newest status of another key.

    `pulls` tells who is fetching an image; None once that is done.
    """

    stack: Stack
    graph: Graph
    view: View
    policy: Policy
    capabilities: Capabilities
    slot: Slot
    now_ns: int
    status_of: Callable[[ResourceKey], ResourceStatus]
    may_delete: bool
    asked_of: Callable[[ResourceKey], Asked]
    standing_of: Callable[[ResourceKey], Standing]
    pulls: dict[str, ResourceKey | None]
    underway: Underway | None = None

    @property
    def asked(self) -> Asked:
        """The workload decided on, as it is asked for."""
        return self.asked_of(self.key)

    @property
    def key(self) -> ResourceKey:
        """The resource decided on."""
        return self.slot.key

    def is_approved(self, revisions: tuple[str, ...], replicas: int) -> bool:
        """Whether a change to one of these revisions, and this count, was agreed to."""
        if not self.policy.act:
            return False
        if self.policy.approved is None:
            return True
        change = self.policy.approved.get(self.key)
        if change is None or change.action is Action.DELETE:
            return False
        return change.to_revision in revisions and change.to_replicas == replicas

    def is_removal_approved(self, key: ResourceKey | None = None) -> bool:
        """Whether a resource may go; without `key` the one decided on."""
        key = key or self.key
        if not self.policy.act:
            return False
        if self.policy.approved is None:
            return self.may_delete and not self.is_protected(key)
        change = self.policy.approved.get(key)
        return change is not None and change.action is Action.DELETE

    def pull_turn(self, image: str) -> Literal["ours", "another's", "done"]:
        """Who fetches an image that is not there: one of all that wait for it, once in a run.

        While the delay after a failed call lasts, nobody's turn is taken.
        """
        holder = self.pulls.get(image, self.key)
        if holder is None:
            return "done"
        if self.now_ns >= self.slot.retry_ns:
            self.pulls[image] = holder
        return "ours" if holder == self.key else "another's"

    def is_protected(self, key: ResourceKey | None = None) -> bool:
        """Whether it may be neither removed nor replaced, now or by what is remembered."""
        key = key or self.key
        found = self.stack.declaration(key)
        if found is not None:
            return found.protect
        return str(key) in remembered(self.stack, self.view)["protected"]

    def unmet(self) -> tuple[ResourceKey, str] | None:
        """The first thing waited for, and the condition it does not meet."""
        needs, only = self.graph.needs.get(self.key, {}), self.policy.only
        for need in needs:
            if only is not None and need not in only:
                continue  # how others are decides nothing
            if needs[need] not in self.status_of(need).meets:
                return need, needs[need]
        return None


@dataclass(frozen=True, slots=True)
class Decision:
    """How the resource is, the steps to take now, and when to think again."""

    status: ResourceStatus
    steps: tuple[Step, ...] = ()
    wake_at_ns: int | None = None


def tempered(decision: Decision, slot: Slot, now_ns: int) -> Decision:
    """The decision, as far as earlier answers allow it.

    Whichever rule asks for calls: none while the delay after a failed one lasts, which is
    then what the status says, and none at all in this run once an answer said that only a
    person can help.
    """
    if not decision.steps:
        return decision
    if slot.given_up:
        status = replace(decision.status, phase="failed", message=slot.given_up, settled=True)
        return Decision(status)
    if now_ns >= slot.retry_ns:
        return decision
    status, trouble = decision.status, slot.trouble
    if trouble is not None and status.phase in ("progressing", "removing"):
        status = replace(status, message=f"will try again: {trouble.message}")
    return Decision(status, wake_at_ns=earliest(decision.wake_at_ns, slot.retry_ns))


def explained(decision: Decision, slot: Slot) -> Decision:
    """The decision with the code and the hint of the answer that it tells of."""
    status, trouble = decision.status, slot.trouble
    if trouble is None or not trouble.message or trouble.message not in status.message:
        return decision
    return replace(decision, status=replace(status, code=trouble.code, hint=trouble.hint))


def ended(decision: Decision, slot: Slot, now_ns: int) -> Decision:
    """The decision of a run that has to end: calls that only fail are not made for ever."""
    since_ns, trouble = slot.failing_ns, slot.trouble
    if since_ns is None or trouble is None or decision.status.settled:
        return decision
    if now_ns < since_ns + HOPE_NS:
        return replace(decision, wake_at_ns=earliest(decision.wake_at_ns, since_ns + HOPE_NS))
    text = f"still failing after {format_duration(HOPE_NS)}: {trouble.message}"
    return Decision(replace(decision.status, phase="failed", message=text, settled=True))


def simple(
    key: ResourceKey,
    phase: ResourcePhase,
    message: str = "",
    *,
    settled: bool = False,
    meets: frozenset[str] = NOTHING_MET,
) -> ResourceStatus:
    """The status of something that has no instances."""
    return ResourceStatus(key, phase, message, settled=settled, meets=meets)


def absent(ctx: Context, standing: Standing, decision: Decision) -> Decision:
    """The decision about what is not there, with the reason as far as it can be told."""
    status, why = decision.status, [decision.status.message]
    last, image = standing.last, absent_image(ctx.asked, standing)
    if last is not None and last.outcome == "failed" and last.reason:
        why.append(f"revision {last.revision} failed: {last.reason}")
    if image is None:
        return replace(decision, status=replace(status, message="; ".join(why)))
    why.append(image.summary.removeprefix(f"{ctx.key}: "))
    text = "; ".join(why)
    return replace(decision, status=replace(status, message=text, code=image.code, hint=image.hint))


def waiting(ctx: Context, need: ResourceKey, condition: str) -> tuple[str, bool]:
    """(why it waits, whether that is for good because the other has failed)."""
    other = ctx.status_of(need)
    hopeless = other.settled and other.phase not in ("ready", "held")
    if other.settled and condition not in other.meets:
        hopeless = True
    if hopeless:
        return f"waits for {need}, which is {other.phase}", True
    wanted = "there" if condition == "exists" else condition
    return f"waits until {need} is {wanted}", False


def earliest(*times_ns: int | None) -> int | None:
    """The first of the times that are given."""
    return min((t for t in times_ns if t is not None), default=None)

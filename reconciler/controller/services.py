"""What to do about one service on a target of instances: an ordered ladder of rules.

Each rung looks at the same facts (`Facts`) and either has the answer or passes on. What is
being stopped goes on being stopped whichever rung answers.
"""

from collections.abc import Callable

from reconciler.controller.decision import Context, Decision, absent, waiting
from reconciler.controller.facts import Facts, facts_of, may_follow, stop_further
from reconciler.model.noun import listed
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    CreateInstance,
    DropRecord,
    PullImage,
    RouteInstance,
    StartInstance,
    Step,
    UpdateInstance,
    WriteRecord,
)
from reconciler.model.units import NS_PER_S, format_duration
from reconciler.plan.changes import pulls
from reconciler.plan.exchange import Exchange, exchange
from reconciler.plan.naming import instance_name
from reconciler.plan.progress import progress_ns
from reconciler.plan.restarting import is_exhausted, may_start_again, streak_after
from reconciler.plan.standing import fact, surplus_facts
from reconciler.plan.stopping import Stop

# How long a good service that is not ready is waited for, when nothing can be done about it.
SETTLE_NS = 60 * NS_PER_S


def decide_service(ctx: Context, evicting: tuple[str, ...]) -> Decision:
    """The next steps of one service, and how it is."""
    facts = facts_of(ctx, evicting)
    if facts.is_done:
        ctx.slot.rewritten = frozenset()
    for rung in LADDER:
        found = rung(facts)
        if found is not None:
            return found
    raise AssertionError("the last rung always answers")


def _paused(facts: Facts) -> Decision | None:
    """The wanted revision has failed and there is nothing to go back to, or not to be."""
    if facts.standing.effective is not None:
        return None
    failed = facts.standing.failed
    assert failed is not None
    return facts.decide(
        "failed", f"revision {failed.revision} failed: {failed.reason}", settled=True
    )


def _gave_up(facts: Facts) -> Decision | None:
    """Something that only a person can mend stood in the way in this run."""
    if not facts.ctx.slot.given_up:
        return None
    return facts.decide("failed", facts.ctx.slot.given_up, settled=True)


def _unapproved(facts: Facts) -> Decision | None:
    """It differs, and nobody has agreed to change that."""
    if not (facts.is_rollout or facts.roster.old or facts.loose or facts.idle):
        return None
    replaced = facts.muster.is_replacing
    if facts.ctx.policy.act and replaced and facts.ctx.is_protected():
        text = f"protected, and would be replaced: {_differing(facts)}"
        return facts.decide("pending", text, settled=True)
    revisions = (facts.standing.wanted.revision, facts.effective.revision)
    if facts.ctx.is_approved(revisions, facts.shape.replicas):
        return None
    if facts.ctx.policy.act and _restarts_only(facts):
        return None
    if not facts.instances:
        return absent(facts.ctx, facts.standing, facts.decide("absent", "not there", settled=True))
    return facts.decide(
        "pending", f"differs from what is wanted: {_differing(facts)}", settled=True
    )


def _differing(facts: Facts) -> str:
    """The fields that differ, or what else does."""
    fits = (*facts.roster.old, *facts.roster.current)
    paths = sorted({d.path for f in fits for d in (*f.replacing, *f.in_place)})
    if not paths:
        return f"{len(facts.roster.current)} of {facts.shape.replicas} instances are as wanted"
    return listed([*paths[:3], *([f"{len(paths) - 3} more"] if len(paths) > 3 else [])])


def _restarts_only(facts: Facts) -> bool:
    """Whether all that is missing is what the declared restart policy brings back."""
    roster = facts.roster
    if roster.old or facts.loose:
        return False
    have = {f.instance.ordinal for f in roster.current} | {i.ordinal for i in roster.past}
    return len(have | {i.ordinal for i in roster.leaving}) >= facts.shape.replicas


def _disputed(facts: Facts) -> Decision | None:
    """Another actor changed what was made as wanted: it is set right, later each time."""
    found: dict[str, str] = {f.instance.id: f.in_place[0].path for f in facts.loose}
    slot, effective = facts.ctx.slot, facts.effective
    if slot.trouble is not None:
        return None  # nothing has been set right that could have been changed again
    for one in facts.roster.old if not effective.evicting else ():
        if one.instance.revision != effective.revision:
            continue
        paths = [d.path for d in one.replacing if d.path != "image.id"]
        if paths:
            found[one.instance.id] = paths[0]
    at_ns = slot.set_right_ns(frozenset(found), facts.ctx.now_ns)
    if facts.ctx.now_ns >= at_ns:
        return None
    facts.wake(at_ns)
    text = f"another actor changes {min(found.values())}: {slot.disputes} times so far, set right"
    return facts.decide("degraded", f"{text} after {format_duration(at_ns - slot.disputed_ns)}")


def _too_late(facts: Facts) -> Decision | None:
    """No progress for longer than the deadline: this revision has failed."""
    slot, standing, now_ns = facts.ctx.slot, facts.standing, facts.ctx.now_ns
    on_trial = standing.is_candidate_noted and not standing.is_good_noted
    if facts.is_done:
        return None
    if slot.trouble is not None and slot.trouble.kind == "retryable":
        return _hindered(facts)
    if facts.is_rollout and not on_trial and not standing.is_rolled_back:
        return None
    if not (on_trial or standing.is_rolled_back or standing.is_good_noted):
        return None  # its trial has yet to begin
    # Neither a process that was killed nor calls that failed for a time used up any of it.
    lacking_ns = max(slot.lacking_ns or 0, slot.hindered_ns)
    if on_trial or standing.is_rolled_back:
        began_ns, most_ns = max(standing.began_ns, lacking_ns), facts.service.rollout.deadline
    elif _can_mend(facts):
        began_ns, most_ns = max(slot.moved_ns, lacking_ns), facts.service.rollout.deadline
    else:  # good before, and nothing to be done about it but to wait a little
        began_ns = max(slot.moved_ns, lacking_ns)
        most_ns = min(SETTLE_NS, facts.service.rollout.deadline)
    late_ns = progress_ns(facts.roster, began_ns, facts.muster.arrived_ns) + most_ns
    if now_ns < late_ns:
        facts.wake(late_ns)
        return None
    within = format_duration(most_ns)
    return _fail(facts, f"not healthy within {within}: {_why_unready(facts)}")


def _hindered(facts: Facts) -> Decision | None:
    """Calls fail that may go well later: no fault of the revision, but a run has to end."""
    slot, deadline_ns = facts.ctx.slot, facts.service.rollout.deadline
    assert slot.trouble is not None
    late_ns = (slot.lacking_ns or facts.ctx.now_ns) + deadline_ns
    if facts.ctx.policy.follow:
        return None
    if facts.ctx.now_ns < late_ns:
        facts.wake(late_ns)
        return None
    text = f"still failing after {format_duration(deadline_ns)}: {slot.trouble.message}"
    return facts.decide("failed", text, settled=True)


def _can_mend(facts: Facts) -> bool:
    """Whether something is left to do about what is not healthy."""
    roster = facts.roster
    if roster.old or roster.leaving or facts.loose or facts.idle:
        return True
    return facts.ctx.policy.restarts and any(
        f.instance.is_running and not f.instance.live for f in facts.muster.stirring
    )


def _fail(facts: Facts, reason: str) -> Decision:
    """Note the failure of a revision on trial; one that was good before is only degraded."""
    standing, ctx = facts.standing, facts.ctx
    if standing.is_candidate_noted and not standing.is_good_noted and ctx.policy.act:
        noted = fact(
            standing, "failed", ctx.now_ns, ctx.view.records_of(ctx.key),
            reason=reason, commit=ctx.policy.commit,
        )  # fmt: skip
        return facts.decide("failed", reason, WriteRecord(ctx.key, noted))
    if standing.is_rolled_back:
        reason = f"the rollback to {facts.effective.revision} {reason}"
        return facts.decide("failed", reason, settled=True)
    return facts.decide("degraded", reason, settled=True)


def _doomed(facts: Facts) -> Decision | None:
    """A call said that this revision cannot run, or it was restarted too often."""
    trouble = facts.ctx.slot.trouble
    if trouble is not None and trouble.kind == "terminal":
        return _fail(facts, trouble.message)
    for one in facts.muster.stirring:
        instance = one.instance
        if instance.has_ended and not may_start_again(instance):
            code = f"ended with exit code {instance.exit_code}"
            return _fail(facts, f"{instance.name} {code}, and is not restarted")
    for past in facts.roster.past:
        if any(f.instance.ordinal == past.ordinal for f in facts.roster.current):
            continue
        if is_exhausted(past, facts.service.restart):
            most = facts.service.restart.most
            why = f": {past.message}" if past.message else ""
            return _fail(facts, f"unhealthy again after {most} replacements{why}")
    return None


def _backing_off(facts: Facts) -> Decision | None:
    """The last call failed: not before its delay is over."""
    slot = facts.ctx.slot
    if facts.ctx.now_ns >= slot.retry_ns:
        return None
    facts.wake(slot.retry_ns)
    assert slot.trouble is not None
    facts.steps.clear()
    return facts.decide("progressing", f"will try again: {slot.trouble.message}")


def _gated(facts: Facts) -> Decision | None:
    """What it depends on is not as it must be: nothing new starts."""
    if not facts.is_rollout and not facts.idle:
        return None
    unmet = facts.ctx.unmet()
    if unmet is None:
        return None
    if facts.effective.evicting and facts.roster.old:
        return _exchanged(facts, exchange(facts.situation))
    facts.ctx.slot.lacking_ns = facts.ctx.now_ns  # waiting for others is not its own lateness
    message, hopeless = waiting(facts.ctx, *unmet)
    return facts.decide("waiting", message, settled=hopeless)


def _prepared(facts: Facts) -> Decision | None:
    """Before anything is touched: the image is there, and the try is on record."""
    ctx, standing = facts.ctx, facts.standing
    if len(facts.roster.current) < facts.shape.replicas and pulls(facts.service, facts.effective):
        image = facts.effective.image
        turn = ctx.pull_turn(image)
        if turn == "ours":
            return facts.decide("progressing", "pulling", PullImage(ctx.key, image))
        if turn == "another's":
            return facts.decide("progressing", f"waits until {image} is pulled")
    if standing.is_rolled_back or standing.is_candidate_noted:
        return None
    records = ctx.view.records_of(ctx.key)
    noted = fact(standing, "candidate", ctx.now_ns, records, commit=ctx.policy.commit)
    return facts.decide("progressing", "noting the revision", WriteRecord(ctx.key, noted))


def _unhealthy(facts: Facts) -> Decision | None:
    """What is unhealthy is replaced; it stays, ended, until its successor is ready."""
    if not facts.ctx.policy.restarts or facts.service.restart.policy == "never":
        return None
    sick = [f.instance for f in facts.muster.stirring if not f.instance.live]
    sick = [i for i in sick if i.is_running]
    for instance in sick:
        stop = facts.ctx.slot.stops[instance.id] = Stop(facts.ctx.now_ns, keep=True)
        stop_further(facts, instance, stop)
    if not sick:
        return None
    return facts.decide("progressing", f"replacing {sick[0].name}: {sick[0].message}")


def _mended(facts: Facts) -> Decision | None:
    """What can change in place changes; what should run is started."""
    key, slot = facts.ctx.key, facts.ctx.slot
    # What is still not right after this was changed again, however soon it is looked at.
    if facts.loose:
        slot.rewritten -= {f.instance.id for f in facts.loose}
    steps: list[Step] = [
        UpdateInstance(key, f.instance.id, {d.path: d.new for d in f.in_place}) for f in facts.loose
    ]
    steps += [StartInstance(key, instance.id) for instance in facts.idle]
    # One that was to go and stays after all gets sessions again.
    steps += [
        RouteInstance(key, f.instance.id, "ready")
        for f in facts.roster.current
        if f.instance.draining_since_ns is not None and f.instance.is_running
    ]
    return facts.decide("progressing", "starting", *steps) if steps else None


def _rolled(facts: Facts) -> Decision | None:
    """The next exchange of old for new."""
    found = exchange(facts.situation)
    if not found.create and not found.stop:
        return None
    return _exchanged(facts, found)


def _exchanged(facts: Facts, found: Exchange) -> Decision:
    ctx = facts.ctx
    for instance in found.stop:
        stop = ctx.slot.stops[instance.id] = Stop(ctx.now_ns)
        stop_further(facts, instance, stop)
    created = [step for o in found.create if (step := _creation(facts, o)) is not None]
    message = found.rule if found.stop or created else "waits before the next try"
    return facts.decide("progressing", message, *created)


def _creation(facts: Facts, ordinal: int) -> Step | None:
    """The new instance at an ordinal, unless its predecessor's delay is not over."""
    ctx, effective = facts.ctx, facts.effective
    past = [i for i in facts.roster.past if i.ordinal == ordinal]
    if any(not may_follow(facts, i) for i in past):
        return None
    if facts.shape.singleton and facts.instances:
        return None
    before = [i.attempt for i in facts.at(ordinal) if i.revision == effective.revision]
    attempt = 1 + max(before, default=0)
    fields = dict(effective.for_ordinal(ordinal))
    if effective.pinned and effective.image_id:
        fields["image.id"] = effective.image_id
    return CreateInstance(
        ctx.key,
        instance_name(ctx.stack.name, ctx.key, ordinal, effective.revision, attempt,
                      singleton=facts.shape.singleton),
        ordinal,
        effective.revision,
        attempt,
        fields,
        streak=max((streak_after(i, facts.service.restart.backoff) for i in past), default=0),
        depends=tuple(sorted(str(need) for need in _workloads(ctx))),
    )  # fmt: skip


def _workloads(ctx: Context) -> list[ResourceKey]:
    needs = ctx.graph.needs.get(ctx.key, {})
    return [need for need in needs if need.kind in ("service", "job")]


def _finished(facts: Facts) -> Decision | None:
    """Everything is as wanted: note that the revision is good, once."""
    if not facts.is_done or facts.steps:
        return None
    ctx, standing = facts.ctx, facts.standing
    if standing.is_rolled_back:
        assert standing.failed is not None
        failed = standing.failed
        text = (
            f"revision {failed.revision} failed: {failed.reason}; {facts.effective.revision} runs"
        )
        return facts.decide("held", text, settled=True)
    records = ctx.view.records_of(ctx.key)
    if not standing.is_good_noted and ctx.policy.act:
        noted = fact(standing, "good", ctx.now_ns, records, commit=ctx.policy.commit)
        return facts.decide("progressing", "noting success", WriteRecord(ctx.key, noted))
    surplus = [DropRecord(ctx.key, record) for record in surplus_facts(ctx.key, records)]
    if surplus and ctx.policy.act:
        return facts.decide("progressing", "forgetting old revisions", *surplus)
    return facts.decide("ready", settled=True)


def _only_looking(facts: Facts) -> Decision | None:
    """Nothing may be done: say how it is."""
    if facts.ctx.policy.act:
        return None
    return facts.decide("degraded", _why_unready(facts), settled=True)


def _unready(facts: Facts) -> Decision:
    """Nothing to do but wait for health."""
    return facts.decide("progressing", _why_unready(facts))


def _why_unready(facts: Facts) -> str:
    for one in (*facts.roster.current, *facts.roster.old):
        if one.instance.id not in facts.available:
            state = "not ready" if one.instance.phase == "running" else one.instance.phase
            return one.instance.message or f"{one.instance.name} is {state}"
    for instance in facts.roster.leaving:
        return f"{instance.name} is stopping"
    trouble = facts.ctx.slot.trouble
    return trouble.message if trouble else "instances are missing"


Rung = Callable[[Facts], Decision | None]

LADDER: tuple[Rung, ...] = (
    _gave_up,
    _paused,
    _unapproved,
    _finished,
    _only_looking,
    _doomed,
    _gated,
    _disputed,
    _too_late,
    _backing_off,
    _prepared,
    _unhealthy,
    _mended,
    _rolled,
    _unready,
)

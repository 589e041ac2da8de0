"""What to do about one job: it runs to its end once for each revision."""

from reconciler.controller.decision import Context, Decision, absent, earliest, waiting
from reconciler.model.observed import Instance
from reconciler.model.service import Job
from reconciler.model.status import ResourcePhase, ResourceStatus
from reconciler.model.step import (
    CreateInstance,
    DropRecord,
    PullImage,
    RemoveInstance,
    StartInstance,
    Step,
    WriteRecord,
)
from reconciler.model.units import NS_PER_S, format_duration
from reconciler.plan.changes import pulls
from reconciler.plan.naming import instance_name
from reconciler.plan.standing import Standing, fact, surplus_facts
from reconciler.plan.stopping import Stop, next_of

DONE = frozenset({"exists", "completed"})
FIRST_RETRY_NS = 10 * NS_PER_S


def decide_job(ctx: Context) -> Decision:
    """The next step of one job, and how it is."""
    job = ctx.stack.declared.jobs[ctx.key.name]
    standing = ctx.slot.standing_for(ctx.asked, ctx.view, ())
    own = [i for i in ctx.view.of(ctx.key) if i.revision == standing.wanted.revision]
    others = [i for i in ctx.view.of(ctx.key) if i.revision != standing.wanted.revision]
    if standing.is_good_noted:
        return _tidied(ctx, own, others)
    if standing.effective is None:
        assert standing.failed is not None
        return _status(ctx, "failed", standing.failed.reason, own, settled=True)
    if ctx.slot.given_up:
        return _status(ctx, "failed", ctx.slot.given_up, own, settled=True)
    if not ctx.is_approved((standing.wanted.revision,), 1):
        phase: ResourcePhase = "pending" if own else "absent"
        return absent(ctx, standing, _status(ctx, phase, "has not run", own, settled=True))
    return _run(ctx, job, standing, own)


def _run(ctx: Context, job: Job, standing: Standing, own: list[Instance]) -> Decision:
    newest = max(own, key=lambda i: i.attempt, default=None)
    if newest is None or (newest.has_ended and newest.exit_code != 0):
        return _next_try(ctx, job, standing, own, newest)
    if newest.phase == "created":
        return _gated(ctx, job, own) or _status(
            ctx, "progressing", "starting", own, StartInstance(ctx.key, newest.id)
        )
    if newest.has_ended:
        records = ctx.view.records_of(ctx.key)
        noted = fact(standing, "good", ctx.now_ns, records, commit=ctx.policy.commit)
        return _status(ctx, "progressing", "completed", own, WriteRecord(ctx.key, noted))
    steps, wake_ns = _awaited(ctx, job, newest)
    text = "running"
    if newest.id in ctx.slot.stops:
        text = f"still running after {format_duration(job.deadline)}: stopping it"
    return _status(ctx, "progressing", text, own, *steps, wake_ns=wake_ns)


def _awaited(ctx: Context, job: Job, run: Instance) -> tuple[list[Step], int | None]:
    """(what ends a run that is late, when to look at it next): it has until its deadline."""
    late_ns = (run.started_at_ns or ctx.now_ns) + job.deadline
    if ctx.now_ns < late_ns:
        return [], late_ns
    stop = ctx.slot.stops.setdefault(run.id, Stop(ctx.now_ns, keep=True))
    following = next_of(run, stop, ctx.now_ns)
    return [following.step] if following.step else [], following.wake_at_ns


def _next_try(
    ctx: Context, job: Job, standing: Standing, own: list[Instance], failed: Instance | None
) -> Decision:
    records = ctx.view.records_of(ctx.key)
    tries = _tries(standing, own)
    if failed is not None and tries > job.retries:
        reason = failed.message or f"ended with exit code {failed.exit_code}"
        noted = fact(standing, "failed", ctx.now_ns, records, reason=reason,
                     commit=ctx.policy.commit)  # fmt: skip
        return _status(ctx, "failed", reason, own, WriteRecord(ctx.key, noted))
    if failed is not None and tries:
        at_ns = (failed.finished_at_ns or 0) + (FIRST_RETRY_NS << (tries - 1))
        if ctx.now_ns < at_ns:
            return _status(ctx, "progressing", "waits before the next try", own, wake_ns=at_ns)
    gated = _gated(ctx, job, own)
    if gated is not None:
        return gated
    wanted = standing.wanted
    turn = ctx.pull_turn(wanted.image) if pulls(job, wanted) else "done"
    if turn == "ours":
        return _status(ctx, "progressing", "pulling", own, PullImage(ctx.key, wanted.image))
    if turn == "another's":
        return _status(ctx, "progressing", f"waits until {wanted.image} is pulled", own)
    if not standing.is_candidate_noted:
        noted = fact(standing, "candidate", ctx.now_ns, records, commit=ctx.policy.commit)
        return _status(ctx, "progressing", "noting the revision", own, WriteRecord(ctx.key, noted))
    attempt = 1 + (failed.attempt if failed else 0)
    name = instance_name(ctx.stack.name, ctx.key, 0, wanted.revision, attempt, singleton=False)
    needs = ctx.graph.needs.get(ctx.key, {})
    depends = tuple(sorted(str(n) for n in needs if n.kind in ("service", "job")))
    step = CreateInstance(
        ctx.key, name, 0, wanted.revision, attempt, wanted.fields, depends=depends
    )
    return _status(ctx, "progressing", "creating", own, step)


def _tries(standing: Standing, own: list[Instance]) -> int:
    """How often it was tried since its revision last counted as failed."""
    failures = [
        fact.when_ns
        for fact in standing.facts
        if fact.revision == standing.wanted.revision and fact.outcome == "failed"
    ]
    since_ns = max(failures, default=0)
    return sum(i.created_at_ns >= since_ns for i in own)


def _gated(ctx: Context, job: Job, own: list[Instance]) -> Decision | None:
    """What it needs is not as it has to be: perhaps for a run of before, which still goes on."""
    unmet = ctx.unmet()
    if unmet is None:
        return None
    message, hopeless = waiting(ctx, *unmet)
    steps: list[Step] = []
    wake_ns: int | None = None
    for run in ctx.view.of(ctx.key):
        if run.is_running:
            late, at_ns = _awaited(ctx, job, run)
            steps, wake_ns = [*steps, *late], earliest(wake_ns, at_ns)
    return _status(
        ctx, "waiting", message, own, *steps, settled=hopeless and not steps, wake_ns=wake_ns
    )


def _tidied(ctx: Context, own: list[Instance], others: list[Instance]) -> Decision:
    """Done. What is left of earlier revisions and tries goes; the last run stays for its logs."""
    records = ctx.view.records_of(ctx.key)
    steps: list[Step] = []
    wake_ns: int | None = None
    surplus = [*others, *sorted(own, key=lambda i: i.attempt)[:-1]]
    for instance in surplus:
        if not instance.is_running:
            steps.append(RemoveInstance(ctx.key, instance.id))
            continue
        stop = ctx.slot.stops.setdefault(instance.id, Stop(ctx.now_ns))
        following = next_of(instance, stop, ctx.now_ns)
        steps += [following.step] if following.step else []
        wake_ns = earliest(wake_ns, following.wake_at_ns)
    steps += [DropRecord(ctx.key, record) for record in surplus_facts(ctx.key, records)]
    if steps and ctx.policy.approved is not None and ctx.key not in ctx.policy.approved:
        steps = []
    if not ctx.policy.act or not (steps or wake_ns):
        return _status(ctx, "ready", "completed", own, settled=True)
    return _status(ctx, "progressing", "removing earlier runs", own, *steps, wake_ns=wake_ns)


def _status(
    ctx: Context,
    phase: ResourcePhase,
    message: str,
    own: list[Instance],
    *steps: Step,
    settled: bool = False,
    wake_ns: int | None = None,
) -> Decision:
    done = phase == "ready" or message == "removing earlier runs"
    status = ResourceStatus(
        ctx.key, phase, message, 1, int(done), int(bool(own)), DONE if done else frozenset(),
        settled, own[-1].revision if own else "", ctx.view.of(ctx.key),
    )  # fmt: skip
    return Decision(status, steps, wake_ns)

"""Lines of progress: what is done, how it ended, how a resource is now."""

from collections.abc import Iterator

from reconciler.model.status import Notice, NoticeKind, ResourceStatus
from reconciler.model.step import (
    ApplyObject,
    CreateInstance,
    DeleteObject,
    DropRecord,
    Outcome,
    PullImage,
    RouteInstance,
    SignalInstance,
    StartInstance,
    Step,
    UpdateInstance,
    WriteRecord,
)


def of_step(now_ns: int, step: Step) -> Notice:
    """A step begins."""
    return Notice(now_ns, step.key, "step", describe(step))


def of_end(now_ns: int, step: Step, outcome: Outcome) -> Notice:
    """A step ended."""
    kinds: dict[str, NoticeKind] = {"done": "done", "terminal": "failed"}
    kind = kinds.get(outcome.kind, "retry")
    text = describe(step)
    if kind != "done":
        text = f"{text}: {outcome.message or outcome.kind}"
    return Notice(now_ns, step.key, kind, text, outcome.code)


def of_status(now_ns: int, before: ResourceStatus, after: ResourceStatus) -> Iterator[Notice]:
    """A resource is another way than before."""
    if after.phase == before.phase and after.phase in ("progressing", "removing"):
        return
    kind: NoticeKind = "status"
    if after.phase == "failed":
        kind = "failed"
    elif after.phase == "waiting":
        kind = "wait"
    elif after.phase == "held":
        kind = "rollback"
    text = f"{after.phase}: {after.message}" if after.message else after.phase
    if before.phase == "removing" and after.phase == "ready" and not after.message:
        text = "gone"
    yield Notice(now_ns, after.key, kind, text)


def describe(step: Step) -> str:
    """What a step does, in a few words; an id by its first digits."""
    match step:
        case CreateInstance():
            return f"create {step.name}"
        case PullImage():
            return f"pull {step.reference}"
        case StartInstance():
            return f"start {step.id[:12]}"
        case SignalInstance():
            return f"{step.signal} to {step.id[:12]}"
        case UpdateInstance():
            return f"update {step.id[:12]}: " + ", ".join(sorted(step.fields))
        case RouteInstance():
            return f"edge: {step.state} {step.id[:12]}"
        case ApplyObject():
            return "create" if step.expect is None else "change"
        case DeleteObject():
            return f"delete {step.id[:12]}"
        case WriteRecord():
            outcome = step.record.body.get("outcome", "")
            return f"note {step.record.kind} {outcome}".rstrip()
        case DropRecord():
            return f"forget {step.record.kind} {step.record.seq}"
        case _:
            return f"remove {step.id[:12]}"

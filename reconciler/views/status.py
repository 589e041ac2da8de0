"""A stack at a glance: what is healthy, what is not and why, with its last words."""

from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.model.observed import Instance
from reconciler.model.status import ResourcePhase, ResourceStatus, Verdict
from reconciler.views.documents import Document, document
from reconciler.views.lines import Line, Style, indented, line, table, text_of
from reconciler.views.values import age

STYLE: dict[ResourcePhase, Style] = {
    "ready": "good", "progressing": "change", "waiting": "dim", "pending": "change",
    "degraded": "bad", "held": "warn", "failed": "bad", "absent": "bad",
    "unobservable": "warn", "removing": "dim",
}  # fmt: skip
LOG_LINES_MOST = 10

# Docker's names for exit codes above 128: 128 + signal (bash, "Exit Status").
_SIGNALS = {129: "SIGHUP", 130: "SIGINT", 134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV",
            143: "SIGTERM"}  # fmt: skip
_COMMAND_CODES = {126: "the command cannot be executed", 127: "the command was not found"}


def status_lines(
    title: str, statuses: Sequence[ResourceStatus], now_ns: int, *, width: int | None = None
) -> list[Line]:
    """The table, and below it the reasons. `now_ns` is the target's clock."""
    wrong = [s for s in statuses if s.phase != "ready"]
    made = [_headline(title, len(statuses), len(wrong)), line()]
    if statuses:
        rows = table([_HEADER, *(_row(s, now_ns) for s in statuses)], width=width)
        made += rows
        cut = {s.key for s, row in zip(statuses, rows[1:], strict=True) if _is_cut(row, s)}
        for status in wrong:
            if status.key in cut or status.hint or _told(status):
                made += list(why_lines(status, now_ns))
    return made


def why_lines(status: ResourceStatus, now_ns: int) -> Iterator[Line]:
    """Why one resource is not as wanted, with the last log lines of what failed."""
    yield line()
    reason = f": {status.message}" if status.message else ""
    yield line((str(status.key), "bold"), " is ", (status.phase, STYLE[status.phase]), reason)
    yield from hint_lines(status)
    for instance in _told(status):
        yield line("  ", instance.name, f"  {instance_text(instance, now_ns)}")
        if instance.message:
            yield line("    ", instance.message)
        tail = instance.log_tail[-LOG_LINES_MOST:]
        yield from indented((line(("| ", "dim"), text) for text in tail), 4)


def hint_lines(status: ResourceStatus) -> Iterator[Line]:
    """The code of what stands in the way, and what to do about it."""
    if status.code:
        yield line("  ", (status.code, "bold"), f": {status.hint}" if status.hint else "")


def instance_text(instance: Instance, now_ns: int) -> str:
    """``exited with 137 (out of memory) 3s ago, restarted 4 times``."""
    words: list[str] = [instance.phase]
    if instance.exit_code is not None and not instance.is_running:
        words.append(f"with {instance.exit_code}")
        meaning = _meaning(instance)
        if meaning:
            words.append(f"({meaning})")
    if instance.finished_at_ns is not None and instance.has_ended:
        words.append(f"{age(now_ns - instance.finished_at_ns)} ago")
    text = " ".join(words)
    if instance.is_running and not instance.live:
        text += ", unhealthy"
    elif instance.is_running and not instance.ready:
        text += ", not ready"
    times = instance.engine_restarts
    return f"{text}, restarted {times} time{'s' * (times != 1)}" if times else text


def status_document(
    stack: str, target: str, statuses: Sequence[ResourceStatus], verdict: Verdict, now_ns: int
) -> Document:
    """The status for machines."""
    return document(
        "status",
        stack=stack,
        target=target,
        healthy=all(s.phase == "ready" for s in statuses),
        verdict=verdict.kind,
        resources=[resource_document(s, now_ns) for s in statuses],
    )


def resource_document(status: ResourceStatus, now_ns: int) -> dict[str, Any]:
    """One resource for machines."""
    return {
        "resource": str(status.key),
        "phase": status.phase,
        "message": status.message,
        "code": status.code or None,
        "hint": status.hint or None,
        "wanted": status.wanted,
        "ready": status.ready,
        "current": status.current,
        "revision": status.revision or None,
        "instances": [_instance_document(i, now_ns) for i in status.instances],
    }


_HEADER: Line = tuple(
    (name, "dim") for name in ("RESOURCE", "PHASE", "READY", "REVISION", "AGE", "MESSAGE")
)


def _row(status: ResourceStatus, now_ns: int) -> Line:
    counted = status.wanted or status.instances
    started = [i.started_at_ns for i in status.instances if i.started_at_ns is not None]
    return line(
        str(status.key),
        (status.phase, STYLE[status.phase]),
        f"{status.ready}/{status.wanted}" if counted else "-",
        status.revision[:10] or "-",
        age(now_ns - min(started)) if started else "-",
        status.message,
    )


def _headline(title: str, total: int, wrong: int) -> Line:
    if total == 0:
        return line((title, "bold"), ": nothing is declared and nothing is there")
    if wrong == 0:
        return line((title, "bold"), ": ", (f"all {total} resources are ready", "good"))
    return line((title, "bold"), ": ", (f"{wrong} of {total} resources are not ready", "bad"))


def _is_fine(instance: Instance) -> bool:
    return instance.phase == "running" and instance.ready and instance.live


def _told(status: ResourceStatus) -> list[Instance]:
    """The instances that say more than the table does."""
    return [i for i in status.instances if not _is_fine(i) or i.log_tail]


def _is_cut(row: Line, status: ResourceStatus) -> bool:
    return bool(status.message) and text_of(row[-1]) != text_of(status.message)


def _meaning(instance: Instance) -> str:
    if instance.oom_killed:
        return "out of memory"
    code = instance.exit_code or 0
    return _SIGNALS.get(code) or _COMMAND_CODES.get(code, "")


def _instance_document(instance: Instance, now_ns: int) -> dict[str, Any]:
    started = instance.started_at_ns
    return {
        "id": instance.id,
        "name": instance.name,
        "ordinal": instance.ordinal,
        "revision": instance.revision,
        "attempt": instance.attempt,
        "phase": instance.phase,
        "ready": instance.ready,
        "live": instance.live,
        "age_s": None if started is None else max(now_ns - started, 0) // 1_000_000_000,
        "exit_code": instance.exit_code,
        "oom_killed": instance.oom_killed,
        "restarts": instance.engine_restarts,
        "message": instance.message,
        "log_tail": list(instance.log_tail[-LOG_LINES_MOST:]),
    }

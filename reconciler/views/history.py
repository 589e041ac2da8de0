"""The revisions of workloads: what was tried, what became of it, what runs and what is wanted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler.model.record import Outcome
from reconciler.model.units import NS_PER_S
from reconciler.plan.history import History, Try
from reconciler.views.documents import Document, document
from reconciler.views.lines import Line, Style, line, table
from reconciler.views.values import age

STYLE: dict[Outcome, Style] = {"good": "good", "failed": "bad", "candidate": "change"}
_ID_SHOWN = len("sha256:") + 12
_COMMIT_SHOWN = 10
_HEADER: Line = tuple(
    (name, "dim")
    for name in ("", "REVISION", "OUTCOME", "AGE", "IMAGE", "IMAGE ID", "COMMIT", "REASON")
)


def history_lines(
    title: str, histories: Sequence[History], now_ns: int, *, width: int | None = None
) -> list[Line]:
    """A table for each workload, newest first. `now_ns` is the target's clock."""
    made: list[Line] = [line((title, "bold"))]
    for history in histories:
        made += [line(), line((str(history.key), "bold"), *_summary(history))]
        if history.tries:
            rows = [_row(history, each, now_ns) for each in history.tries]
            made += table([_HEADER, *rows], width=width)
        else:
            made.append(line(("  nothing is noted yet", "dim")))
    return made


def history_document(stack: str, target: str, histories: Sequence[History]) -> Document:
    """The same for machines, with full ids and times."""
    return document(
        "history",
        stack=stack,
        target=target,
        resources=[
            {
                "resource": str(history.key),
                "wanted": history.wanted,
                "running": sorted(history.running),
                "held": history.held or None,
                "revisions": [_entry(history, each) for each in history.tries],
            }
            for history in histories
        ],
    )


def _summary(history: History) -> Line:
    running = ", ".join(sorted(history.running)) or "nothing"
    text = f"  runs {running}, wanted is {history.wanted}"
    return line(text, (f", held: {history.held}", "warn")) if history.held else line(text)


def _row(history: History, each: Try, now_ns: int) -> Line:
    fact = each.fact
    return line(
        _marks(history, each),
        fact.revision,
        (fact.outcome, STYLE[fact.outcome]),
        age(now_ns - fact.when_ns),
        str(fact.fields.get("image") or "-"),
        fact.image_id[:_ID_SHOWN] or "-",
        _short(fact.commit) or "-",
        fact.reason,
    )


def _short(commit: str) -> str:
    """``0123456789+``: enough to find it by, and whether the files were otherwise."""
    return commit[:_COMMIT_SHOWN] + "+" * (len(commit) > _COMMIT_SHOWN and commit.endswith("+"))


def _marks(history: History, each: Try) -> str:
    """At the newest turn of a revision: ``runs``, ``wanted``, or both."""
    newest = next(t for t in history.tries if t.fact.revision == each.fact.revision)
    if newest is not each:
        return ""
    words = ["runs"] if each.fact.revision in history.running else []
    words += ["wanted"] if each.fact.revision == history.wanted else []
    return ", ".join(words)


def _entry(history: History, each: Try) -> dict[str, Any]:
    fact = each.fact
    return {
        "revision": fact.revision,
        "outcome": fact.outcome,
        "began": _time(each.began_ns),
        "when": _time(fact.when_ns),
        "reason": fact.reason,
        "by_hand": fact.by_hand,
        "image": fact.fields.get("image"),
        "image_id": fact.image_id or None,
        "commit": fact.commit or None,
        "running": fact.revision in history.running,
        "wanted": fact.revision == history.wanted,
    }


def _time(at_ns: int) -> str:
    """RFC 3339, in UTC, to the second."""
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

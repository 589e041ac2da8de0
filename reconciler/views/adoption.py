"""What a desired state says to adopt, and how that stands."""

from collections.abc import Sequence

from reconciler.plan.adoption import Entry, Stage
from reconciler.views.documents import Document, document
from reconciler.views.lines import Line, Style, line, table

_TEXT: dict[Stage, str] = {
    "found": "found: to be adopted", "adopted": "adopted", "ours": "ours already",
    "missing": "nothing of this name is there", "refused": "cannot be adopted",
}  # fmt: skip
_STYLE: dict[Stage, Style] = {
    "found": "change", "adopted": "good", "ours": "good", "missing": "warn", "refused": "bad",
}  # fmt: skip
_HEADER: Line = (("NAME", "dim"), ("BECOMES", "dim"), ("ID", "dim"), ("", "dim"))


def adoption_lines(title: str, entries: Sequence[Entry]) -> list[Line]:
    """One line an entry of `adopt`."""
    if not entries:
        return [line((title, "bold"), ": `adopt` names nothing")]
    rows = [
        line(
            entry.asked.name,
            str(entry.asked.key),
            entry.id[:12] or "-",
            (_TEXT[entry.stage] + (f": {entry.why}" if entry.why else ""), _STYLE[entry.stage]),
        )
        for entry in entries
    ]
    return [line((title, "bold")), line(), *table([_HEADER, *rows])]


def adoption_document(stack: str, target: str, entries: Sequence[Entry]) -> Document:
    """The same for machines."""
    return document(
        "adopt",
        stack=stack,
        target=target,
        entries=[
            {
                "name": entry.asked.name,
                "resource": str(entry.asked.key),
                "stage": entry.stage,
                "id": entry.id or None,
                "why": entry.why or None,
            }
            for entry in entries
        ],
    )

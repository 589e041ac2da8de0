"""What instances print, each line with the name of its instance."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.model.observed import Instance
from reconciler.views.documents import Document, document
from reconciler.views.lines import Line, Style, line

_STYLES: tuple[Style, ...] = ("good", "change", "replace", "bold", "warn")


@dataclass(frozen=True, slots=True)
class Printed:
    """Lines of one instance; `trouble`: why they could not be read."""

    instance: Instance
    lines: tuple[str, ...]
    trouble: str = ""


def logs_lines(printed: Sequence[Printed], *, everyone: Iterable[Instance] = ()) -> list[Line]:
    """The lines, names aligned. `everyone`: whom names are aligned and coloured among."""
    among = sorted({*(i.name for i in everyone), *(p.instance.name for p in printed)})
    width = max((len(name) for name in among), default=0)
    styles = {name: _STYLES[number % len(_STYLES)] for number, name in enumerate(among)}
    made: list[Line] = []
    for each in printed:
        name = each.instance.name
        head = (f"{name:<{width}} | ", styles[name])
        made += [line(head, text) for text in each.lines]
        if each.trouble:
            made.append(line(head, (f"cannot be read: {each.trouble}", "warn")))
    return made


def logs_document(stack: str, target: str, printed: Sequence[Printed]) -> Document:
    """The same for machines."""
    return document(
        "logs",
        stack=stack,
        target=target,
        instances=[
            {
                "resource": str(each.instance.key),
                "instance": each.instance.name,
                "id": each.instance.id,
                "phase": each.instance.phase,
                "lines": list(each.lines),
                "trouble": each.trouble or None,
            }
            for each in printed
        ],
    )

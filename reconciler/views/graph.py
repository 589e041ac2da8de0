"""The dependency graph for people: waves, and what each resource waits for."""

from collections.abc import Mapping, Sequence

from reconciler.model.resource import ResourceKey
from reconciler.views.documents import Document, document
from reconciler.views.lines import Line, Part, line

Waves = Sequence[Sequence[ResourceKey]]
Needs = Mapping[ResourceKey, Mapping[ResourceKey, str]]


def graph_lines(waves: Waves, needs: Needs) -> list[Line]:
    """Each wave with its resources; a wave starts when what it needs is as needed."""
    made: list[Line] = []
    for number, wave in enumerate(waves):
        made.append(line((f"wave {number}", "dim")))
        for key in wave:
            parts: list[Part] = ["  ", (str(key), "bold")]
            wanted = ", ".join(_need(need, how) for need, how in _sorted(needs[key]))
            made.append((*parts, ("  needs " + wanted, "dim")) if wanted else tuple(parts))
    return made


def graph_document(stack: str, waves: Waves, needs: Needs) -> Document:
    """The graph for machines."""
    return document(
        "graph",
        stack=stack,
        waves=[[str(key) for key in wave] for wave in waves],
        needs={
            str(key): {str(need): how for need, how in _sorted(needs[key])}
            for wave in waves
            for key in wave
        },
    )


def _sorted(needs: Mapping[ResourceKey, str]) -> list[tuple[ResourceKey, str]]:
    return sorted(needs.items(), key=lambda item: item[0].order)


def _need(need: ResourceKey, how: str) -> str:
    """A condition is told where it is more than being there."""
    return str(need) if how == "exists" else f"{need} {how}"

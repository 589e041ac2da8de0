"""What runs already and becomes ours, by name: what is asked for, and what it takes.

Adopting is writing a record; nothing of what is adopted changes by it. It is done once for
a name: the record stays, whatever becomes of the thing or of the file's entry.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.model.change import Action, Change
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.fields import for_ordinal, object_fields, workload_fields
from reconciler.model.observed import Adoptable, Adopting
from reconciler.model.record import Record, next_seq
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.plan.changes import Asked, service_change, standing_for
from reconciler.plan.standing import fact
from reconciler.plan.view import View

Stage = Literal["found", "adopted", "ours", "missing", "refused"]
CANNOT_ADOPT = "R505"
_SECTION = {"service": "containers", "volume": "volumes", "network": "networks"}
_KEEPS_NAMES = (
    "made by somebody else: until it is replaced, it is known on its networks by the names it has"
)


def adopting_of(stack: Stack) -> tuple[Adopting, ...]:
    """Everything that the desired state says to adopt, in its order.

    Containers of one service get its ordinals in the order in which they are written.
    """
    adopt, declared = stack.declared.adopt, stack.declared
    found: list[Adopting] = []
    for name, target in adopt.networks.items():
        key = ResourceKey("network", target)
        found.append(Adopting(key, name, 0, object_fields(stack, key)))
    for name, target in adopt.volumes.items():
        if target in declared.volumes:
            key = ResourceKey("volume", target)
            found.append(Adopting(key, name, 0, object_fields(stack, key)))
    counts: dict[str, int] = {}
    for name, target in adopt.containers.items():
        if target in declared.services:
            key = ResourceKey("service", target)
            ordinal = counts[target] = counts.get(target, -1) + 1
            fields = for_ordinal(workload_fields(stack, key), ordinal)
            found.append(Adopting(key, name, ordinal, fields))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `adopt`, and how it stands; `why` it is refused."""

    asked: Adopting
    stage: Stage
    id: str = ""
    why: str = ""


def entries_of(stack: Stack, view: View) -> list[Entry]:
    """Every entry of `adopt`, and whether it is there, ours, or another's."""
    return [_entry(asked, view) for asked in adopting_of(stack)]


def _entry(asked: Adopting, view: View) -> Entry:
    for record in view.records_of(asked.key):
        if record.kind == "adopted" and record.body.get("name") == asked.name:
            return Entry(asked, "adopted", str(record.body.get("id", "")))
    for each in view.adoptable.get(asked.key, ()):
        if each.name == asked.name:
            return Entry(asked, "refused" if each.refused else "found", each.id, each.refused)
    own = [i.id for i in view.of(asked.key) if i.name == asked.name]
    found = view.objects.get(asked.key)
    own += [found.id] if found is not None and found.owned and found.id == asked.name else []
    return Entry(asked, "ours" if own else "missing", own[0] if own else "")


def pending(key: ResourceKey, view: View) -> tuple[Adoptable, ...]:
    """What is about to become `key`, or a part of it."""
    return tuple(each for each in view.adoptable.get(key, ()) if not each.refused)


def records_of(key: ResourceKey, view: View) -> tuple[Record, ...]:
    """The records that make it ours."""
    first = next_seq("adopted", str(key), view.records_of(key))
    return tuple(
        Record("adopted", str(key), first + number, {**each.body, "when_ns": view.now_ns})
        for number, each in enumerate(pending(key, view))
    )


def joined(stack: Stack, key: ResourceKey, change: Change | None, view: View) -> Change | None:
    """The change of a resource together with what is adopted for it."""
    found = pending(key, view)
    if not found:
        return _missed(stack, key, change, view)
    names = ", ".join(each.name for each in found)
    made = change or Change(key, Action.UPDATE, "", from_replicas=1, to_replicas=1)
    differs = bool(made.fields) or made.action is not Action.UPDATE
    calls = {**made.calls, "record": made.calls.get("record", 0) + len(found)}
    return replace(
        made,
        reason=f"adopted: {names}" + (f"; {made.reason}" if differs else ""),
        position=_position(stack, found[0]) or made.position,
        reads=f"{made.reads}.adopts {' '.join(each.id for each in found)}",
        calls=dict(sorted(calls.items())),
        notes=(*made.notes, *((_KEEPS_NAMES,) if key.kind == "service" else ())),
    )


def confirmation_of(asked: Asked, view: View, commit: str = "") -> Record | None:
    """The fact that a service whose instances were adopted is good as it runs, where it is.

    Without it there would be nothing to go back to when the first change of ours fails.
    """
    standing = standing_for(asked, view)
    change = service_change(asked, standing, view)
    well = all(i.is_running and i.ready and i.live for i in view.of(asked.key))
    if standing.facts or not well or change is None or change.fields:
        return None
    records = view.records_of(asked.key)
    return fact(standing, "good", view.now_ns, records, reason="adopted as it runs", commit=commit)


def findings(stack: Stack, key: ResourceKey, view: View) -> Iterator[Diagnostic]:
    """What is to be adopted and cannot be."""
    for each in view.adoptable.get(key, ()):
        if each.refused:
            yield Diagnostic(
                CANNOT_ADOPT, f"{each.name} cannot be adopted as {key}: {each.refused}",
                "Only what is nobody's is adopted, by its exact name.",
                "take the entry out of `adopt`, or clear up whose it is",
                _position(stack, each),
            )  # fmt: skip


def _missed(stack: Stack, key: ResourceKey, change: Change | None, view: View) -> Change | None:
    """A new resource beside an entry whose name nothing has: perhaps a slip of the pen."""
    adopt = stack.declared.adopt
    named = adopt.networks or adopt.volumes or adopt.containers
    if change is None or not named or change.action is not Action.CREATE:
        return change
    known = {str(r.body.get("name")) for r in view.records_of(key) if r.kind == "adopted"}
    names = [a.name for a in adopting_of(stack) if a.key == key and a.name not in known]
    there = {each.name for each in view.adoptable.get(key, ())}
    notes = tuple(
        f"nothing is called {name}, which `adopt` names: it is made anew"
        for name in names
        if name not in there
    )
    return replace(change, notes=(*change.notes, *notes)) if notes else change


def _position(stack: Stack, found: Adoptable) -> Position | None:
    return stack.positions.find(("adopt", _SECTION.get(found.key.kind, ""), found.name))

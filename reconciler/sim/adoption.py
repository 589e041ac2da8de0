"""What is not ours in a world, and becomes ours by name once a record says so.

The record and its effect are one: what it names is moved to the stack that wrote it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.observed import Adoptable, Adopting, Fields, Observed, Value
from reconciler.model.record import Record, packed, unpacked
from reconciler.model.resource import ResourceKey
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import World

NOBODYS = ""
# What an engine has no place for: only our labels could tell.
_TOLD = ("startup.", "liveness.", "readiness.", "stop.")


def with_adoptable(world: World, stack: str, seen: Observed) -> Observed:
    """The observation, with what is to be adopted as it will be."""
    wanted = [each for each in seen.scope.adopt if seen.scope.covers(each.key)]
    found = list(_found(world, stack, wanted, seen))
    if not found:
        return seen
    objects, instances = dict(seen.objects), list(seen.instances)
    for adoptable, thing in found:
        if adoptable.refused:
            continue
        if isinstance(thing, Container):
            instances.append(
                replace(
                    thing.instance(), key=adoptable.key, ordinal=adoptable.body["ordinal"],
                    revision="", attempt=0, fields=unpacked(adoptable.body),
                )
            )  # fmt: skip
        else:
            objects[adoptable.key] = replace(thing.observed(), key=adoptable.key, owned=True)
    ids = {adoptable.name for adoptable, _ in found}
    return replace(
        seen, objects=objects, instances=tuple(instances),
        foreign=tuple(each for each in seen.foreign if each.name not in ids),
        adoptable=tuple(adoptable for adoptable, _ in found),
    )  # fmt: skip


def adopt(world: World, stack: str, record: Record) -> None:
    """What the record says: this is the stack's from now on."""
    key, body = ResourceKey.parse(record.name), record.body
    if key.kind == "service":
        container = world.containers.get(str(body.get("id")))
        if container is not None and not container.owned:
            world.adopt_container(
                container, stack, key, int(body.get("ordinal", 0)), unpacked(body)
            )
        return
    was = ResourceKey(key.kind, str(body.get("name")))
    thing = world.holding(NOBODYS).objects.get(was)
    if thing is not None and thing.id == body.get("id"):
        world.adopt_object(thing, stack, key)


def _found(
    world: World, stack: str, wanted: list[Adopting], seen: Observed
) -> Iterator[tuple[Adoptable, Container | Thing]]:
    known = {
        (record.name, str(record.body.get("name")))
        for record in seen.records
        if record.kind == "adopted"
    }
    names = {each.name: each.key.name for each in wanted if each.key.kind != "service"}
    names |= {
        str(r.body.get("name")): ResourceKey.parse(r.name).name
        for r in seen.records
        if r.kind == "adopted" and not r.name.startswith("service/")
    }
    for each in wanted:
        if (str(each.key), each.name) in known:
            continue
        thing = _named(world, each)
        if thing is None or thing.stack == stack:
            continue
        refused = f"it belongs to the stack {thing.stack}" if thing.owned else ""
        there = seen.objects.get(each.key)
        if not refused and there is not None and there.owned:
            refused = f"{each.key} is there already"
        body = {} if refused else _body(thing, each, names)
        yield Adoptable(each.key, each.name, thing.id, body, refused), thing


def _named(world: World, asked: Adopting) -> Container | Thing | None:
    if asked.key.kind == "service":
        return world.containers.get(world.names.get(asked.name, ""))
    held = world.stacks.get(NOBODYS)
    return held.objects.get(ResourceKey(asked.key.kind, asked.name)) if held else None


def _body(thing: Container | Thing, asked: Adopting, names: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {"name": asked.name, "id": thing.id}
    if isinstance(thing, Container):
        body |= {"ordinal": asked.ordinal, **packed(_fields(thing, asked.fields, names))}
    return body


def _fields(thing: Container, wanted: Fields, names: Mapping[str, str]) -> dict[str, Value]:
    """Its fields in the stack's own words, with what only labels could tell as it is wanted."""
    made = dict(thing.fields)
    for path, value in thing.fields.items():
        if path == "networks" and isinstance(value, tuple):
            made[path] = tuple(sorted(names.get(name, name) for name in value))
        elif path.startswith("volumes."):
            name = str(value).removesuffix(":ro")
            made[path] = names.get(name, name) + str(value)[len(name) :]
    made |= {path: value for path, value in wanted.items() if path.startswith(_TOLD)}
    return made

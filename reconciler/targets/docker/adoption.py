"""What was made by somebody else and became ours, by name and id, as the records say.

The engine cannot put labels on what is there, so whatever is read of an adopted thing is
*dressed*: it gets the labels that we would have made it with. All that reads labels then
sees one of ours. What is not in the records is never dressed outside an observation.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.observed import Adoptable, Adopting, Fields
from reconciler.model.record import Record, packed, unpacked
from reconciler.model.resource import ResourceKey
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.create import content_of, kept_fields
from reconciler.targets.docker.engine import Json
from reconciler.targets.docker.inspect import policy_of
from reconciler.targets.docker.names import object_name

_SHAPE = ("networks", "aliases")


@dataclass(frozen=True, slots=True)
class Adopted:
    """One thing that became ours: what it is called, its id, and the labels it would have."""

    key: ResourceKey
    name: str
    id: str
    labels: Mapping[str, str] = field(default_factory=dict)


class Adoptions:
    """What one stack has adopted on an engine. Threads may share it."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._lock = threading.Lock()
        self._by_id: dict[str, Adopted] = {}
        self._names: dict[ResourceKey, str] = {}
        self._known: frozenset[tuple[ResourceKey, str]] = frozenset()
        self.has_read = False

    def read(self, records: Iterable[Record]) -> None:
        """This is all that was adopted."""
        found = [adopted_of(self._stack, r) for r in records if r.kind == "adopted"]
        with self._lock:
            self._by_id = {each.id: each for each in found}
            self._names = {e.key: e.name for e in found if e.key.kind in ("network", "volume")}
            self._known = frozenset((each.key, each.name) for each in found)
            self.has_read = True

    def add(self, record: Record) -> None:
        """This one was adopted just now."""
        made = adopted_of(self._stack, record)
        with self._lock:
            self._by_id[made.id] = made
            self._known |= {(made.key, made.name)}
            if made.key.kind in ("network", "volume"):
                self._names[made.key] = made.name

    def is_known(self, key: ResourceKey, name: str) -> bool:
        """Whether this has been adopted before: it is done once."""
        return (key, name) in self._known

    def name_of(self, key: ResourceKey) -> str:
        """The engine's name of a network, volume, config or secret."""
        return self._names.get(key) or object_name(self._stack, key)

    def names_of(self, kind: str) -> dict[str, str]:
        """From the stack's name of a network or volume to the engine's, where it is another."""
        return {key.name: name for key, name in self._names.items() if key.kind == kind}

    def key_of(self, text: str) -> ResourceKey | None:
        """What an adopted thing is, by its id; a volume's is its name."""
        found = self._by_id.get(text)
        return found.key if found is not None else None

    def of(self, kind: str) -> tuple[Adopted, ...]:
        """Everything adopted of a kind of resource."""
        return tuple(each for each in self._by_id.values() if each.key.kind == kind)

    def dressed(self, raw: Json, more: Mapping[str, Adopted] | None = None) -> Json:
        """A container, network or volume as read, with our labels if it was adopted.

        `more`: what is about to be, and is looked at as if it were.
        """
        identifier = str(raw.get("Id") or raw.get("Name"))
        found = self._by_id.get(identifier) or (more or {}).get(identifier)
        return raw if found is None else dress(raw, found.labels)


def dress(raw: Json, labels: Mapping[str, str]) -> Json:
    """The same JSON with these labels added, where its form keeps them."""
    config = raw.get("Config")
    if isinstance(config, Mapping) and "State" in raw:
        joined = {**(config.get("Labels") or {}), **labels}
        return {**raw, "Config": {**config, "Labels": joined}}
    return {**raw, "Labels": {**(raw.get("Labels") or {}), **labels}}


def adopted_of(stack: str, record: Record) -> Adopted:
    """What a record says was adopted."""
    body = record.body
    return Adopted(
        ResourceKey.parse(record.name), str(body.get("name", "")), str(body.get("id", "")),
        _labels(stack, ResourceKey.parse(record.name), body),
    )  # fmt: skip


def adopted_as(stack: str, found: Adoptable) -> Adopted:
    """What it will be once its record is written."""
    return Adopted(found.key, found.name, found.id, _labels(stack, found.key, found.body))


def container_body(raw: Json, asked: Adopting, image: Json) -> dict[str, Any]:
    """What must be remembered of a container that is adopted.

    What only our labels could tell of it is taken as it is asked for, now. Variables whose
    value neither the file nor the image shows may be secrets: they are never shown.
    """
    fields = asked.fields
    kept = {p: v for p, v in kept_fields(fields).items() if not p.startswith("restart.")}
    kept["restart.policy"] = policy_of(raw["HostConfig"].get("RestartPolicy") or {})
    sources, hidden = _variables(raw, fields, image)
    return {
        "name": asked.name, "id": raw["Id"], "ordinal": asked.ordinal,
        "sources": sources, "hidden": hidden,
        **packed({**kept, **{path: fields[path] for path in _SHAPE if path in fields}}),
    }  # fmt: skip


def object_body(raw: Json, asked: Adopting) -> dict[str, Any]:
    """What must be remembered of a network or volume that is adopted."""
    return {"name": asked.name, "id": str(raw.get("Id") or raw["Name"])}


def _variables(raw: Json, fields: Fields, image: Json) -> tuple[dict[str, str], list[str]]:
    usual = set(image.get("Env") or ())
    sources: dict[str, str] = {}
    hidden: list[str] = []
    for entry in raw["Config"].get("Env") or ():
        name, _, text = entry.partition("=")
        wanted = fields.get(f"environment.{name}")
        source = content_of(wanted)
        if source is not None:
            sources[name] = f"{source[0]}:{source[1]}"
        elif entry not in usual and wanted != text:
            hidden.append(name)
    return sources, sorted(hidden)


def _labels(stack: str, key: ResourceKey, body: Mapping[str, Any]) -> dict[str, str]:
    """The labels that it would have, had we made it."""
    made = tag.of_object(stack, key)
    made[tag.ADOPTED] = tag.text_of({"hidden": tuple(body.get("hidden") or ())})
    if key.kind != "service":
        return made
    identity = tag.Identity(key, int(body.get("ordinal", 0)), "", 0, 0, ())
    fields = unpacked(body)
    made |= tag.of_instance(stack, identity)
    made[tag.ASKED] = tag.text_of({p: v for p, v in fields.items() if p not in _SHAPE})
    made[tag.NETWORKS] = tag.text_of({p: fields.get(p, ()) for p in _SHAPE})
    if body.get("sources"):
        made[tag.SOURCES] = tag.text_of(body["sources"])
    return made

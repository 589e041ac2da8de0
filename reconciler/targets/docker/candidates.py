"""Finding on the engine what the desired state says to adopt."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from docker import errors as sdk

from reconciler.model.observed import Adoptable, Adopting
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.adoption import container_body, object_body
from reconciler.targets.docker.engine import Engine, Json
from reconciler.targets.docker.networks import find_networks
from reconciler.targets.docker.volumes import find_volume


class Candidate(NamedTuple):
    """What is there under the name, and what becomes of it."""

    adoptable: Adoptable
    raw: Json


def candidates(
    engine: Engine, stack: str, wanted: Sequence[Adopting], own: Mapping[Any, str]
) -> list[Candidate]:
    """What is there under the wanted names and is not ours yet.

    `own`: the objects of the stack that are there, with the engine's names of them. Names
    are exact; the engine would take a part of an id for one.
    """
    if not wanted:
        return []
    others = _adopted_by_others(engine, stack)
    found = []
    for asked in wanted:
        raws = _find(engine, asked)
        owner = (_labels(raws[0]) or {}).get(tag.STACK) if raws else None
        if not raws or owner == stack:
            continue
        refused = _refusal(asked, raws, owner or others.get(_id(raws[0]), ""), own)
        body = {} if refused else _body(engine, raws[0], asked)
        found.append(
            Candidate(Adoptable(asked.key, asked.name, _id(raws[0]), body, refused), raws[0])
        )
    return found


def _find(engine: Engine, asked: Adopting) -> list[Json]:
    try:
        if asked.key.kind == "volume":
            raw = find_volume(engine, asked.name)
            return [raw] if raw is not None else []
        if asked.key.kind == "network":
            return [engine.inspect_network(raw["Id"]) for raw in find_networks(engine, asked.name)]
        raw = engine.inspect_container(asked.name)
    except sdk.NotFound:
        return []
    return [raw] if raw["Name"] == f"/{asked.name}" else []


def _refusal(asked: Adopting, raws: Sequence[Json], owner: str, own: Mapping[Any, str]) -> str:
    if owner:
        return f"it belongs to the stack {owner}"
    if len(raws) > 1:
        return f"there are {len(raws)} networks of this name"
    if asked.key in own:
        return f"{asked.key} is there already, as {own[asked.key]}"
    host = raws[0].get("HostConfig") or {}
    if host.get("AutoRemove"):
        return "it removes itself when it ends (--rm), so that nothing could be told of its end"
    return ""


def _body(engine: Engine, raw: Json, asked: Adopting) -> dict[str, Any]:
    if asked.key.kind != "service":
        return object_body(raw, asked)
    try:
        image = engine.image(raw["Image"]).get("Config") or {}
    except sdk.NotFound:  # removed by force; its containers go on
        image = {}
    return container_body(raw, asked, image)


def _adopted_by_others(engine: Engine, stack: str) -> dict[str, str]:
    """The ids that records of other stacks name, and these stacks."""
    answer = engine.volumes(filters={"label": f"{tag.RECORD}=adopted"})
    owners = {}
    for raw in answer.get("Volumes") or ():
        marks = raw.get("Labels") or {}
        body = tag.json_of(marks, tag.BODY, {})
        if marks.get(tag.STACK) != stack and isinstance(body, dict):
            owners[str(body.get("id", ""))] = str(marks.get(tag.STACK, ""))
    return owners


def own_names(networks: Iterable[Json], volumes: Iterable[Json], stack: str) -> dict[Any, str]:
    """The networks and volumes of the stack that are there, with the engine's names."""
    return {
        key: raw["Name"]
        for raw in (*networks, *volumes)
        if (key := tag.key_of(raw.get("Labels"), stack)) is not None
    }


def _labels(raw: Json) -> Mapping[str, str] | None:
    found: Mapping[str, str] | None = (raw.get("Config") or raw).get("Labels")
    return found


def _id(raw: Json) -> str:
    return str(raw.get("Id") or raw["Name"])

"""Named volumes: creating one is a compare-and-set, since the engine's names are unique."""

from collections.abc import Iterable, Mapping
from typing import Any

from docker import errors as sdk

from reconciler.model.fields import digest_of
from reconciler.model.observed import ObservedObject, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import DONE, ApplyObject, DeleteObject, Outcome
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.adoption import Adoptions
from reconciler.targets.docker.engine import Engine, Json
from reconciler.targets.docker.errors import CHANGED, NOT_IN_PLACE, NOT_OURS


def own_volumes(engine: Engine, stack: str) -> list[Json]:
    """Every volume with the stack's mark: data, files and records."""
    answer = engine.volumes(filters={"label": f"{tag.STACK}={stack}"})
    return list(answer.get("Volumes") or [])


def observed_volume(
    raw: Mapping[str, Any], key: ResourceKey, stack: str, users: Iterable[str] = ()
) -> ObservedObject:
    """What a volume is: data, or the file of a config or secret."""
    if tag.key_of(raw.get("Labels"), stack) != key:
        return ObservedObject(key, raw["Name"], owned=False, fingerprint=raw["Name"])
    fields: dict[str, Value]
    if key.kind == "volume":
        fields = {"driver": raw["Driver"]}
        for name, text in (raw.get("Options") or {}).items():
            fields[f"options.{name}"] = text
    else:
        fields = {"digest": key.name.partition("@")[2]}
    # Whoever made an adopted one chose what is not asked for.
    defaults = fields if tag.ADOPTED in (raw.get("Labels") or {}) else {}
    seen = {**fields, "name": raw["Name"], "created": raw.get("CreatedAt", "")}
    return ObservedObject(
        key, raw["Name"], fields, defaults,
        fingerprint=digest_of(seen), users=tuple(sorted(users)),
    )  # fmt: skip


def find_volume(engine: Engine, name: str) -> Json | None:
    """The volume with this name."""
    try:
        found: Json = engine.inspect_volume(name)
    except sdk.NotFound:
        return None
    return found


def apply_volume(engine: Engine, stack: str, step: ApplyObject, adoptions: Adoptions) -> Outcome:
    """Create the volume. What one is made of cannot change, and its data is not for moving."""
    name = adoptions.name_of(step.key)
    raw = find_volume(engine, name)
    if raw is None and step.expect is not None:
        return Outcome("conflict", f"the volume {name} is gone", CHANGED)
    if raw is None:
        prefix = "options."
        options = {p[len(prefix) :]: v for p, v in step.fields.items() if p.startswith(prefix)}
        raw = engine.create_volume(
            name, driver=str(step.fields.get("driver", "local")), driver_opts=options,
            labels=tag.of_object(stack, step.key),
        )  # fmt: skip
    found = observed_volume(adoptions.dressed(raw), step.key, stack)
    if not found.owned:
        return Outcome(
            "conflict", f"a volume called {name} is there and is not ours", NOT_OURS,
            "remove it, or adopt it with the data that it holds",
        )  # fmt: skip
    if step.expect is not None and step.expect != found.fingerprint:
        return Outcome("conflict", f"the volume {name} has changed", CHANGED)
    asked = {p: v for p, v in step.fields.items() if p == "driver" or p.startswith("options.")}
    if dict(found.fields) == asked:
        return DONE
    return Outcome(
        "terminal", f"the volume {name} cannot change its driver or options", NOT_IN_PLACE,
        "save its data, remove it by hand, and apply again",
    )  # fmt: skip


def delete_volume(engine: Engine, stack: str, step: DeleteObject, adoptions: Adoptions) -> Outcome:
    """Remove the volume with this name; a conflict while a container has it."""
    raw = find_volume(engine, step.id)
    if raw is None:
        return DONE
    found = observed_volume(adoptions.dressed(raw), step.key, stack)
    if not found.owned:
        return Outcome("conflict", f"the volume {step.id} is not ours", NOT_OURS)
    if step.expect and found.fingerprint != step.expect:
        return Outcome("conflict", f"the volume {step.id} has changed", CHANGED)
    engine.remove_volume(step.id)
    return DONE

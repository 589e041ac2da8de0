"""Our labels: whose a thing is, what it is, and what the engine has no place for.

Labels of existing objects cannot change, so they hold only what never does.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.model.observed import Fields, Value
from reconciler.model.resource import KIND_ORDER, ResourceKey

PREFIX = "reconciler."
STACK = "reconciler.stack"
KIND = "reconciler.kind"
NAME = "reconciler.name"
ORDINAL = "reconciler.ordinal"
REVISION = "reconciler.revision"
ATTEMPT = "reconciler.attempt"
STREAK = "reconciler.streak"
DEPENDS = "reconciler.depends"
# What was asked for in a form that the engine's own JSON does not give back.
ASKED = "reconciler.asked"
# Variables that came from a config or a secret: name → ``secret:db_password``.
SOURCES = "reconciler.sources"
NETWORKS = "reconciler.networks"
# What the container was called when it was made.
INSTANCE = "reconciler.instance"
SUBNET = "reconciler.subnet"
# Only on what is read of an adopted thing, never on the engine: what must not be shown of it.
ADOPTED = "reconciler.adopted"
NONCE = "reconciler.nonce"
RECORD = "reconciler.record"
SEQ = "reconciler.seq"
BODY = "reconciler.body"
# A container or image that only helps to move files; never an instance.
ROLE = "reconciler.role"

Labels = Mapping[str, str]


def of_object(stack: str, key: ResourceKey) -> dict[str, str]:
    """The labels that make an object ours."""
    return {STACK: stack, KIND: key.kind, NAME: key.name}


def key_of(labels: Labels | None, stack: str) -> ResourceKey | None:
    """What the labels say this is, if it is one of the stack's resources."""
    if not labels or labels.get(STACK) != stack or ROLE in labels or RECORD in labels:
        return None
    kind, name = labels.get(KIND, ""), labels.get(NAME, "")
    return ResourceKey(kind, name) if kind in KIND_ORDER and name else None  # type: ignore[arg-type]


class Identity(NamedTuple):
    """Which instance of its service a container is."""

    key: ResourceKey
    ordinal: int
    revision: str
    attempt: int
    streak: int
    depends: tuple[str, ...]


def identity_of(labels: Labels | None, stack: str) -> Identity | None:
    """Which instance the labels name; None where they name none of the stack's."""
    key = key_of(labels, stack)
    if labels is None or key is None or key.kind not in ("service", "job"):
        return None
    depends = json_of(labels, DEPENDS, [])
    return Identity(
        key=key,
        ordinal=_number(labels, ORDINAL),
        revision=labels.get(REVISION, ""),
        attempt=_number(labels, ATTEMPT),
        streak=_number(labels, STREAK),
        depends=tuple(str(d) for d in depends) if isinstance(depends, list) else (),
    )


def of_instance(stack: str, identity: Identity) -> dict[str, str]:
    """The labels that make a container this instance."""
    made = {
        **of_object(stack, identity.key),
        ORDINAL: str(identity.ordinal),
        REVISION: identity.revision,
        ATTEMPT: str(identity.attempt),
        STREAK: str(identity.streak),
    }
    if identity.depends:
        made[DEPENDS] = json.dumps(list(identity.depends))
    return made


def json_of(labels: Labels, name: str, otherwise: Any) -> Any:
    """The JSON in a label; `otherwise` where there is none or a stranger wrote nonsense."""
    try:
        return json.loads(labels[name])
    except (KeyError, ValueError):
        return otherwise


def fields_of(labels: Labels, name: str) -> dict[str, Value]:
    """A label that holds fields: JSON lists become tuples again."""
    found = json_of(labels, name, {})
    if not isinstance(found, dict):
        return {}
    return {
        str(path): tuple(str(v) for v in value) if isinstance(value, list) else value
        for path, value in found.items()
        if isinstance(value, str | int | list) or value is None
    }


def text_of(fields: Fields) -> str:
    """Fields as a label's text, the same for the same fields."""
    return json.dumps(dict(fields), sort_keys=True, separators=(",", ":"))


def _number(labels: Labels, name: str) -> int:
    text = labels.get(name, "")
    return int(text) if text.isdecimal() else 0

"""Records: the small immutable facts that are kept in the target itself.

Losing records costs history and one more attempt, never correctness. A record is at most
4 KiB of JSON and holds no secret.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.model.memory import by_identity

RecordKind = Literal["revision", "rollout", "scale", "hold", "approval", "adopted", "lock"]

MAX_BODY_BYTES = 4096
MAX_REASON_BYTES = 500


@dataclass(frozen=True, slots=True)
class Record:
    """Fact number `seq` of `kind` about `name`. Writing a number twice is a conflict."""

    kind: RecordKind
    name: str
    seq: int
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its name in the target, without the stack's."""
        return f"{self.kind}.{self.name}.{self.seq}"


Outcome = Literal["candidate", "good", "failed"]


@dataclass(frozen=True, slots=True)
class Revision:
    """What records say of one revision of a service, newest fact last.

    `by_hand`: nothing was wrong with it by itself; a person went back to another one.
    """

    service: str
    revision: str
    outcome: Outcome
    reason: str
    when_ns: int
    seq: int
    image_id: str = ""
    commit: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    by_hand: bool = False


def revisions_of(service: str, records: Iterable[Record]) -> tuple[Revision, ...]:
    """The facts about a workload's revisions, oldest first; `service` is its key as text."""
    facts = [r for r in records if r.kind == "revision" and r.name == service]
    facts.sort(key=_seq)
    return tuple([_revision(fact) for fact in facts])


def revision_body(revision: Revision) -> Mapping[str, Any]:
    """The body of a fact. Fields too large for a record are compressed, or else left out.

    A revision without fields cannot be rolled back to; nothing else is lost.
    """
    body = {
        "revision": revision.revision,
        "outcome": revision.outcome,
        "reason": _shortened(revision.reason),
        "when_ns": revision.when_ns,
        "image_id": revision.image_id,
        "commit": revision.commit,
        **({"by_hand": True} if revision.by_hand else {}),
    }
    return {**body, **_packed(revision.fields)}


def packed(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fields as a part of a body: as they are, compressed, or left out where too large."""
    text = json.dumps(dict(sorted(fields.items())), separators=(",", ":"))
    if len(text) <= MAX_BODY_BYTES // 2:
        return {"fields": json.loads(text)}
    short = base64.b85encode(zlib.compress(text.encode(), 9)).decode()
    return {"packed": short} if len(short) <= MAX_BODY_BYTES - 1024 else {}


_packed = by_identity(packed)  # a revision's facts, candidate and good, hold the same fields


def _shortened(reason: str) -> str:
    """As much of it as fits beside the fields, counted as the JSON that is written."""
    reason = reason[:MAX_REASON_BYTES]
    while len(json.dumps(reason)) > MAX_REASON_BYTES:
        reason = reason[: len(reason) * 7 // 8]
    return reason


def unpacked(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields in a body; none where they were left out."""
    raw = body.get("fields", {})
    if "packed" in body:
        raw = json.loads(zlib.decompress(base64.b85decode(body["packed"])))
    return {path: tuple(v) if isinstance(v, list) else v for path, v in raw.items()}


def _seq(record: Record) -> int:
    return record.seq


@by_identity
def _revision(fact: Record) -> Revision:
    body = fact.body
    return Revision(
        service=fact.name,
        revision=body["revision"],
        outcome=body["outcome"],
        reason=body.get("reason", ""),
        when_ns=body["when_ns"],
        seq=fact.seq,
        image_id=body.get("image_id", ""),
        commit=body.get("commit", ""),
        fields=unpacked(body),
        by_hand=body.get("by_hand", False),
    )


def next_seq(kind: RecordKind, name: str, records: Iterable[Record]) -> int:
    """The number that the next fact about `name` gets."""
    return 1 + max((r.seq for r in records if r.kind == kind and r.name == name), default=0)

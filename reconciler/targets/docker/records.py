"""Records: empty named volumes whose labels hold the value.

Creating number n + 1 is a compare-and-set: the engine answers a second creation with the
first one's labels, so a writer reads back whose nonce won. They survive
``docker system prune``; losing them costs history.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any, cast

from docker import errors as sdk

from reconciler.model.record import MAX_BODY_BYTES, Record, RecordKind
from reconciler.model.step import DONE, DropRecord, Outcome, WriteRecord
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.engine import Engine
from reconciler.targets.docker.errors import CHANGED, NOT_OURS, TOO_LARGE
from reconciler.targets.docker.names import record_name
from reconciler.targets.docker.volumes import find_volume


def record_of(raw: Mapping[str, Any], stack: str) -> Record | None:
    """The record that a volume is, if it is one of the stack's."""
    marks = raw.get("Labels") or {}
    if marks.get(tag.STACK) != stack or tag.RECORD not in marks:
        return None
    body, seq = tag.json_of(marks, tag.BODY, None), marks.get(tag.SEQ, "")
    if not isinstance(body, dict) or not seq.isdecimal():
        return None
    made = Record(cast(RecordKind, marks[tag.RECORD]), marks.get(tag.NAME, ""), int(seq), body)
    # Under another name it was made by hand, and could not be dropped by its own.
    return made if raw.get("Name") == record_name(stack, made.id) else None


def write_record(engine: Engine, stack: str, step: WriteRecord) -> Outcome:
    """Write a record; a conflict when its number is taken."""
    record = step.record
    body = json.dumps(dict(record.body), sort_keys=True, separators=(",", ":"))
    if len(body.encode()) > MAX_BODY_BYTES:
        return Outcome("terminal", f"the record {record.id} is too large", TOO_LARGE)
    nonce = uuid.uuid4().hex  # which writer won; no decision depends on its value
    marks = {
        tag.STACK: stack, tag.RECORD: record.kind, tag.NAME: record.name,
        tag.SEQ: str(record.seq), tag.BODY: body, tag.NONCE: nonce,
    }  # fmt: skip
    made = engine.create_volume(record_name(stack, record.id), labels=marks)
    if (made.get("Labels") or {}).get(tag.NONCE) == nonce:
        return DONE
    return Outcome("conflict", f"the record {record.id} was written by another", CHANGED)


def drop_record(engine: Engine, stack: str, step: DropRecord) -> Outcome:
    """Remove a record; absent is fine."""
    name = record_name(stack, step.record.id)
    raw = find_volume(engine, name)
    if raw is None:
        return DONE
    found = record_of(raw, stack)
    if found is None or found.id != step.record.id:
        return Outcome("conflict", f"the volume {name} is not this record", NOT_OURS)
    try:
        engine.remove_volume(name)
    except sdk.NotFound:
        return DONE
    return DONE

"""What was observed, kept in a file: what a rehearsal begins from, for another process.

JSON with a format number. It holds what plans are made from, no more: what instances printed
and said of themselves, which could be anything, is left out, and so is what is to be adopted
and is not ours yet. Values of secrets are never observed, only their digests.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from reconciler.model.observed import (
    Foreign,
    Instance,
    Observed,
    ObservedObject,
    Scope,
    Status,
)
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.simple import plain

FORMAT = "reconciler.observed/1"


def bared(observed: Observed) -> Observed:
    """Without what a rehearsal does not need, and nobody may want in a file."""
    instances = tuple(replace(each, message="", log_tail=()) for each in observed.instances)
    return replace(observed, instances=instances, adoptable=(), scope=_scope(observed))


def _scope(observed: Observed) -> Scope:
    return Scope(observed.scope.stack)


def encode(observed: Observed) -> str:
    """The observation, bared, as text."""
    bare = bared(observed)
    made = {
        "format": FORMAT,
        "stack": bare.scope.stack,
        "began_at_ns": bare.began_at_ns,
        "target_now_ns": bare.target_now_ns,
        "objects": [plain(each) for each in bare.objects.values()],
        "instances": [plain(each) for each in bare.instances],
        "records": [plain(each) for each in bare.records],
        "images": dict(bare.images),
        "foreign": [plain(each) for each in bare.foreign],
        "unobservable": {str(key): why for key, why in bare.unobservable.items()},
    }
    return json.dumps(made, indent=1) + "\n"


def is_observation(text: str) -> bool:
    """Whether it begins as `encode` begins: of this format, or a later one."""
    return text.lstrip()[:1] == "{" and '"reconciler.observed/' in text[:200]


def decode(text: str, name: str) -> Observed:
    """What `encode` wrote down; R716, with `name` for the file, where that is something else."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            _refuse(f"{name} is in the format {data['format']}, and this version reads {FORMAT}")
        return Observed(
            Scope(data["stack"]), data["began_at_ns"], data["target_now_ns"],
            {thing.key: thing for thing in map(_object, data["objects"])},
            tuple(map(_instance, data["instances"])),
            tuple(Record(**each) for each in data["records"]),
            data["images"],
            tuple(Foreign(**_tupled(each)) for each in data["foreign"]),
            {ResourceKey.parse(key): why for key, why in data["unobservable"].items()},
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        _refuse(f"{name} holds no observation, or a damaged one: {error!r}")


def _refuse(summary: str) -> NoReturn:
    raise DiagnosticsError([Diagnostic("R716", summary, hint="name what rehearse --save wrote")])


def _object(data: Mapping[str, Any]) -> ObservedObject:
    made = {**_tupled(data), "key": ResourceKey.parse(data["key"])}
    return ObservedObject(**{**made, "status": Status(**data["status"])})


def _instance(data: Mapping[str, Any]) -> Instance:
    return Instance(**{**_tupled(data), "key": ResourceKey.parse(data["key"])})


def _tupled(data: Mapping[str, Any]) -> dict[str, Any]:
    """Lists are tuples again, in the values of a mapping too."""
    return {
        name: tuple(value) if isinstance(value, list)
        else _tupled(value) if isinstance(value, dict) else value
        for name, value in data.items()
    }  # fmt: skip

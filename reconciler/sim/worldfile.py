"""A world in a file: what the simulator keeps between two commands.

JSON with a format number, written whole to a new file that then takes the old one's place.
A lock beside it keeps a second process out. Time does not pass while nobody holds it.
"""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from heapq import heapify
from pathlib import Path
from typing import Any, NoReturn

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from reconciler.model.observed import Status
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.simple import plain
from reconciler.sim import site
from reconciler.sim.behaviour import Behaviour, Rule
from reconciler.sim.deployment import ReplicaSet, Rollout
from reconciler.sim.faults import Fault
from reconciler.sim.images import Images
from reconciler.sim.limits import Limit
from reconciler.sim.streams import Streams
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import World

FORMAT = 2

_PLAIN = (
    "seed", "now_ns", "seq", "version", "ids", "latency_ns", "latency_jitter_percent",
    "event_lag_ns", "fault_hits", "faults_struck", "calls", "looks", "unreachable_until_ns",
    "kubernetes_version", "externals_away", "keeps_views",
)  # fmt: skip
_LATER = ("kubernetes_version", "externals_away", "faults_struck")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the world's file; R603 when another process does."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path.with_name(_lock_name(path)), os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        _refuse("R604", f"{path}: {error.strerror}", "choose another file with --world", error)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            hint = "wait until the other command has ended, or choose another file with --world"
            _refuse("R603", f"{path} is in use by another process", hint, error)
        yield
    finally:
        os.close(descriptor)


def _lock_name(path: Path) -> str:
    return f".{path.name.removeprefix('.')}.lock"


def load(path: Path) -> World | None:
    """The world in the file; None where there is no file. R601 broken, R602 too new."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        _refuse("R604", f"{path} cannot be read: {error}", "choose another file", error)
    hint = "remove the file to begin with an empty world, or choose another with --world"
    try:
        data = json.loads(text)
        version = data["format"]
    except (ValueError, TypeError, KeyError) as error:
        _refuse("R601", f"{path} holds no simulated world", hint, error)
    if version != FORMAT:
        message = f"{path} has format {version}, and this version reads {FORMAT}"
        _refuse("R602", message, "use the version of reconciler that wrote it, or " + hint)
    try:
        return decode(data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        _refuse("R601", f"{path} holds a world that is damaged: {error!r}", hint, error)


def save(world: World, path: Path) -> None:
    """Write the world, whole or not at all. R604 when it cannot be written."""
    text = json.dumps(encode(world), separators=(",", ":"))
    name = ""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        _refuse("R604", f"{path} cannot be written: {error.strerror}", "choose another", error)


def _refuse(code: str, summary: str, hint: str, cause: Exception | None = None) -> NoReturn:
    raise DiagnosticsError([Diagnostic(code, summary, hint=hint)]) from cause


# -- to and from plain data -----------------------------------------------------------------


def encode(world: World) -> dict[str, Any]:
    """The whole world as JSON values."""
    made: dict[str, Any] = {name: plain(getattr(world, name)) for name in _PLAIN}
    made |= {
        "format": FORMAT,
        "streams": {"seed": world.streams.seed, "states": world.streams.states},
        "heap": plain(sorted(world.heap)),
        "images": plain(world.images),
        "throttle": plain(world.throttle),
        "site": plain(world.site),
        "ports": dict(world.ports),
        "behaviours": plain(world.behaviours),
        "rules": plain(world.rules),
        "faults": plain(world.faults),
        "containers": [plain(each) for each in world.containers.values()],
        "stacks": {
            stack: {
                "objects": [plain(thing) for thing in held.objects.values()],
                "records": [plain(record) for record in held.records.values()],
            }
            for stack, held in world.stacks.items()
        },
    }
    return made


def decode(data: Mapping[str, Any]) -> World:
    """The world that `encode` wrote down."""
    # What a file of an earlier version does not tell of is as in a new world.
    world = World(**{name: data[name] for name in _PLAIN if name in data or name not in _LATER})
    if data.get("site") is not None:
        world.site = site.decoded(data["site"])
    world.streams = Streams(data["streams"]["seed"], dict(data["streams"]["states"]))
    world.heap = [_entry(each) for each in data["heap"]]
    heapify(world.heap)
    images = dict(data["images"])
    for name in ("missing", "denied"):
        images[name] = frozenset(images[name])
    images["limit"] = Limit(**images["limit"])
    world.images = Images(**images)
    world.throttle = Limit(**data["throttle"])
    world.ports = dict(data["ports"])
    world.behaviours = {name: _behaviour(each) for name, each in data["behaviours"].items()}
    world.rules = tuple(_rule(each) for each in data["rules"])
    world.faults = tuple(Fault(**each) for each in data["faults"])
    for stack, held in data["stacks"].items():
        holding = world.holding(stack)
        holding.objects = {t.key: t for t in (_thing(each) for each in held["objects"])}
        records = [Record(**each) for each in held["records"]]
        holding.records = {record.id: record for record in records}
    for each in data["containers"]:
        container = _container(each)
        world.containers[container.id] = container
        world.names[container.name] = container.id
        instances = world.holding(container.stack).instances
        instances.setdefault(container.key, {})[container.id] = container
    return world


def _entry(each: list[Any]) -> tuple[int, int, int, str, tuple[Any, ...]]:
    at_ns, rank, seq, kind, payload = each
    return at_ns, rank, seq, kind, tuple(payload)


def _values(data: Mapping[str, Any]) -> dict[str, Any]:
    return {path: tuple(v) if isinstance(v, list) else v for path, v in data.items()}


def _tupled(value: Any) -> Any:
    return tuple(_tupled(each) for each in value) if isinstance(value, list) else value


def _behaviour(data: Mapping[str, Any]) -> Behaviour:
    return Behaviour(**{name: _tupled(value) for name, value in data.items()})


def _rule(data: Mapping[str, Any]) -> Rule:
    then = tuple((name, _tupled(value)) for name, value in data["then"])
    return Rule(**{**data, "then": then})


def _container(data: dict[str, Any]) -> Container:
    return Container(
        **{
            **data,
            "key": ResourceKey.parse(data["key"]),
            "fields": _values(data["fields"]),
            "defaults": _values(data["defaults"]),
            "depends": tuple(data["depends"]),
            "holds": tuple(ResourceKey.parse(key) for key in data["holds"]),
            "behaviour": _behaviour(data["behaviour"]),
            "log": tuple(data["log"]),
            "answers": _tupled(data["answers"]),
            "answers_ready": _tupled(data["answers_ready"]),
        }
    )


def _thing(data: dict[str, Any]) -> Thing:
    return Thing(
        **{
            **data,
            "key": ResourceKey.parse(data["key"]),
            "fields": _values(data["fields"]),
            "defaults": _values(data["defaults"]),
            "status": Status(**data["status"]),
            "state": None if data["state"] is None else _rollout(data["state"]),
        }
    )


def _rollout(data: dict[str, Any]) -> Rollout:
    sets = [ReplicaSet(**{**each, "template": _values(each["template"])}) for each in data["sets"]]
    return Rollout(**{**data, "sets": sets, "progress": tuple(data["progress"])})

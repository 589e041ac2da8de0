"""Short ways to make what the planner and the controller are handed."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from reconciler.diff.fit import Template
from reconciler.model.observed import Fields, Foreign, Instance, Observed, ObservedObject, Scope
from reconciler.model.record import Outcome, Record, Revision, revision_body
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Declared, Stack
from reconciler.model.units import NS_PER_S
from reconciler.plan.changes import Asked
from reconciler.plan.plan import Plan
from reconciler.plan.planner import make_plan
from reconciler.targets.port import Capabilities

S = NS_PER_S
WEB = ResourceKey("service", "web")
DB = ResourceKey("service", "db")
JOB = ResourceKey("job", "migrate")
NET = ResourceKey("network", "default")
SHOP = ResourceKey("stack", "shop")
IN_PLACE = ("resources.", "restart.")
ENGINE = Capabilities("instances", IN_PLACE)
NATIVE = Capabilities("native")
PROBE = {"http": {"path": "/", "port": 80}}
READY = {"readiness": PROBE}


@cache
def _adapter() -> TypeAdapter[Declared]:
    return TypeAdapter(Declared)


def stack(digest: str = "d1", **declared: Any) -> Stack:
    """A stack called shop, as if it had been read from a file."""
    return Stack(_adapter().validate_python({"name": "shop", **declared}), digest=digest)


def web(image: str = "web:1", **service: Any) -> Stack:
    """A stack of one service."""
    return stack(services={"web": {"image": image, **service}})


def asked(made: Stack, key: ResourceKey = WEB) -> Asked:
    """A workload of a stack, as it is asked for."""
    return Asked(made, key, IN_PLACE)


def template(fields: Fields | None = None, revision: str = "r1", **more: Any) -> Template:
    """What instances should be."""
    wanted = {"image": "web:1"} if fields is None else fields
    return Template(WEB, wanted, revision, IN_PLACE, **more)


def instance(ordinal: int = 0, revision: str = "r1", **more: Any) -> Instance:
    """A running, ready instance of ``service/web``, unless `more` says otherwise."""
    attempt = more.pop("attempt", 1)
    key = more.pop("key", WEB)
    made: dict[str, Any] = {
        "id": f"{key.name}-{ordinal}-{revision}-{attempt}",
        "phase": "running", "ready": True, "started_at_ns": 0, "ready_since_ns": 0,
        "fields": {"image": "web:1"},
    }  # fmt: skip
    made |= more
    made.setdefault("name", made["id"])
    return Instance(key=key, ordinal=ordinal, revision=revision, attempt=attempt, **made)


def live(made: Stack, ordinal: int = 0, key: ResourceKey = WEB, **more: Any) -> Instance:
    """An instance that is exactly as a stack asks for."""
    wanted = asked(made, key).template({})
    fields = {**wanted.for_ordinal(ordinal), **more.pop("also", {})}
    return instance(ordinal, wanted.revision, key=key, fields=fields, **more)


def ended(made: Instance, at_ns: int = 0, code: int = 1, **more: Any) -> Instance:
    """The same instance, once its process is gone."""
    from dataclasses import replace

    gone: dict[str, Any] = {
        "phase": "exited", "ready": False, "ready_since_ns": None,
        "finished_at_ns": at_ns, "exit_code": code,
    }  # fmt: skip
    return replace(made, **(gone | more))


def fact(
    outcome: Outcome,
    revision: str = "r1",
    seq: int = 1,
    key: ResourceKey = WEB,
    **more: Any,
) -> Record:
    """A record about a revision."""
    made: dict[str, Any] = {"reason": "", "when_ns": 0, "fields": {"image": "web:1"}} | more
    body = revision_body(Revision(str(key), revision, outcome, seq=seq, **made))
    return Record("revision", str(key), seq, body)


def good(made: Stack, key: ResourceKey = WEB, seq: int = 1, **more: Any) -> Record:
    """The record that what a stack asks for is good."""
    wanted = asked(made, key).template({})
    return fact("good", wanted.revision, seq, key, fields=wanted.fields, **more)


def thing(key: ResourceKey, fields: Mapping[str, Any] | None = None, **more: Any) -> ObservedObject:
    """An object that is there."""
    made: dict[str, Any] = {"id": f"id-of-{key.name}", "fingerprint": "f1"} | more
    return ObservedObject(key, fields={} if fields is None else fields, **made)


def network(name: str = "default", **fields: Any) -> ObservedObject:
    """A network of ours."""
    return thing(ResourceKey("network", name), {"internal": False, **fields})


def observed(
    objects: Iterable[ObservedObject] = (),
    instances: Iterable[Instance] = (),
    records: Iterable[Record] = (),
    *,
    now_ns: int = 0,
    images: Mapping[str, str | None] | None = None,
    foreign: Iterable[Foreign] = (),
    unobservable: Mapping[ResourceKey, str] | None = None,
    keys: frozenset[ResourceKey] | None = None,
) -> Observed:
    """A snapshot."""
    return Observed(
        Scope("shop", keys), now_ns, now_ns, {each.key: each for each in objects},
        tuple(instances), tuple(records), {} if images is None else images, tuple(foreign),
        {} if unobservable is None else unobservable,
    )  # fmt: skip


def plan(made: Stack, seen: Observed | None = None, **more: Any) -> Plan:
    """What an apply would do on an engine."""
    capabilities = more.pop("capabilities", ENGINE)
    return make_plan(made, seen or observed(), {}, capabilities, target="docker", **more)

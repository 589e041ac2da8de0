"""Networks: each its own subnet, whose lower half the engine hands out.

Addresses that the engine hands out change hands when containers die. The upper half is
kept free for instances with fixed addresses.
"""

import hashlib
import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from docker import errors as sdk
from docker.types import IPAMConfig, IPAMPool

from reconciler.model.fields import digest_of
from reconciler.model.observed import Fields, ObservedObject, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import DONE, ApplyObject, DeleteObject, Outcome
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.adoption import Adoptions
from reconciler.targets.docker.engine import Engine, Json
from reconciler.targets.docker.errors import CHANGED, NO_SUBNET, NOT_IN_PLACE, NOT_OURS, explain
from reconciler.targets.docker.errors import text_of as text_of_error

POOL = ipaddress.IPv4Network("10.64.0.0/10")
PREFIX_LENGTH = 22
MOST_TRIES = 64
_OVERLAPS = ("overlap", "pool")


def observed_network(
    raw: Mapping[str, Any], key: ResourceKey, stack: str, users: Iterable[str] = ()
) -> ObservedObject:
    """What a network is. One that is called as ours and is not has no fields."""
    marks = raw.get("Labels") or {}
    if tag.key_of(marks, stack) != key:
        return ObservedObject(key, raw["Id"], owned=False, fingerprint=raw["Id"])
    fields, defaults = _fields(raw, marks)
    return ObservedObject(
        key, raw["Id"], fields, defaults,
        fingerprint=digest_of({**fields, "id": raw["Id"]}), users=tuple(sorted(users)),
    )  # fmt: skip


def apply_network(engine: Engine, stack: str, step: ApplyObject, adoptions: Adoptions) -> Outcome:
    """Create the network. Nothing of a network can change in place."""
    name = adoptions.name_of(step.key)
    existing = [adoptions.dressed(raw) for raw in find_networks(engine, name)]
    if existing:
        return _judge(observed_network(existing[0], step.key, stack), step, name)
    if step.expect is not None:
        return Outcome("conflict", f"the network {name} is gone", CHANGED)
    taken = [net for raw in engine.networks() for net in _subnets(raw)]
    wanted = step.fields.get("subnet")
    last = Outcome("terminal", "no subnet is free", NO_SUBNET, "give the network a subnet")
    for subnet in [wanted] if isinstance(wanted, str) else candidates(stack, step.key.name, taken):
        try:
            created = _create(engine, stack, step, name, subnet, chosen=wanted is None)
        except sdk.APIError as error:
            said = text_of_error(error)
            last = explain(error.status_code or 500, said)
            if wanted is None and any(word in said.lower() for word in _OVERLAPS):
                continue
            return last
        return _unless_doubled(engine, name, created["Id"])
    return last


def delete_network(engine: Engine, stack: str, step: DeleteObject, adoptions: Adoptions) -> Outcome:
    """Remove the network with this id; a conflict while something is on it."""
    try:
        raw = adoptions.dressed(engine.inspect_network(step.id))
    except sdk.NotFound:
        return DONE
    found = observed_network(raw, step.key, stack)
    if not found.owned or raw["Id"] != step.id:
        return Outcome("conflict", f"the network {raw['Name']} is not ours", NOT_OURS)
    if step.expect and found.fingerprint != step.expect:
        return Outcome("conflict", f"the network {raw['Name']} has changed", CHANGED)
    engine.remove_network(step.id)
    return DONE


def find_networks(engine: Engine, name: str) -> list[Json]:
    """The networks with exactly this name, oldest first: the engine's names are not unique."""
    found = [raw for raw in engine.networks(names=[name]) if raw["Name"] == name]
    return sorted(found, key=lambda raw: (raw.get("Created", ""), raw["Id"]))


def candidates(stack: str, name: str, taken: Collection[Any]) -> Iterator[str]:
    """Free subnets to try, always the same first one for the same network."""
    count = 2 ** (PREFIX_LENGTH - POOL.prefixlen)
    digest = hashlib.sha256(f"{stack}/{name}".encode()).digest()
    first, tried = int.from_bytes(digest[:8], "big") % count, 0
    size = 2 ** (32 - PREFIX_LENGTH)
    for step in range(count):
        base = int(POOL.network_address) + (first + step) % count * size
        subnet = ipaddress.IPv4Network((base, PREFIX_LENGTH))
        if any(net.version == 4 and net.overlaps(subnet) for net in taken):
            continue
        yield str(subnet)
        tried += 1
        if tried == MOST_TRIES:
            return


def _judge(found: ObservedObject, step: ApplyObject, name: str) -> Outcome:
    if not found.owned:
        return Outcome(
            "conflict", f"a network called {name} is there and is not ours", NOT_OURS,
            "remove or rename it, or adopt it",
        )  # fmt: skip
    if step.expect is not None and step.expect != found.fingerprint:
        return Outcome("conflict", f"the network {name} has changed", CHANGED)
    if all(found.fields.get(path) == value for path, value in step.fields.items()):
        return DONE
    return Outcome(
        "terminal", f"the network {name} cannot change in place", NOT_IN_PLACE,
        "it has to be removed and made anew, which takes everything on it down",
    )  # fmt: skip


def _create(
    engine: Engine, stack: str, step: ApplyObject, name: str, subnet: str, *, chosen: bool
) -> Json:
    marks = tag.of_object(stack, step.key)
    if chosen:
        marks[tag.SUBNET] = subnet
    pool = IPAMPool(subnet=subnet, iprange=_lower_half(subnet))
    made: Json = engine.create_network(
        name, driver="bridge", check_duplicate=True, labels=marks,
        internal=bool(step.fields.get("internal")),
        ipam=IPAMConfig(pool_configs=[pool]),
    )  # fmt: skip
    return made


def _unless_doubled(engine: Engine, name: str, own_id: str) -> Outcome:
    # Two that create at once may both succeed; the older one stays.
    found = find_networks(engine, name)
    if found and found[0]["Id"] != own_id:
        engine.remove_network(own_id)
        return Outcome("conflict", f"another network called {name} was made meanwhile", CHANGED)
    return DONE


def _lower_half(subnet: str) -> str | None:
    net = ipaddress.ip_network(subnet, strict=False)
    if net.version != 4 or net.prefixlen > 28:
        return None
    return str(next(net.subnets(prefixlen_diff=1)))


def _subnets(raw: Mapping[str, Any]) -> list[Any]:
    found = []
    for config in (raw.get("IPAM") or {}).get("Config") or []:
        if config.get("Subnet"):
            found.append(ipaddress.ip_network(config["Subnet"], strict=False))
    return found


def _fields(raw: Mapping[str, Any], marks: Mapping[str, str]) -> tuple[Fields, Fields]:
    configs = (raw.get("IPAM") or {}).get("Config") or []
    subnet = ",".join(sorted(config.get("Subnet", "") for config in configs))
    fields: dict[str, Value] = {
        "internal": bool(raw.get("Internal")), "subnet": subnet,
        "driver": raw.get("Driver", ""), "attachable": bool(raw.get("Attachable")),
        "ipv6": bool(raw.get("EnableIPv6")),
    }  # fmt: skip
    for name, text in (raw.get("Options") or {}).items():
        fields[f"options.{name}"] = text
    defaults: dict[str, Value] = {"driver": "bridge", "attachable": False, "ipv6": False}
    if marks.get(tag.SUBNET) == subnet:
        defaults["subnet"] = subnet
    if tag.ADOPTED in marks:  # whoever made it chose the rest
        defaults = {path: value for path, value in fields.items() if path != "internal"}
    for path in fields:
        # An engine may write its own, for instance the MTU.
        if path.startswith("options.com.docker.network."):
            defaults[path] = fields[path]
    return fields, defaults

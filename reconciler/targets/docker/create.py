"""From neutral fields to what the engine is given to create a container. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.observed import Fields, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import CreateInstance
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.block import converted
from reconciler.targets.docker.names import object_name
from reconciler.targets.docker.probes import healthcheck_of

NANO_PER_MILLI = 1_000_000
# Fields whose written form the engine does not give back: kept in a label, word for word.
KEPT_PREFIXES = (
    "startup.", "liveness.", "readiness.", "stop.", "docker.", "volumes.", "configs.",
    "secrets.", "restart.", "security.add_capabilities", "security.drop_capabilities",
)  # fmt: skip
RESTART = {"always": "always", "on-failure": "on-failure", "never": "no"}


@dataclass(frozen=True, slots=True)
class Material:
    """What a container needs beyond its fields.

    `environment`: variables whose values are contents; `files`: where on the engine's host
    the file for each target path is; `volumes` and `networks`: the engine's names of those
    that are not called as we would call them.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)


Json = dict[str, Any]


def create_body(stack: str, step: CreateInstance, material: Material) -> Json:
    """The engine's JSON for ``POST /containers/create``, with the first network only."""
    fields = step.fields
    labels, environment = _labels(stack, step), _environment(fields, material)
    image = fields.get("image.id") or fields["image"]
    body: Json = {
        "Image": image,
        "Env": [f"{name}={value}" for name, value in sorted(environment.items())],
        "Labels": labels,
        "HostConfig": _host_config(stack, fields, material),
    }
    plain = {"hostname": "Hostname", "security.user": "User", "stop_signal": "StopSignal"}
    body.update({place: fields[path] for path, place in plain.items() if path in fields})
    for path, place in (("entrypoint", "Entrypoint"), ("command", "Cmd")):
        if fields.get(path):
            body[place] = list(_texts(fields[path]))
    grace = fields.get("stop.grace")
    if isinstance(grace, int):
        body["StopTimeout"] = -(-grace // NS_PER_S)
    healthcheck = healthcheck_of(fields)
    if healthcheck is not None:
        body["Healthcheck"] = healthcheck
    ports = [path.removeprefix("ports.") for path in fields if path.startswith("ports.")]
    if ports:
        body["ExposedPorts"] = {port: {} for port in sorted(ports)}
    for (place, name), value in converted(fields).items():
        (body if place == "Config" else body["HostConfig"])[name] = value
    _join_security(body["HostConfig"], fields)
    _join_first_network(stack, body, step, material)
    return body


def network_names(stack: str, fields: Fields, material: Material) -> tuple[str, ...]:
    """The engine's names of the networks that a container is on, the first one first."""
    if "docker.network_mode" in fields:
        return ()
    return tuple(network_name(stack, name, material) for name in _texts(fields.get("networks")))


def network_name(stack: str, name: str, material: Material) -> str:
    """The engine's name of one of the stack's networks."""
    return material.networks.get(name) or object_name(stack, ResourceKey("network", name))


def endpoint_of(key: ResourceKey, fields: Fields) -> Json:
    """How a container is known on a network: by its service's name and its aliases."""
    return {"Aliases": [key.name, *_texts(fields.get("aliases"))]}


def kept_fields(fields: Fields) -> dict[str, Value]:
    """The fields that a label keeps, because the engine does not give them back."""
    kept = {path: value for path, value in fields.items() if path.startswith(KEPT_PREFIXES)}
    if "image.id" in fields:
        kept |= {"image": fields["image"], "image.id": fields["image.id"]}
    return kept


def volume_name(stack: str, name: str, material: Material) -> str:
    """The engine's name of one of the stack's volumes."""
    return material.volumes.get(name) or object_name(stack, ResourceKey("volume", name))


def split_mount(text: str) -> tuple[str, bool]:
    """``data:ro`` → (``data``, read only)."""
    return (text[:-3], True) if text.endswith(":ro") else (text, False)


def update_body(fields: Fields, lifted: Mapping[str, int]) -> Json:
    """The engine's JSON for ``POST /containers/…/update``.

    The engine takes 0 for "leave it": a limit that is to go is set to what `lifted` says
    is as good as none on this engine.
    """
    body: Json = {}
    for path, value in sorted(fields.items()):
        amount = value if isinstance(value, int) and value else lifted.get(path, 0)
        if path == "restart.policy":
            body["RestartPolicy"] = restart_policy(value)
        elif path == "resources.memory_limit":
            body |= {"Memory": amount, "MemorySwap": amount}
        elif path == "resources.memory_swap":  # none beside the limit
            body.setdefault("MemorySwap", lifted[path])
        elif path == "resources.memory_request":
            body["MemoryReservation"] = amount
        elif path == "resources.cpu_limit":
            body["NanoCpus"] = amount * NANO_PER_MILLI
        elif path == "resources.cpu_shares":
            body["CpuShares"] = amount
    return body


def restart_policy(value: Value) -> Json:
    """``always`` → the engine's policy.

    Not ``unless-stopped``: what was stopped by hand is wanted all the same, and what we
    stop is disarmed first.
    """
    return {"Name": RESTART[str(value)], "MaximumRetryCount": 0}


def _labels(stack: str, step: CreateInstance) -> dict[str, str]:
    fields = step.fields
    labels = {
        path.removeprefix("labels."): str(text)
        for path, text in fields.items()
        if path.startswith("labels.")
    }
    identity = tag.Identity(
        step.key, step.ordinal, step.revision, step.attempt, step.streak, step.depends
    )
    labels |= tag.of_instance(stack, identity)
    labels[tag.INSTANCE] = step.name
    labels[tag.ASKED] = tag.text_of(kept_fields(fields))
    labels[tag.NETWORKS] = tag.text_of({"networks": fields.get("networks", ()),
                                        "aliases": fields.get("aliases", ())})  # fmt: skip
    sources = {path.removeprefix("environment."): source[0] + ":" + source[1]
               for path, value in fields.items()
               if path.startswith("environment.") and (source := content_of(value))}  # fmt: skip
    if sources:
        labels[tag.SOURCES] = tag.text_of(sources)
    return labels


def content_of(value: Value) -> tuple[str, str, str] | None:
    """``secret:db@1f3a`` → (``secret``, ``db``, ``1f3a``); None for a plain value."""
    if not isinstance(value, str) or not value.startswith(("secret:", "config:")):
        return None
    kind, _, rest = value.partition(":")
    name, mark, digest = rest.rpartition("@")
    is_digest = len(digest) == 16 and all(c in "0123456789abcdef" for c in digest)
    return (kind, name, digest) if mark and is_digest else None


def _environment(fields: Fields, material: Material) -> dict[str, str]:
    made = {}
    for path, value in fields.items():
        if path.startswith("environment."):
            name = path.removeprefix("environment.")
            made[name] = material.environment.get(name, str(value))
    return made


def _host_config(stack: str, fields: Fields, material: Material) -> Json:
    made: Json = {
        "RestartPolicy": restart_policy(fields.get("restart.policy", "never")),
        "Mounts": _mounts(stack, fields, material),
        "PortBindings": _bindings(fields),
    }
    limit = fields.get("resources.memory_limit")
    if limit:
        made |= {"Memory": limit, "MemorySwap": limit}  # a limit is one: no swap beside it
    if request := fields.get("resources.memory_request"):
        made["MemoryReservation"] = request
    cpu = fields.get("resources.cpu_limit")
    if isinstance(cpu, int) and cpu:
        made["NanoCpus"] = cpu * NANO_PER_MILLI
    if shares := fields.get("resources.cpu_shares"):
        made["CpuShares"] = shares
    if fields.get("security.read_only_root"):
        made["ReadonlyRootfs"] = True
    for path, place in (("add", "CapAdd"), ("drop", "CapDrop")):
        if names := fields.get(f"security.{path}_capabilities"):
            made[place] = list(_texts(names))
    return made


def _bindings(fields: Fields) -> Json:
    made: Json = {}
    for path, value in fields.items():
        if path.startswith("ports."):
            ip, _, host = str(value).rpartition(":")
            made[path.removeprefix("ports.")] = [{"HostIp": ip, "HostPort": host}]
    return made


def _mounts(stack: str, fields: Fields, material: Material) -> list[Json]:
    made: list[Json] = []
    for path in sorted(fields):
        kind, _, target = path.partition(".")
        if kind == "volumes":
            source, read_only = split_mount(str(fields[path]))
            is_path = source.startswith("/")
            actual = source if is_path else volume_name(stack, source, material)
            made.append({"Type": "bind" if is_path else "volume", "Source": actual,
                         "Target": target, "ReadOnly": read_only})  # fmt: skip
        elif kind in ("configs", "secrets"):
            made.append({"Type": "bind", "Source": material.files[target],
                         "Target": target, "ReadOnly": True})  # fmt: skip
    return made


def _join_security(host: Json, fields: Fields) -> None:
    if fields.get("security.no_new_privileges"):
        host["SecurityOpt"] = ["no-new-privileges:true", *host.get("SecurityOpt", [])]


def _join_first_network(stack: str, body: Json, step: CreateInstance, material: Material) -> None:
    names = network_names(stack, step.fields, material)
    if names:
        body["HostConfig"]["NetworkMode"] = names[0]
        endpoint = endpoint_of(step.key, step.fields)
        body["NetworkingConfig"] = {"EndpointsConfig": {names[0]: endpoint}}


def _texts(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()

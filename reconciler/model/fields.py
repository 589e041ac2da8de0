"""What is wanted of resources, as the flat fields that observations use too.

Everything here is a pure function of the stack. The paths:

=========================================  ====================================================
``image``                                  normalised reference
``entrypoint`` ``command``                 tuple of words
``environment.NAME``                       text, ``config:NAME@DIGEST`` or ``secret:NAME@DIGEST``
``ports.8080/tcp``                         ``ip:host`` of this ordinal, e.g. ``:8081``
``volumes./path``                          ``name`` or ``/host/path``, ``:ro`` appended
``configs./path`` ``secrets./path``        ``name@DIGEST:mode``
``networks`` ``aliases``                   sorted tuple
``hostname`` ``stop_signal``               text
``resources.*``                            ``memory_limit`` ``memory_request`` (bytes),
                                           ``cpu_limit`` (millicores), ``cpu_shares``;
                                           ``cpu_request`` of a native workload
``restart.policy``                         ``always``, ``on-failure`` or ``never``
``security.*``                             ``user`` ``read_only_root`` ``add_capabilities``
                                           ``drop_capabilities`` ``no_new_privileges``
``startup.*`` ``liveness.*``               probes: ``kind``, ``port``, ``path``, ``command`` …,
``readiness.*``                            and their times in ns
``stop.drain`` ``stop.pre_stop``           ns; the first is the edge's, before the signal
``stop.grace``                             ns
``replicas`` ``rollout.*``                 of a native workload: how many, how exchanged
``labels.NAME``                            text
``docker.NAME``                            what the `docker:` block says, as JSON text
=========================================  ====================================================

Fields that are not asked for are absent, so that a target's own default is no difference.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache

from reconciler.model.container import EnvValue, Port
from reconciler.model.image import normalised
from reconciler.model.lifecycle import Probe
from reconciler.model.observed import Fields, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Job, Service, Workload
from reconciler.model.stack import Declared, Stack

DEFAULT_NETWORK = "default"
_COMPACT = json.JSONEncoder(separators=(",", ":"))


def object_fields(stack: Stack, key: ResourceKey) -> dict[str, Value]:
    """What is wanted of a network, volume, config, secret or external."""
    declared = stack.declared
    if key.kind == "network":
        network = declared.networks.get(key.name)
        fields: dict[str, Value] = {"internal": bool(network and network.internal)}
        if network is not None and network.subnet:
            fields["subnet"] = network.subnet
        return fields
    if key.kind == "volume":
        volume = declared.volumes[key.name]
        options = {f"options.{name}": text for name, text in volume.options.items()}
        return {"driver": volume.driver, **options}
    if key.kind in ("config", "secret"):
        return {"digest": key.name.partition("@")[2]}
    return {}


def workload_fields(stack: Stack, key: ResourceKey) -> dict[str, Value]:
    """What is wanted of every instance of a service or job, host ports still as a range."""
    workload = stack.workload(key)
    assert workload is not None, key
    fields = _container(stack.declared, workload)
    if isinstance(workload, Service):
        _service(fields, workload)
    elif isinstance(workload, Job):
        fields["restart.policy"] = "never"
        fields["stop.grace"] = workload.grace
    return fields


def native_fields(stack: Stack, key: ResourceKey) -> dict[str, Value]:
    """What is wanted of a workload as one object, on a target that rolls it itself.

    Besides what its instances are made of: how many, how they are exchanged, and the CPU that
    each is promised, which an engine of containers knows nothing of.
    """
    fields = workload_fields(stack, key)
    workload = stack.workload(key)
    assert workload is not None, key
    if workload.resources.requests.cpu is not None:
        fields["resources.cpu_request"] = workload.resources.requests.cpu
    if isinstance(workload, Service):
        fields["replicas"] = workload.wanted
        fields.update(rollout_fields(workload))
    return fields


def rollout_fields(service: Service) -> dict[str, Value]:
    """How a cluster is to exchange its pods. Every way that is not `recreate` is rolling there."""
    rollout = service.rollout
    return {
        "rollout.strategy": "recreate" if rollout.strategy == "recreate" else "rolling",
        "rollout.max_surge": rollout.max_surge,
        "rollout.max_unavailable": rollout.max_unavailable,
        "rollout.min_ready": rollout.min_ready, "rollout.deadline": rollout.deadline,
    }  # fmt: skip


def for_ordinal(fields: Fields, ordinal: int) -> dict[str, Value]:
    """The fields of one instance: ranges of host ports become its own port."""
    made = dict(fields)
    for path, value in fields.items():
        if path.startswith("ports.") and isinstance(value, str) and "-" in value:
            ip, _, span = value.rpartition(":")
            first, _, last = span.partition("-")
            host = int(first) + ordinal
            if host > int(last):
                del made[path]
            else:
                made[path] = f"{ip}:{host}"
    return made


def is_in_place(path: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a field can change without a replacement, where fields that begin so can."""
    return path.startswith(prefixes)


def revision_of(fields: Fields, in_place: Sequence[str]) -> str:
    """Content hash of what cannot change in place: ten hexadecimal digits.

    It is that of the sorted pairs of path and value as a JSON list without spaces.
    """
    fixed = [(path, fields[path]) for path in _fixed(tuple(fields), tuple(in_place))]
    return hashlib.sha256(_COMPACT.encode(fixed).encode()).hexdigest()[:10]


@lru_cache(maxsize=4096)
def _fixed(paths: tuple[str, ...], prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """Those that cannot change in place, sorted: many services have the very same fields."""
    return tuple(sorted(path for path in paths if not is_in_place(path, prefixes)))


def digest_of(fields: Fields) -> str:
    """Content hash of all fields: sixteen hexadecimal digits."""
    text = _COMPACT.encode(sorted(fields.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_keys(declared: Declared, workload: Workload) -> tuple[ResourceKey, ...]:
    """The config and secret objects that a workload mounts as files."""
    configs = [("config", m.source, declared.configs[m.source].digest) for m in workload.configs]
    secrets = [("secret", m.source, declared.secrets[m.source].digest) for m in workload.secrets]
    return tuple(
        ResourceKey("config" if kind == "config" else "secret", f"{name}@{digest}")
        for kind, name, digest in sorted({*configs, *secrets})
    )


def networks_of(declared: Declared, workload: Workload) -> tuple[str, ...]:
    """The networks a workload is on; the stack's default one when it names none."""
    return tuple(sorted(workload.networks)) or (DEFAULT_NETWORK,)


def _container(declared: Declared, workload: Workload) -> dict[str, Value]:
    fields: dict[str, Value] = {
        "image": normalised(workload.image),
        "networks": networks_of(declared, workload),
    }
    if workload.entrypoint:
        fields["entrypoint"] = workload.entrypoint
    if workload.command:
        fields["command"] = workload.command
    for name, value in workload.environment.items():
        fields[f"environment.{name}"] = _environment(declared, value)
    for mount in workload.volumes:
        fields[f"volumes.{mount.target}"] = mount.source + (":ro" if mount.read_only else "")
    for config in workload.configs:
        digest = declared.configs[config.source].digest
        fields[f"configs.{config.target}"] = f"{config.source}@{digest}:{config.mode}"
    for secret in workload.secrets:
        digest = declared.secrets[secret.source].digest
        fields[f"secrets.{secret.target}"] = f"{secret.source}@{digest}:{secret.mode}"
    for label, text in workload.labels.items():
        fields[f"labels.{label}"] = text
    for name, setting in workload.docker.items():
        fields[f"docker.{name}"] = json.dumps(setting, sort_keys=True)
    _limits(fields, workload)
    return fields


def _environment(declared: Declared, value: EnvValue) -> str:
    if value.config is not None:
        return f"config:{value.config}@{declared.configs[value.config].digest}"
    if value.secret is not None:
        return f"secret:{value.secret}@{declared.secrets[value.secret].digest}"
    return value.value or ""


def _limits(fields: dict[str, Value], workload: Workload) -> None:
    resources, security = workload.resources, workload.security
    asked: tuple[tuple[str, Value], ...] = (
        ("resources.memory_limit", resources.limits.memory),
        ("resources.memory_request", resources.requests.memory),
        ("resources.cpu_limit", resources.limits.cpu),
        ("resources.cpu_shares", resources.cpu_shares),
        ("security.user", security.user),
        ("security.read_only_root", security.read_only_root or None),
        ("security.add_capabilities", tuple(sorted(security.add_capabilities)) or None),
        ("security.drop_capabilities", tuple(sorted(security.drop_capabilities)) or None),
        ("security.no_new_privileges", security.no_new_privileges or None),
    )
    for path, value in asked:
        if value is not None:
            fields[path] = value


def _service(fields: dict[str, Value], service: Service) -> None:
    for port in service.ports:
        if port.host is not None:
            fields[f"ports.{port.container}/{port.transport}"] = _published(port)
    if service.hostname:
        fields["hostname"] = service.hostname
    if service.aliases:
        fields["aliases"] = tuple(sorted(service.aliases))
    for name in ("startup", "liveness", "readiness"):
        probe: Probe | None = getattr(service, name)
        if probe is not None:
            fields.update(_probe(name, probe))
    termination = service.termination
    if termination.signal != "SIGTERM":
        fields["stop_signal"] = termination.signal
    fields["stop.grace"] = termination.grace
    if termination.pre_stop:
        fields["stop.pre_stop"] = termination.pre_stop
    if service.routing is not None and service.routing.drain:
        fields["stop.drain"] = service.routing.drain
    fields["restart.policy"] = service.restart.policy


def _published(port: Port) -> str:
    span = f"{port.host}-{port.last}" if port.last is not None else f"{port.host}"
    return f"{port.ip}:{span}"


def _probe(name: str, probe: Probe) -> dict[str, Value]:
    made: dict[str, Value] = {
        f"{name}.delay": probe.delay, f"{name}.period": probe.period,
        f"{name}.timeout": probe.timeout, f"{name}.successes": probe.successes,
        f"{name}.failures": probe.failures,
    }  # fmt: skip
    http = probe.http
    if http is not None:
        made[f"{name}.kind"] = "http"
        made[f"{name}.port"] = http.port
        made[f"{name}.path"] = http.path
        made[f"{name}.headers"] = tuple([f"{k}: {v}" for k, v in sorted(http.headers.items())])
        made[f"{name}.status"] = tuple([str(status) for status in http.status])
        made[f"{name}.body"] = http.body
    elif probe.tcp is not None:
        made |= {f"{name}.kind": "tcp", f"{name}.port": probe.tcp.port}
    elif probe.grpc is not None:
        made |= {f"{name}.kind": "grpc", f"{name}.port": probe.grpc.port}
        made |= {f"{name}.service": probe.grpc.service}
    elif probe.exec is not None:
        made |= {f"{name}.kind": "exec", f"{name}.command": probe.exec}
    elif probe.heartbeat is not None:
        made |= {f"{name}.kind": "heartbeat", f"{name}.file": probe.heartbeat.file}
        made |= {f"{name}.max_age": probe.heartbeat.max_age}
    return made

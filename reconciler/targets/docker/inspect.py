"""From the engine's JSON to instances: what is live, in the form that is wanted. Pure.

`defaults` holds what the image or the engine gives when nothing is asked, so that a live
field that nobody asked for is a difference only where somebody changed it.
"""

from typing import Any, cast

from reconciler.model.image import normalised
from reconciler.model.observed import Fields, Instance, Phase, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.attached import (
    Json,
    Pair,
    Surroundings,
    mounts_of,
    networks_of,
    ports_of,
)
from reconciler.targets.docker.block import NO_NEW_PRIVILEGES, live_fields
from reconciler.targets.docker.create import NANO_PER_MILLI
from reconciler.targets.docker.health import Health
from reconciler.targets.docker.probes import healthcheck_of
from reconciler.targets.docker.times import parse_time_ns

# More memory than any machine has: how a limit is lifted on a container that runs.
LIFTED_BYTES = 1 << 60
USUAL_SHARES = 1024
DEFAULT_STOP_NS = 10 * NS_PER_S
HIDDEN = "(hidden)"
STRANGE_LABELS = ("desktop.docker.io/",)  # Docker Desktop marks binds with these


def instance_of(raw: Json, around: Surroundings, health: Health) -> Instance | None:
    """The instance that a container is; None where its labels name none of the stack's."""
    labels = raw["Config"].get("Labels") or {}
    identity = tag.identity_of(labels, around.stack)
    if identity is None:
        return None
    state, asked = raw["State"], tag.fields_of(labels, tag.ASKED)
    fields, defaults = fields_of(raw, around, asked, identity.key)
    phase = cast(Phase, state["Status"])
    ended = phase in ("exited", "dead", "restarting")
    return Instance(
        id=raw["Id"], name=raw["Name"].lstrip("/"), key=identity.key,
        ordinal=identity.ordinal, revision=identity.revision, attempt=identity.attempt,
        phase=phase, ready=health.ready, live=health.live,
        armed=fields["restart.policy"] != "never" or asked.get("restart.policy") == "never",
        streak=identity.streak,
        created_at_ns=parse_time_ns(raw.get("Created")) or 0,
        started_at_ns=parse_time_ns(state.get("StartedAt")),
        ready_since_ns=health.since_ns,
        finished_at_ns=parse_time_ns(state.get("FinishedAt")) if ended else None,
        exit_code=state.get("ExitCode") if ended else None,
        oom_killed=bool(state.get("OOMKilled")),
        engine_restarts=raw.get("RestartCount", 0),
        image_id=raw.get("Image", ""),
        fields=fields, defaults=defaults, depends=identity.depends, message=health.message,
    )  # fmt: skip


def fields_of(raw: Json, around: Surroundings, asked: Fields, key: ResourceKey) -> Pair:
    """(live fields, their defaults)."""
    fields: dict[str, Value] = {}
    defaults: dict[str, Value] = {}
    parts = (
        _process(raw, around, asked), _environment(raw, around), _labels(raw, around),
        mounts_of(raw, around, asked), networks_of(raw, around, asked, key), ports_of(raw),
        _resources(raw, around), _security(raw, around, asked), live_fields(raw, asked),
        _life(raw, around, asked), _working_dir(raw, around, asked), _name(raw),
    )  # fmt: skip
    for live, usual in parts:
        fields |= live
        defaults |= usual
    return fields, defaults


def _process(raw: Json, around: Surroundings, asked: Fields) -> Pair:
    config, image = raw["Config"], around.image
    reference = config.get("Image", "")
    if asked.get("image.id") == reference:  # made of exactly this image
        reference = str(asked.get("image", reference))
    entrypoint, command = _words(config.get("Entrypoint")), _words(config.get("Cmd"))
    fields: dict[str, Value] = {
        "image": normalised(reference), "entrypoint": entrypoint, "command": command,
        "hostname": config.get("Hostname", ""),
    }  # fmt: skip
    own_name = raw["Id"][:12]
    defaults: dict[str, Value] = {"hostname": own_name}
    if image is None:
        return fields, defaults | {"entrypoint": entrypoint, "command": command}
    usual = _words(image.get("Entrypoint"))
    # An entry point of its own makes the engine drop the image's command too.
    defaults["entrypoint"] = usual
    defaults["command"] = _words(image.get("Cmd")) if entrypoint == usual else ()
    if (raw["HostConfig"].get("NetworkMode") or "") == "host":
        defaults["hostname"] = fields["hostname"]
    return fields, defaults


def _environment(raw: Json, around: Surroundings) -> Pair:
    config, image = raw["Config"], around.image
    sources = tag.fields_of(config.get("Labels") or {}, tag.SOURCES)
    hidden = tag.fields_of(config.get("Labels") or {}, tag.ADOPTED).get("hidden") or ()
    fields: dict[str, Value] = {}
    for name, text in _pairs(config.get("Env")).items():
        kind, mark, of = str(sources.get(name, "")).partition(":")
        if mark:  # never the value itself
            text = f"{kind}:{of}@{around.digest(kind, of, text.encode())}"
        if isinstance(hidden, tuple) and name in hidden:
            text = HIDDEN
        fields[f"environment.{name}"] = text
    if image is None:
        return fields, dict(fields)
    usual = {f"environment.{name}": text for name, text in _pairs(image.get("Env")).items()}
    return fields, {path: text for path, text in usual.items() if path in fields}


def _labels(raw: Json, around: Surroundings) -> Pair:
    strange = (tag.PREFIX, *STRANGE_LABELS)
    live = {
        f"labels.{name}": text
        for name, text in (raw["Config"].get("Labels") or {}).items()
        if not name.startswith(strange)
    }
    image = around.image
    usual = (image.get("Labels") or {}) if image is not None else {}
    defaults = {f"labels.{name}": text for name, text in usual.items()}
    as_found = image is None or is_adopted(raw)  # whoever made it put them there
    return dict(live), dict(live) if as_found else dict(defaults)


def _resources(raw: Json, around: Surroundings) -> Pair:
    host = raw["HostConfig"]
    memory, swap = host.get("Memory") or 0, host.get("MemorySwap") or 0
    request, shares = host.get("MemoryReservation") or 0, host.get("CpuShares") or 0
    cpu = _cpu_m(host)
    fields: dict[str, Value] = {
        "resources.memory_limit": memory, "resources.memory_request": request,
        "resources.cpu_limit": cpu, "resources.cpu_shares": shares,
    }  # fmt: skip
    if memory and swap not in (memory, 0, -1):
        fields["resources.memory_swap"] = swap
    # Lifted limits are as good as none, and a share of 1024 is what none comes to.
    none = {
        "resources.memory_limit": memory >= LIFTED_BYTES,
        "resources.memory_request": request >= LIFTED_BYTES or request == memory,
        "resources.cpu_limit": cpu == around.cpus * 1000,
        "resources.cpu_shares": shares == USUAL_SHARES,
    }
    return fields, {path: fields[path] if is_none else 0 for path, is_none in none.items()}


def _cpu_m(host: Json) -> int:
    if nano := host.get("NanoCpus"):
        return int(nano) // NANO_PER_MILLI
    quota = host.get("CpuQuota") or 0
    return int(quota) * 1000 // (host.get("CpuPeriod") or 100_000) if quota > 0 else 0


def _security(raw: Json, around: Surroundings, asked: Fields) -> Pair:
    config, host, image = raw["Config"], raw["HostConfig"], around.image
    options = host.get("SecurityOpt") or ()
    fields: dict[str, Value] = {
        "security.user": config.get("User") or "",
        "security.read_only_root": bool(host.get("ReadonlyRootfs")),
        "security.no_new_privileges": any(option in NO_NEW_PRIVILEGES for option in options),
    }
    defaults: dict[str, Value] = {
        "security.user": (image.get("User") or "") if image is not None
        else fields["security.user"],
        "security.read_only_root": False, "security.no_new_privileges": False,
    }  # fmt: skip
    for path, place in (("add", "CapAdd"), ("drop", "CapDrop")):
        name = f"security.{path}_capabilities"
        live = _capabilities(host.get(place) or ())
        written = asked.get(name)
        same = isinstance(written, tuple) and _capabilities(written) == live
        fields[name], defaults[name] = (written if same else live), ()
    return fields, defaults


def _capabilities(names: Any) -> tuple[str, ...]:
    return tuple(sorted(str(name).upper().removeprefix("CAP_") for name in names))


def _life(raw: Json, around: Surroundings, asked: Fields) -> Pair:
    """Restart policy, stop, probes: what only the label knows is taken from there."""
    config, image = raw["Config"], around.image or {}
    probes = ("startup.", "liveness.", "readiness.", "stop.pre_stop", "stop.drain")
    fields = {path: value for path, value in asked.items() if path.startswith(probes)}
    policy = raw["HostConfig"].get("RestartPolicy") or {}
    fields["restart.policy"] = policy_of(policy)
    fields["stop_signal"] = config.get("StopSignal") or "SIGTERM"
    timeout = config.get("StopTimeout")
    live = DEFAULT_STOP_NS if timeout is None else timeout * NS_PER_S
    grace = asked.get("stop.grace")
    exact = isinstance(grace, int) and -(-grace // NS_PER_S) * NS_PER_S == live
    # What was made by somebody else says nothing of it: it is stopped as it is asked for.
    exact = exact or (timeout is None and isinstance(grace, int) and is_adopted(raw))
    fields["stop.grace"] = grace if exact else live
    check, wanted = config.get("Healthcheck"), healthcheck_of(asked) or image.get("Healthcheck")
    if around.image is not None and _check(check) != _check(wanted) and not is_adopted(raw):
        fields["healthcheck"] = " ".join(check["Test"]) if check else "none"
    return fields, {
        "restart.policy": "never", "stop.grace": DEFAULT_STOP_NS,
        "stop_signal": (image.get("StopSignal") or "SIGTERM") if around.image is not None
        else fields["stop_signal"],
    }  # fmt: skip


def is_adopted(raw: Json) -> bool:
    """Whether what was read was made by somebody else and became ours."""
    return tag.ADOPTED in (raw["Config"].get("Labels") or {})


def policy_of(policy: Json) -> str:
    """The engine's restart policy as the desired state says it."""
    name, most = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    return {"no": "never"}.get(name, name) + (f":{most}" if most else "")


def _check(check: Json | None) -> tuple[Any, ...]:
    names = ("Interval", "Timeout", "Retries", "StartPeriod")
    if not check or not check.get("Test"):
        return ()
    return (tuple(check["Test"]), *(check.get(name) or 0 for name in names))


def _working_dir(raw: Json, around: Surroundings, asked: Fields) -> Pair:
    if "docker.working_dir" in asked or around.image is None:
        return {}, {}
    live = raw["Config"].get("WorkingDir") or ""
    return {"docker.working_dir": live}, {
        "docker.working_dir": around.image.get("WorkingDir") or ""
    }


def _name(raw: Json) -> Pair:
    """What it is called now, where that is not what we called it."""
    live = raw["Name"].lstrip("/")
    made = (raw["Config"].get("Labels") or {}).get(tag.INSTANCE, live)
    return ({"name": live}, {"name": made}) if made != live else ({}, {})


def _words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _pairs(env: Any) -> dict[str, str]:
    return {name: text for name, _, text in (entry.partition("=") for entry in env or ())}

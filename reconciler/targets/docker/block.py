"""The `docker:` block of a service: what only Docker has, by Compose's names.

A table: each name, where the engine keeps it, and how what is written becomes what the
engine takes. `check_block` tells what the table does not know; it needs no SDK.
"""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reconciler.model.noun import listed
from reconciler.model.observed import Fields, Value
from reconciler.model.units import parse_size_bytes, text_of

PREFIX = "docker."
CODE = "R442"


@dataclass(frozen=True, slots=True)
class Setting:
    """One name of the block.

    `default` is what the engine has when nothing is asked; None where that depends on the
    engine's own configuration or the image, and so tells nothing. `open` settings may hold
    more than was asked: the engine adds its own.
    """

    place: Literal["Config", "HostConfig"]
    field: str
    convert: Callable[[Any], Any]
    default: Any = None
    open: bool = False


def _flag(value: Any) -> bool:
    if isinstance(value, bool) or value in ("true", "false"):
        return value in (True, "true")
    raise ValueError("is true or false")


def _text(value: Any) -> str:
    if isinstance(value, str | int | float):
        return str(text_of(value))
    raise ValueError("is text")


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("is a whole number")
    return value


def _size(value: Any) -> int:
    if isinstance(value, int | str):
        return parse_size_bytes(value)
    raise ValueError("is a size like 64Mi")


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [_text(part) for part in value]
    return [_text(value)]


def _host_mode(value: Any) -> str:
    if value in ("host", "none"):
        return str(value)
    raise ValueError("is host or none; to join networks, list them under networks")


def _hosts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name}:{address}" for name, address in value.items()]
    return [part if ":" in part else part.replace("=", ":", 1) for part in _texts(value)]


def _mapping(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(name): _text(text) for name, text in value.items()}
    pairs = [part.partition("=") for part in _texts(value)]
    return {name: text for name, _, text in pairs}


def _ulimits(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, Mapping):
        raise ValueError("is a mapping like {nofile: {soft: 1024, hard: 4096}}")
    made = []
    for name in sorted(value):
        limit = value[name]
        pair = limit if isinstance(limit, Mapping) else {"soft": limit, "hard": limit}
        if set(pair) != {"soft", "hard"}:
            raise ValueError(f"{name} is a number, or has soft and hard")
        made.append({"Name": name, "Soft": _whole(pair["soft"]), "Hard": _whole(pair["hard"])})
    return made


def _devices(value: Any) -> list[dict[str, str]]:
    made = []
    for text in _texts(value):
        host, _, rest = text.partition(":")
        inside, _, rights = rest.partition(":")
        made.append({
            "PathOnHost": host, "PathInContainer": inside or host,
            "CgroupPermissions": rights or "rwm",
        })  # fmt: skip
    return made


def _tmpfs(value: Any) -> dict[str, str]:
    pairs = [text.partition(":") for text in _texts(value)]
    return {path: options for path, _, options in pairs}


def _logging(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not set(value) <= {"driver", "options"}:
        raise ValueError("has driver and options")
    return {"Type": _text(value.get("driver", "json-file")),
            "Config": _mapping(value.get("options", {}))}  # fmt: skip


SETTINGS: Mapping[str, Setting] = {
    "blkio_weight": Setting("HostConfig", "BlkioWeight", _whole, 0),
    "cgroup_parent": Setting("HostConfig", "CgroupParent", _text, ""),
    "cpuset": Setting("HostConfig", "CpusetCpus", _text, ""),
    "device_cgroup_rules": Setting("HostConfig", "DeviceCgroupRules", _texts, []),
    "devices": Setting("HostConfig", "Devices", _devices, []),
    "dns": Setting("HostConfig", "Dns", _texts, []),
    "dns_opt": Setting("HostConfig", "DnsOptions", _texts, []),
    "dns_search": Setting("HostConfig", "DnsSearch", _texts, []),
    "domainname": Setting("Config", "Domainname", _text, ""),
    "extra_hosts": Setting("HostConfig", "ExtraHosts", _hosts, []),
    "group_add": Setting("HostConfig", "GroupAdd", _texts, []),
    "init": Setting("HostConfig", "Init", _flag),
    "ipc": Setting("HostConfig", "IpcMode", _text),
    "logging": Setting("HostConfig", "LogConfig", _logging, open=True),
    "network_mode": Setting("HostConfig", "NetworkMode", _host_mode),
    "oom_kill_disable": Setting("HostConfig", "OomKillDisable", _flag, False),
    "oom_score_adj": Setting("HostConfig", "OomScoreAdj", _whole, 0),
    "pid": Setting("HostConfig", "PidMode", _text, ""),
    "pids_limit": Setting("HostConfig", "PidsLimit", _whole, 0),
    "privileged": Setting("HostConfig", "Privileged", _flag, False),
    "runtime": Setting("HostConfig", "Runtime", _text),
    "security_opt": Setting("HostConfig", "SecurityOpt", _texts, []),
    "shm_size": Setting("HostConfig", "ShmSize", _size),
    "stdin_open": Setting("Config", "OpenStdin", _flag, False),
    "sysctls": Setting("HostConfig", "Sysctls", _mapping, {}),
    "tmpfs": Setting("HostConfig", "Tmpfs", _tmpfs, {}),
    "tty": Setting("Config", "Tty", _flag, False),
    "ulimits": Setting("HostConfig", "Ulimits", _ulimits, open=True),
    "userns_mode": Setting("HostConfig", "UsernsMode", _text, ""),
    "uts": Setting("HostConfig", "UTSMode", _text, ""),
    "working_dir": Setting("Config", "WorkingDir", _text),
}
NO_NEW_PRIVILEGES = ("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true")


@dataclass(frozen=True, slots=True)
class Complaint:
    """A key of a block that cannot be used: why, and what to do."""

    key: str
    reason: str
    hint: str


def check_block(block: Mapping[str, Any]) -> tuple[Complaint, ...]:
    """What in a `docker:` block is unknown or not understood. Pure; by key."""
    found = []
    for key in sorted(block):
        setting = SETTINGS.get(key)
        if setting is None:
            near = difflib.get_close_matches(key, SETTINGS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it knows {listed(sorted(SETTINGS))}"
            found.append(Complaint(key, f"the docker block has no {key!r}", hint))
            continue
        try:
            setting.convert(block[key])
        except ValueError as error:
            found.append(Complaint(key, f"docker.{key} {error}", "write it as Compose does"))
    return tuple(found)


def converted(fields: Fields) -> dict[tuple[str, str], Any]:
    """What the engine is to be given for the ``docker.*`` fields, by its own names."""
    made: dict[tuple[str, str], Any] = {}
    for path, text in fields.items():
        name = path.removeprefix(PREFIX)
        if path.startswith(PREFIX) and name in SETTINGS:
            setting = SETTINGS[name]
            made[setting.place, setting.field] = setting.convert(json.loads(str(text)))
    return made


def live_fields(
    live: Mapping[str, Any], asked: Fields
) -> tuple[dict[str, Value], dict[str, Value]]:
    """(the block's fields as they are live, those that are as when nothing is asked).

    A setting that is as asked is shown as it was written.
    """
    fields: dict[str, Value] = {}
    defaults: dict[str, Value] = {}
    for name, setting in SETTINGS.items():
        path = PREFIX + name
        value = _live(name, live.get(setting.place, {}).get(setting.field))
        text = asked.get(path)
        if text is not None and _as_asked(setting, value, str(text)):
            fields[path] = text
            continue
        usual = setting.default
        if text is None and (usual is None or (_empty(value) and _empty(usual))):
            continue
        fields[path] = json.dumps(value, sort_keys=True)
        if text is None:
            defaults[path] = json.dumps(usual, sort_keys=True)
    return fields, defaults


def _live(name: str, value: Any) -> Any:
    if name == "security_opt" and isinstance(value, list):
        return [part for part in value if part not in NO_NEW_PRIVILEGES]
    return 0 if name == "pids_limit" and value == -1 else value


def _as_asked(setting: Setting, value: Any, text: str) -> bool:
    try:
        wanted = setting.convert(json.loads(text))
    except ValueError:
        return False
    if _empty(value) and _empty(wanted):
        return True
    return _holds(value, wanted) if setting.open else bool(value == wanted)


def _holds(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            _holds(value.get(name), part) for name, part in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and all(part in value for part in wanted)
    return bool(value == wanted)


def _empty(value: Any) -> bool:
    return value is None or value in (False, 0, "", [], {})

"""What a service says of its container: ports, environment, mounts, resources, security."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from reconciler.model.noun import Parsed, about, noun
from reconciler.model.units import CpuM, SizeBytes, Text, text_of

_PORT = re.compile(
    r"(?:(?P<ip>[0-9]+(?:\.[0-9]+){3}):)?(?:(?P<host>\d+)(?:-(?P<last>\d+))?:)?"
    r"(?P<container>\d+)(?:/(?P<protocol>\w+))?"
)


def parse_port(value: Any) -> Any:
    """``"8080-8081:8080/http"`` → its parts; Compose's short form with a range of hosts."""
    if isinstance(value, int) and not isinstance(value, bool):
        return {"container": value}
    if not isinstance(value, str):
        return value
    match = _PORT.fullmatch(value.strip())
    if match is None:
        raise ValueError(
            f"not a port: {value!r}; write it like 8080, 8080:80, 8080-8081:8080 or 9090/grpc"
        )
    return {
        name: int(text) if text.isdigit() else text
        for name, text in match.groupdict().items()
        if text is not None
    }


def parse_mount(value: Any) -> Any:
    """``"data:/var/lib/app:ro"`` → source, target, read_only."""
    if not isinstance(value, str):
        return value
    parts = value.split(":")
    if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] not in ("ro", "rw")):
        raise ValueError(f"not a volume: {value!r}; write it like data:/var/lib/app or data:/x:ro")
    mount: dict[str, object] = {"source": parts[0], "target": parts[1]}
    if len(parts) == 3:
        mount["read_only"] = parts[2] == "ro"
    return mount


def parse_file_mount(value: Any) -> Any:
    """``"app.conf:/etc/app.conf"`` → source, target; a bare name is mounted under ``/``."""
    if not isinstance(value, str):
        return value
    source, _, target = value.partition(":")
    return {"source": source, "target": target or f"/{source}"}


def parse_env_value(value: Any) -> Any:
    """A scalar is a literal value; a mapping says where the value comes from."""
    if isinstance(value, str):
        return {"value": value}
    return value if isinstance(value, Mapping) else {"value": "" if value is None else value}


def parse_environment(value: Any) -> Any:
    """Compose's list form ``- NAME=value`` as a mapping."""
    if not isinstance(value, list):
        return value
    made: dict[str, str] = {}
    for entry in value:
        name, mark, text = str(text_of(entry)).partition("=")
        if not mark:
            raise ValueError(
                f"{name!r} has no value; to pass a host variable on, use host_environment"
            )
        if name in made:
            raise ValueError(f"{name!r} is set twice")
        made[name] = text
    return made


@noun
class Port:
    """A port of the container, and where it is published on the host, if anywhere."""

    container: int = about("Port inside the container.", 8080)
    host: int | None = about(
        "Port on the host; with `last`, the first of a range, one for each ordinal.",
        8080,
        default=None,
    )
    last: int | None = about("Last port of a range on the host.", 8081, default=None)
    ip: str = about("Host address to publish on; all when empty.", "127.0.0.1", default="")
    protocol: Literal["http", "h2", "grpc", "tcp", "https", "udp"] = about(
        "What is spoken on it.", "http", default="http"
    )

    @property
    def transport(self) -> Literal["tcp", "udp"]:
        """The transport the engine publishes."""
        return "udp" if self.protocol == "udp" else "tcp"


PortIn = Annotated[
    Port, Parsed(parse_port, {"type": ["string", "integer"], "examples": ["8080:80"]}, also=True)
]


@noun
class EnvValue:
    """One environment variable: a literal, or a reference to a config or a secret."""

    value: Text | None = about("The value itself.", "8080", default=None)
    config: str | None = about("Name of the config that holds the value.", "motd", default=None)
    secret: str | None = about(
        "Name of the secret that holds the value; never shown.", "db_password", default=None
    )


EnvValueIn = Annotated[
    EnvValue, Parsed(parse_env_value, {"type": ["string", "number", "boolean", "null"]}, also=True)
]
EnvironmentIn = Annotated[
    Mapping[str, EnvValueIn],
    Parsed(parse_environment, {"type": "array", "items": {"type": "string"}}, also=True),
]


@noun
class HostEnvironment:
    """Variables of the reconciler's own environment that are passed on."""

    allow: tuple[str, ...] = about(
        "Prefixes (or whole names) that are passed on.", ["APPSERVER_DB_"], default=()
    )
    deny: tuple[str, ...] = about(
        "Prefixes that never are, even if allowed.", ["POSTGRES_"], default=()
    )
    rename: Mapping[str, str] = about(
        "New names for passed variables.", {"APPSERVER_DB_HOST": "DB_HOST"}, default_factory=dict
    )
    secret: bool = about("Treat the values as secrets.", True, default=True)


@noun
class Mount:
    """A volume of the stack, or a path of the host, seen inside the container."""

    source: str = about("Name of a volume, or an absolute path of the host.", "data")
    target: str = about("Absolute path inside the container.", "/var/lib/app")
    read_only: bool = about("Mount without write access.", True, default=False)

    @property
    def is_host_path(self) -> bool:
        """Whether the source is a path of the host and not a volume of the stack."""
        return self.source.startswith("/")


MountIn = Annotated[
    Mount, Parsed(parse_mount, {"type": "string", "examples": ["data:/data"]}, also=True)
]


@noun
class FileMount:
    """A config or a secret seen as a file inside the container."""

    source: str = about("Name of the config or secret.", "app.conf")
    target: str = about("Absolute path of the file inside the container.", "/etc/app.conf")
    mode: Text = about("Permissions, octal.", "0444", default="0444")


FileMountIn = Annotated[
    FileMount,
    Parsed(parse_file_mount, {"type": "string", "examples": ["app.conf:/etc/app.conf"]}, also=True),
]


@noun
class Amounts:
    """An amount of CPU and memory; what is not said is not asked for, or not limited."""

    cpu: CpuM | None = about("CPU, in cores or millicores.", "250m", default=None)
    memory: SizeBytes | None = about("Memory.", "512Mi", default=None)


@noun
class Resources:
    """What an instance is promised and what it may not exceed."""

    requests: Amounts = about(
        "Promised; placement counts it.", {"memory": "512Mi"}, default=Amounts()
    )
    limits: Amounts = about("Never exceeded.", {"memory": "1Gi"}, default=Amounts())
    cpu_shares: int | None = about("Relative weight under contention.", 1024, default=None)


@noun
class Security:
    """What the process may do on its host."""

    user: Text | None = about("User, or user:group.", "1000:1000", default=None)
    read_only_root: bool = about("No writes outside of volumes.", True, default=False)
    add_capabilities: tuple[str, ...] = about(
        "Linux capabilities added.", ["NET_BIND_SERVICE"], default=()
    )
    drop_capabilities: tuple[str, ...] = about("Linux capabilities dropped.", ["ALL"], default=())
    no_new_privileges: bool = about("No gain of privileges by exec.", True, default=False)


@noun
class Grants:
    """What a component may reach, as its own runtime enforces it."""

    outbound: tuple[str, ...] = about(
        "Hosts and ports it may call.", ["api.example.com:443"], default=()
    )
    files: tuple[str, ...] = about(
        "Files it may use, `read:` or `write:` and a path.", ["read:/data/input"], default=()
    )

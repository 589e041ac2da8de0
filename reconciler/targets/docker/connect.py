"""Where the engine is: resolved as the docker CLI resolves it.

DOCKER_HOST first, then DOCKER_CONTEXT, then ``currentContext`` of the CLI's configuration,
then the default socket. This is what the CLI does (docker/cli ``cli/command/cli.go``,
resolveContextName, and tried with 28.2); its reference says of the first two the opposite.
Contexts are files: https://docs.docker.com/engine/manage-resources/contexts/.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.model.diagnostic import TargetError
from reconciler.targets.docker.errors import BAD_CONNECTION

DEFAULT_HOST = "unix:///var/run/docker.sock"
SCHEMES = ("unix", "tcp", "http", "https", "ssh", "npipe")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The engine's address. `ca`, `cert` and `key` are files; `verify` checks its certificate."""

    host: str = DEFAULT_HOST
    context: str = "default"
    tls: bool = False
    verify: bool = True
    ca: str = ""
    cert: str = ""
    key: str = ""
    api_version: str = "auto"

    @property
    def is_local(self) -> bool:
        """Whether the engine runs on this machine."""
        return self.host.startswith(("unix://", "npipe://"))


def endpoint(environ: Mapping[str, str] | None = None) -> Endpoint:
    """The engine that the docker CLI would use; TargetError where that is not clear."""
    env = os.environ if environ is None else environ
    version = env.get("DOCKER_API_VERSION") or "auto"
    if host := env.get("DOCKER_HOST"):
        return _from_host(host, env, version)
    config = Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME") or Path.home()) / ".docker")
    name = env.get("DOCKER_CONTEXT") or _current_context(config)
    if name in ("", "default"):
        return _from_host(DEFAULT_HOST, env, version)
    return _from_context(config, name, version)


def _from_host(host: str, env: Mapping[str, str], version: str) -> Endpoint:
    scheme = _scheme(host, "DOCKER_HOST")
    verify = bool(env.get("DOCKER_TLS_VERIFY"))
    certs = env.get("DOCKER_CERT_PATH", "")
    if scheme != "tcp" or not (verify or certs):
        return Endpoint(host, api_version=version)
    folder = Path(certs) if certs else Path(env.get("HOME") or Path.home()) / ".docker"
    return _with_files(Endpoint(host, tls=True, verify=verify, api_version=version), folder)


def _from_context(config: Path, name: str, version: str) -> Endpoint:
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = _json(config / "contexts" / "meta" / digest / "meta.json")
    if meta is None:
        raise _bad(f"there is no Docker context {name!r}", "see `docker context ls`")
    docker = meta.get("Endpoints", {}).get("docker", {})
    host = str(docker.get("Host") or DEFAULT_HOST)
    _scheme(host, f"the Docker context {name!r}")
    files = config / "contexts" / "tls" / digest / "docker"
    verify = not docker.get("SkipTLSVerify", False)
    made = Endpoint(host, name, api_version=version)
    if not files.is_dir() and verify:
        return made
    return _with_files(Endpoint(host, name, tls=True, verify=verify, api_version=version), files)


def _with_files(found: Endpoint, folder: Path) -> Endpoint:
    ca, cert, key = (folder / f"{part}.pem" for part in ("ca", "cert", "key"))
    if found.verify and not ca.is_file():
        raise _bad(f"{ca} is missing", "set DOCKER_CERT_PATH to the folder with ca, cert and key")
    if cert.is_file() != key.is_file():
        raise _bad(f"{cert} and {key} must both be there", "a client certificate needs its key")
    both = cert.is_file()
    return Endpoint(
        found.host, found.context, True, found.verify,
        str(ca) if ca.is_file() else "", str(cert) if both else "", str(key) if both else "",
        found.api_version,
    )  # fmt: skip


def _scheme(host: str, where: str) -> str:
    scheme, mark, _ = host.partition("://")
    if not mark or scheme not in SCHEMES:
        raise _bad(
            f"{where} is {host!r}, which is no engine's address",
            "write it like unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host",
        )
    return scheme


def _current_context(config: Path) -> str:
    found = _json(config / "config.json")
    return str(found.get("currentContext", "")) if found else ""


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _bad(f"{path} cannot be read: {error}", "mend or remove the file") from None
    if not isinstance(found, dict):
        raise _bad(f"{path} holds no mapping", "mend or remove the file")
    return found


def _bad(message: str, hint: str) -> TargetError:
    return TargetError("terminal", BAD_CONNECTION, message, hint)

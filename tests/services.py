"""Real services that live tests use: does each answer?

`RECONCILER_LIVE` names the services that somebody promised (``docker,registry``). A
promised one that does not answer is a failure, any other a skip.
"""

import functools
import os
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.skips import NO_SERVICE, promised

BASE_IMAGE = "local/debian:bookworm"
EDGE_IMAGE = "local/haproxy:3.0"


def require(service: str) -> None:
    """Go on if `service` answers; else skip, or fail if it was promised."""
    problem = problem_with(service)
    if problem is None:
        return
    if service in promised():
        pytest.fail(f"{service} was promised by RECONCILER_LIVE: {problem}", pytrace=False)
    pytest.skip(f"{NO_SERVICE}{service}: {problem}")


@functools.cache
def problem_with(service: str) -> str | None:
    """Why `service` cannot be used; None when it answers."""
    match service:
        case "docker":
            return _docker()
        case "image":
            return _docker() or _image(BASE_IMAGE)
        case "edge":
            return _docker() or _image(EDGE_IMAGE)
        case "nginx":
            return _command("nginx", "-v")
        case "haproxy":
            return _command("haproxy", "-v")
        case "compose":
            return _docker() or _command("docker", "compose", "version")
        case "dockerd":
            return _docker() or _dockerd()
        case "registry":
            return _docker() or _registry()
        case "kubernetes":
            return _kubernetes()
    raise ValueError(f"no live service is called {service!r}")


def _docker() -> str | None:
    import docker

    try:
        client = docker.APIClient(version="auto", timeout=10)
    except docker.errors.DockerException as error:
        return f"no Docker Engine answers ({error.__class__.__name__})"
    client.close()
    return None


def _image(reference: str) -> str | None:
    import docker

    client = docker.APIClient(version="auto", timeout=10)
    try:
        client.inspect_image(reference)
    except docker.errors.ImageNotFound:
        return f"the engine has no image {reference}"
    finally:
        client.close()
    return None


def _dockerd() -> str | None:
    if os.geteuid() != 0:
        return "another engine is started by root alone"
    missing = [name for name in ("dockerd", "unshare", "mount") if shutil.which(name) is None]
    return f"there is no command {missing[0]}" if missing else None


def _registry() -> str | None:
    address = os.environ.get("LIVE_REGISTRY")
    if not address:
        return "LIVE_REGISTRY is not set"
    try:
        urllib.request.urlopen(f"http://{address}/v2/", timeout=10).close()
    except urllib.error.HTTPError as error:
        error.close()
        return None if error.code == 401 else f"{address} answers {error.code}"
    except OSError as error:
        return f"{address} does not answer: {error}"
    return None


def _kubernetes() -> str | None:
    if not os.environ.get("KUBECONFIG"):
        return "KUBECONFIG is not set"
    return _command("kubectl", "version", "--request-timeout=10s")


def _command(*words: str) -> str | None:
    if shutil.which(words[0]) is None:
        return f"there is no command {words[0]}"
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    return None if done.returncode == 0 else f"{' '.join(words)}: {done.stderr.strip()}"

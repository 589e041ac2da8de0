"""Where a case is tried: a stack under us or under Compose, and hands behind its back."""

import concurrent.futures
import contextlib
import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import docker

AT_ONCE = 3  # the engine may hang when many containers of a network end at once
BUSYBOX = "local/busybox:1"
Json = dict[str, Any]


class Ground(Protocol):
    """A stack of one copy a service, and the engine that it runs on."""

    engine: Any
    project: str

    def labels(self, kind: str, name: str) -> dict[str, str]:
        """The labels that make something the stack's own."""

    def mine(self, service: str) -> dict[str, list[str]]:
        """The engine's filter for the containers of a service."""

    def name(self, service: str, number: int = 0) -> str:
        """What a container of the service is called, or begins with."""

    def edit(self, service: str, path: str, script: str) -> None:
        """Run a shell's line on a file that a container sees at `path`; ``$1`` is the file."""


def all_of(ground: Ground, service: str) -> list[Json]:
    """Every container of a service."""
    found = []
    for listed in ground.engine.containers(all=True, filters=ground.mine(service)):
        with contextlib.suppress(docker.errors.NotFound):
            found.append(ground.engine.inspect_container(listed["Id"]))
    return found


def one(ground: Ground, service: str) -> Json:
    """The only container of a service."""
    (found,) = all_of(ground, service)
    return found


def network(ground: Ground, name: str) -> str:
    """The engine's name of a network."""
    return f"{ground.project}_{name}"


volume = network


def anew(ground: Ground, service: str, change: Callable[[Json], Any], *, start: bool = True) -> str:
    """Make a container anew by hand, its labels and its name kept; the new one's id."""
    raw = one(ground, service)
    body = body_of(raw)
    change(body)
    ground.engine.remove_container(raw["Id"], force=True)
    made = create(ground, body, raw["Name"].lstrip("/"))
    if start:
        ground.engine.start(made)
    return made


def copy(ground: Ground, service: str, name: str, change: Callable[[Json], Any]) -> str:
    """Another container like that of a service."""
    body = body_of(one(ground, service))
    body["HostConfig"]["PortBindings"] = {}
    change(body)
    made = create(ground, body, name)
    ground.engine.start(made)
    return made


def body_of(raw: Json) -> Json:
    """What would make the same container again."""
    own = raw["Id"][:12]  # the engine adds it by itself
    networks = {
        name: {"Aliases": [alias for alias in settings["Aliases"] or () if alias != own]}
        for name, settings in raw["NetworkSettings"]["Networks"].items()
    }
    config = {**raw["Config"]}
    if config["Hostname"] == own:
        del config["Hostname"]
    return {
        **config, "HostConfig": {**raw["HostConfig"]},
        "NetworkingConfig": {"EndpointsConfig": networks},
    }  # fmt: skip


def create(ground: Ground, body: Json, name: str) -> str:
    """Create a container from the engine's own JSON; its id."""
    url = ground.engine._url("/containers/create")
    answer = ground.engine._post_json(url, params={"name": name}, data=body)
    made: str = ground.engine._result(answer, json=True)["Id"]
    return made


def settings(ground: Ground, container: str, **body: Any) -> None:
    """Change limits of a running container."""
    url = ground.engine._url("/containers/{0}/update", container)
    ground.engine._raise_for_status(ground.engine._post_json(url, data=body))


def content(ground: Ground, service: str, path: str) -> tuple[bytes, int]:
    """What a container sees in a file, and the file's mode."""
    chunks, _ = ground.engine.get_archive(one(ground, service)["Id"], path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        info = next(iter(archive))
        opened = archive.extractfile(info)
        return opened.read() if opened else b"", info.mode & 0o777


def run_on(engine: Any, source: str, script: str) -> None:
    """Run a shell's line as root on a path of the engine's host; ``$1`` is the path inside."""
    body: Json = {
        "Image": BUSYBOX, "Entrypoint": ["/bin/busybox", "sh", "-c", script, "sh", "/f"],
        "HostConfig": {"Binds": [f"{source}:/f"], "NetworkMode": "none"},
    }  # fmt: skip
    made = engine.create_container_from_config(body)["Id"]
    try:
        engine.start(made)
        assert engine.wait(made)["StatusCode"] == 0, engine.logs(made)
    finally:
        engine.remove_container(made, force=True)


def remade_network(ground: Ground, name: str, **change: Any) -> None:
    """Make a network anew by hand, its labels, its subnet and who is on it kept."""
    raw = ground.engine.inspect_network(network(ground, name))
    aliases = {}
    for container in raw["Containers"]:
        joined = ground.engine.inspect_container(container)["NetworkSettings"]["Networks"]
        aliases[container] = joined[raw["Name"]]["Aliases"]
    removed_network(ground, name)
    made = {"driver": raw["Driver"], "labels": raw["Labels"], "internal": raw["Internal"],
            "ipam": raw["IPAM"], "options": raw["Options"], **change}  # fmt: skip
    ground.engine.create_network(raw["Name"], **made)
    for container, names in aliases.items():
        ground.engine.connect_container_to_network(container, raw["Name"], aliases=names)


def removed_network(ground: Ground, name: str) -> None:
    """Remove a network by hand, whoever is on it."""
    raw = ground.engine.inspect_network(network(ground, name))
    for container in raw["Containers"]:
        ground.engine.disconnect_container_from_network(container, raw["Id"])
    ground.engine.remove_network(raw["Id"])


def cleaned(engine: Any, label: str) -> Iterator[str]:
    """Remove everything with a label, few at a time; yields what could not be."""
    mine = {"label": label}

    def remove(listed: Json) -> None:
        with contextlib.suppress(docker.errors.NotFound):
            engine.remove_container(listed["Id"], force=True, v=True)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(remove, engine.containers(all=True, filters=mine)))
    for raw in engine.networks(filters=mine):
        engine.remove_network(raw["Id"])
    for raw in engine.volumes(filters=mine)["Volumes"] or []:
        try:
            engine.remove_volume(raw["Name"])
        except docker.errors.APIError as error:
            yield f"{raw['Name']}: {error}"


def phase(raw: Mapping[str, Any]) -> str:
    """How a container is, in the engine's word."""
    return str(raw["State"]["Status"])

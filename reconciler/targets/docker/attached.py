"""What a container is attached to: mounts, networks and host ports, as fields. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from reconciler.model.observed import Fields, Value
from reconciler.model.resource import ResourceKey
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.create import split_mount
from reconciler.targets.docker.names import object_name

Json = Mapping[str, Any]
Pair = tuple[dict[str, Value], dict[str, Value]]  # live fields, and their defaults


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What must be known beside a container to read it.

    `image`: the ``Config`` of its image, None where that is gone; `networks`: the stack's,
    by the engine's id; `volumes`: the stack's, from the engine's name; `digest`: of the
    content of a config or secret (kind, name, content); `cpus` of the engine's machine;
    `edited`: the files of ours, by their path on the engine's host, that somebody wrote to;
    `named`: the engine's names of networks that are not called as we would call them.
    """

    stack: str
    image: Json | None = None
    networks: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    digest: Callable[[str, str, bytes], str] = lambda kind, name, content: ""
    cpus: int = 0
    edited: frozenset[str] = frozenset()
    named: Mapping[str, str] = field(default_factory=dict)

    def of(self, image: Json | None) -> "Surroundings":
        """The same for a container of another image."""
        return replace(self, image=image)


def mounts_of(raw: Json, around: Surroundings, asked: Fields) -> Pair:
    """Volumes, paths of the host, and the files of configs and secrets."""
    fields: dict[str, Value] = {}
    defaults: dict[str, Value] = {}
    own = set((around.image or {}).get("Volumes") or {})
    for mount in raw.get("Mounts") or []:
        target = mount["Destination"]
        path, value = _mount(mount, target, around, asked)
        fields[path] = value
        if value == "anonymous" and (around.image is None or target in own):
            defaults[path] = value
    return fields, defaults


def _mount(mount: Json, target: str, around: Surroundings, asked: Fields) -> tuple[str, Value]:
    end = "" if mount.get("RW", True) else ":ro"
    kind, source = mount.get("Type"), str(mount.get("Source", ""))
    if kind == "volume":
        return f"volumes.{target}", _volume(str(mount.get("Name", "")), around) + end
    for section, of in (("configs", "config"), ("secrets", "secret")):
        text = asked.get(f"{section}.{target}")
        if isinstance(text, str) and _is_file(source, of, text, around.stack):
            if source in around.edited:
                text = f"{text.partition('@')[0]}@edited:{text.rpartition(':')[2]}"
            return f"{section}.{target}", text
    text = asked.get(f"volumes.{target}")
    if isinstance(text, str):
        wanted, read_only = split_mount(text)
        if wanted.rstrip("/") == source.rstrip("/") and read_only == bool(end):
            return f"volumes.{target}", text  # as it was written, up to a slash
    return f"volumes.{target}", (source or str(kind)) + end


def _volume(name: str, around: Surroundings) -> str:
    if name in around.volumes:
        return around.volumes[name]
    is_anonymous = len(name) == 64 and all(c in "0123456789abcdef" for c in name)
    return "anonymous" if is_anonymous else f"foreign:{name}"


def _is_file(source: str, kind: str, text: str, stack: str) -> bool:
    name, _, mode = text.rpartition(":")
    volume = object_name(stack, ResourceKey(cast(Any, kind), name))
    folder, _, variant = source.rpartition("/")
    return f"/{volume}/" in folder and variant.partition(".")[0] == f"m{mode}"


def networks_of(raw: Json, around: Surroundings, asked: Fields, key: ResourceKey) -> Pair:
    """The networks it is on, and the names it has there."""
    labels = raw["Config"].get("Labels") or {}
    kept = tag.fields_of(labels, tag.NETWORKS)
    found = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    if "docker.network_mode" in asked:
        # The engine calls them host and none; the stack's own networks stand aside.
        joined = sorted(set(found) - {"host", "none"})
        names = tuple(f"foreign:{name}" for name in joined) or kept.get("networks", ())
        made = {"networks": names, "aliases": kept.get("aliases", ())}
        return made, {"networks": kept.get("networks", ()), "aliases": ()}
    fields: dict[str, Value] = {
        "networks": tuple(sorted(_network(name, net, around) for name, net in found.items()))
    }
    # The engine adds some names by itself.
    own = {key.name, raw["Id"][:12], raw["Config"].get("Hostname", ""), raw["Name"].lstrip("/")}
    own -= set(cast(tuple[str, ...], kept.get("aliases") or ()))
    per = {name: sorted(set(net.get("Aliases") or ()) - own) for name, net in found.items()}
    fields["aliases"] = tuple(next(iter(per.values()), ()))
    for name in sorted(per):
        # What was made by somebody else keeps its names until it is replaced.
        known = key.name in (found[name].get("Aliases") or ()) or tag.ADOPTED in labels
        if not known or tuple(per[name]) != fields["aliases"]:
            live = tuple(sorted(set(found[name].get("Aliases") or ()) - {raw["Id"][:12]}))
            fields[f"networks.{_network(name, found[name], around)}.aliases"] = live
    return fields, {"aliases": ()}


def _network(name: str, settings: Json, around: Surroundings) -> str:
    network_id = settings.get("NetworkID") or ""
    if network_id in around.networks:
        return around.networks[network_id]
    if not network_id:  # never started: the engine has only the name yet
        for logical in around.networks.values():
            usual = object_name(around.stack, ResourceKey("network", logical))
            if around.named.get(logical, usual) == name:
                return logical
    return f"foreign:{name}"


def ports_of(raw: Json) -> Pair:
    """The ports that are asked to be published, running or not."""
    host = raw["HostConfig"]
    fields: dict[str, Value] = {}
    for port, bindings in (host.get("PortBindings") or {}).items():
        spans = [f"{b.get('HostIp', '')}:{b.get('HostPort', '')}" for b in bindings or []]
        fields[f"ports.{port}"] = ",".join(sorted(spans))
    if host.get("PublishAllPorts"):
        fields["ports.*"] = ":"
    return fields, {}

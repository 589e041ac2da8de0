"""What a pod's template mounts, in the state's own words: volumes, configs, secrets. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.container import FileMount, Mount
from reconciler.model.digest import config_digest

Json = Mapping[str, Any]

DEFAULT_MODE = 0o644  # of configMap and secret volumes, where none is said


@dataclass
class Mounted:
    """Volumes, and configs and secrets as files. `digests` are of the configs' contents."""

    volumes: list[Mount] = field(default_factory=list)
    configs: list[FileMount] = field(default_factory=list)
    secrets: list[FileMount] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)


def mounted(template: Json, container: Json, configmaps: Mapping[str, Json]) -> Mounted:
    """What a container of this template mounts. `configmaps` by name, those that were read."""
    spec = template.get("spec") or {}
    sources = {each["name"]: each for each in spec.get("volumes") or ()}
    made = Mounted()
    for mount in container.get("volumeMounts") or ():
        source = sources.get(mount["name"], {})
        if "configMap" in source:
            _configs(made, mount, source["configMap"], configmaps)
        elif "secret" in source:
            _secrets(made, mount, source["secret"])
        else:
            name = _volume_name(source) or mount["name"]
            made.volumes.append(
                Mount(
                    source=name, target=mount["mountPath"],
                    read_only=bool(mount.get("readOnly", False)),
                )
            )  # fmt: skip
    return made


def _volume_name(source: Json) -> str:
    if "persistentVolumeClaim" in source:
        return str(source["persistentVolumeClaim"].get("claimName", ""))
    if "hostPath" in source:
        return str(source["hostPath"].get("path", ""))
    return ""


def _configs(made: Mounted, mount: Json, source: Json, configmaps: Mapping[str, Json]) -> None:
    name = str(source.get("name", ""))
    found = configmaps.get(name, {})
    data: dict[str, bytes] = {
        key: str(text).encode() for key, text in (found.get("data") or {}).items()
    }
    keys = list(data) or _listed(mount, source)
    for key, target in _targets(mount, source, keys):
        called = name if len(keys) <= 1 else f"{name}.{key}"
        made.configs.append(FileMount(source=called, target=target, mode=_mode(source)))
        made.digests[called] = config_digest(data[key]) if key in data else ""


def _secrets(made: Mounted, mount: Json, source: Json) -> None:
    """Of a secret only the names of files that the template itself says: it is not read."""
    name = str(source.get("secretName", ""))
    for _, target in _targets(mount, source, _listed(mount, source)):
        made.secrets.append(FileMount(source=name, target=target, mode=_mode(source)))


def _listed(mount: Json, source: Json) -> list[str]:
    """The keys that are named in the template."""
    if mount.get("subPath"):
        return [str(mount["subPath"])]
    return [str(item["key"]) for item in source.get("items") or ()]


def _targets(mount: Json, source: Json, keys: list[str]) -> Iterator[tuple[str, str]]:
    """Each key, and the path at which a container sees it."""
    paths = {str(i["key"]): str(i["path"]) for i in source.get("items") or ()}
    paths = paths or {key: key for key in keys}
    within = str(mount["mountPath"]).rstrip("/")
    for key, path in paths.items():
        if not mount.get("subPath"):
            yield key, f"{within}/{path}"
        elif mount["subPath"] == path:
            yield key, within


def _mode(source: Json) -> str:
    return f"{int(source.get('defaultMode', DEFAULT_MODE)):04o}"

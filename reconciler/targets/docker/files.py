"""Configs and secrets as files: volumes named by digest, each file bound by its path.

A container that never starts, made of an empty image, gives the engine's archive calls a
way into a volume; that works on remote engines and with read-only roots. A volume that is
there may be half written, so a file is read back before this process first uses it.

One volume holds one content, as one file for each mode and owner it is wanted with. Files
are written with a time of 1970, so that an edit shows in one call; an edited one is left to
the containers that have it, and the next container gets another file beside it.
"""

import contextlib
import io
import itertools
import tarfile
import threading
import uuid
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from docker import errors as sdk

from reconciler.model.diagnostic import TargetError
from reconciler.model.digest import config_digest, secret_digest
from reconciler.model.resource import ResourceKey
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.engine import Engine, Json
from reconciler.targets.docker.errors import BAD_FILE, NO_CONTENT, NOT_OURS
from reconciler.targets.docker.names import object_name
from reconciler.targets.docker.times import parse_time_ns
from reconciler.targets.docker.volumes import find_volume
from reconciler.targets.port import Contents

EMPTY_IMAGE = "reconciler/empty"
EMPTY_TAG = "1"
ROLE_FILES = "files"
_OTHERS_MAY_READ = 0o004
_INSIDE = "/files"
MOST_EDITS = 8


class Variant(NamedTuple):
    """How a content is wanted as a file: its mode and owner."""

    mode: int
    uid: int = 0
    gid: int = 0

    @property
    def name(self) -> str:
        """The file's name in the volume."""
        owner = f".{self.uid}.{self.gid}" if self.uid or self.gid else ""
        return f"m{self.mode:04o}{owner}"


def variant_of(mode: str, user: object) -> Variant:
    """The file for `mode` (octal text), owned by a numeric `user` where others cannot read."""
    bits = int(mode, 8)
    if bits & _OTHERS_MAY_READ or not isinstance(user, str):
        return Variant(bits)
    uid, _, gid = user.partition(":")
    if not uid.isdecimal():
        return Variant(bits)
    return Variant(bits, int(uid), int(gid) if gid.isdecimal() else int(uid))


class Files:
    """The files of one stack's configs and secrets on one engine. Threads may share it."""

    def __init__(self, engine: Engine, stack: str, contents: Contents) -> None:
        self._engine = engine
        self._stack = stack
        self._contents = contents
        self._verified: dict[tuple[str, str, str], str] = {}
        self._mark = uuid.uuid4().hex[:8]  # tells our helpers from those of others
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def digest(self, kind: str, name: str, content: bytes) -> str:
        """The digest of a content, as the desired state's."""
        if kind == "secret":
            return secret_digest(content, self._stack, name)
        return config_digest(content)

    def content(self, kind: str, name: str, digest: str) -> bytes:
        """The content with this digest: the one at hand, or an older one that is on the engine."""
        with contextlib.suppress(KeyError, OSError):
            held = self._contents
            found = held.secret(name) if kind == "secret" else held.config(name)
            if self.digest(kind, name, found) == digest:
                return found
        key = ResourceKey("secret" if kind == "secret" else "config", f"{name}@{digest}")
        for kept in self._kept(object_name(self._stack, key)):
            if self.digest(kind, name, kept) == digest:
                return kept
        raise TargetError(
            "terminal", NO_CONTENT, f"the content of {kind} {name} that was asked for is gone",
            "it changed since the plan was made: plan again",
        )  # fmt: skip

    def ensure(self, key: ResourceKey, variant: Variant) -> str:
        """See to it that the file is there and whole; its path on the engine's host."""
        volume = object_name(self._stack, key)
        raw = find_volume(self._engine, volume) or self._engine.create_volume(
            volume, labels=tag.of_object(self._stack, key)
        )
        if tag.key_of(raw.get("Labels"), self._stack) != key:
            raise TargetError(
                "conflict", NOT_OURS, f"a volume called {volume} is there and is not ours",
                "remove or rename it",
            )  # fmt: skip
        mark = (volume, str(raw.get("CreatedAt", "")), variant.name)
        with self._lock:
            file = self._verified.get(mark)
        if file is None:
            name, _, digest = key.name.partition("@")
            file = self._fill(volume, variant, self.content(key.kind, name, digest))
            with self._lock:
                self._verified[mark] = file
        return f"{raw['Mountpoint']}/{file}"

    def distrust(self, volume: str) -> None:
        """Read the volume's files back before they are used again."""
        with self._lock:
            for mark in [mark for mark in self._verified if mark[0] == volume]:
                del self._verified[mark]

    def _fill(self, volume: str, variant: Variant, content: bytes) -> str:
        """See to a whole file; its name in the volume."""
        with self._helper(volume) as helper:
            for edits in range(MOST_EDITS):
                file = f"{variant.name}.e{edits}" if edits else variant.name
                found = _read(self._engine, helper, f"{_INSIDE}/{file}")
                if found is None:
                    self._engine.put_archive(helper, _INSIDE, _archive(file, variant, content))
                    found = _read(self._engine, helper, f"{_INSIDE}/{file}")
                if found is not None and _is_whole(*found, variant, content):
                    return file
        raise TargetError(
            "retryable", BAD_FILE, f"the files in the volume {volume} are not as written",
            "is the engine's disk full, or does something edit them?",
        )  # fmt: skip

    def _kept(self, volume: str) -> list[bytes]:
        raw = find_volume(self._engine, volume)
        if raw is None or (raw.get("Labels") or {}).get(tag.STACK) != self._stack:
            return []
        with self._helper(volume) as helper:
            found = list(_members(self._engine, helper, _INSIDE))
        return [content for info, content in found if info.isfile()]

    @contextlib.contextmanager
    def _helper(self, volume: str) -> Iterator[str]:
        body = {
            "Image": f"{EMPTY_IMAGE}:{EMPTY_TAG}", "Cmd": ["never-started"],
            "Labels": {tag.STACK: self._stack, tag.ROLE: ROLE_FILES},
            "HostConfig": {
                "NetworkMode": "none",
                "Mounts": [{"Type": "volume", "Source": volume, "Target": _INSIDE}],
            },
        }  # fmt: skip
        made = self._create(f"{volume}.{self._mark}.{next(self._numbers)}", body)
        try:
            yield made
        finally:
            with contextlib.suppress(sdk.NotFound):
                self._engine.remove_container(made, v=True)

    def _create(self, name: str, body: Json) -> str:
        try:
            return self._engine.create(body, name)
        except sdk.ImageNotFound:
            self._engine.import_image_from_data(
                _no_files(), repository=EMPTY_IMAGE, tag=EMPTY_TAG,
                changes=[f"LABEL {tag.ROLE}={ROLE_FILES}"],
            )  # fmt: skip
            return self._engine.create(body, name)

    def leftovers(self, containers: Iterable[Json]) -> dict[str, dict[str, str]]:
        """Helpers that a killed process left: by volume, each one's name and id.

        This process's own are at work; another's are not, since it would hold the lock.
        """
        found: dict[str, dict[str, str]] = {}
        for listed in containers:
            marks = listed.get("Labels") or {}
            if marks.get(tag.STACK) != self._stack or marks.get(tag.ROLE) != ROLE_FILES:
                continue
            name = str((listed.get("Names") or ("",))[0]).lstrip("/")
            if name.split(".")[-2:-1] == [self._mark]:
                continue
            for mount in listed.get("Mounts") or ():
                found.setdefault(str(mount.get("Name")), {})[name] = listed["Id"]
        return found

    def remove_leftovers(self, volume: str) -> None:
        """Remove helpers that a killed process left on a volume."""
        own = {"label": [f"{tag.STACK}={self._stack}", f"{tag.ROLE}={ROLE_FILES}"]}
        listed = self._engine.containers(all=True, filters=own)
        for helper in self.leftovers(listed).get(volume, {}).values():
            with contextlib.suppress(sdk.NotFound):
                self._engine.remove_container(helper, v=True)


def is_edited(found: Json, mode: int) -> bool:
    """Whether the stat of a file of ours shows that somebody wrote to it."""
    written_ns = parse_time_ns(found.get("mtime"))
    return written_ns != 0 or found.get("mode", 0) & 0o777 != mode


def _is_whole(info: tarfile.TarInfo, found: bytes, variant: Variant, content: bytes) -> bool:
    owner = (info.mode & 0o7777, info.uid, info.gid)
    return found == content and owner == tuple(variant) and info.mtime == 0


def _archive(file: str, variant: Variant, content: bytes) -> bytes:
    info = tarfile.TarInfo(file)
    info.size, info.mode, info.uid, info.gid = len(content), *variant
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def _no_files() -> bytes:
    made = io.BytesIO()
    tarfile.open(fileobj=made, mode="w").close()
    return made.getvalue()


def _read(engine: Engine, container: str, path: str) -> tuple[tarfile.TarInfo, bytes] | None:
    try:
        return next(_members(engine, container, path), None)
    except sdk.NotFound:
        return None


def _members(engine: Engine, container: str, path: str) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    chunks, _ = engine.get_archive(container, path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        for info in archive:
            opened = archive.extractfile(info)
            yield info, opened.read() if opened is not None else b""

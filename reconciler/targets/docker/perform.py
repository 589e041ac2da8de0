"""The steps on instances, each one call that matters, and what came of it.

Every call after create names the full id, and looks first that the container is ours.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from docker import errors as sdk

from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Fields, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    DONE,
    CreateInstance,
    Outcome,
    RemoveInstance,
    SignalInstance,
    StartInstance,
    UpdateInstance,
)
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.adoption import Adoptions
from reconciler.targets.docker.create import (
    Material,
    content_of,
    create_body,
    endpoint_of,
    network_names,
    split_mount,
    update_body,
)
from reconciler.targets.docker.engine import Engine, Json
from reconciler.targets.docker.errors import (
    CHANGED,
    HANGS,
    MISSING,
    NO_CONTENT,
    NO_IMAGE,
    NOT_OURS,
    outcome_of,
    text_of,
)
from reconciler.targets.docker.files import Files, is_edited, variant_of
from reconciler.targets.docker.inspect import LIFTED_BYTES, USUAL_SHARES
from reconciler.targets.docker.names import object_name
from reconciler.targets.docker.volumes import find_volume

# An engine can deadlock when many containers of one network end at once (seen with 20.10
# and 50 of them): so many signals and removals are under way at a time, and a signal holds
# its place until its container ended, or for this long.
ENDS_AT_ONCE = 4
LONGEST_HOLD_S = 0.5
_FULL_ID = re.compile(r"[0-9a-f]{64}")


def _number(value: Value, otherwise: int) -> int:
    return value if isinstance(value, int) and value else otherwise


class Instances:
    """Performs steps on the instances of one stack."""

    def __init__(
        self, engine: Engine, stack: str, files: Files, cpus: int, adoptions: Adoptions
    ) -> None:
        self._engine = engine
        self._stack = stack
        self._files = files
        self._cpus = cpus
        self._adoptions = adoptions
        self._ends = threading.BoundedSemaphore(ENDS_AT_ONCE)

    def create(self, step: CreateInstance) -> Outcome:
        """Create the container and put it on its networks; not started."""
        missing = self._missing_volume(step.fields)
        if missing is not None:
            return Outcome("conflict", f"the volume {missing} is not there", MISSING)
        try:
            made = self._create(step)
            if self._has_edited_file(made, step.fields):  # since this process wrote it
                self._engine.remove_container(made, v=True)
                made = self._create(step)
        except sdk.ImageNotFound as error:
            return Outcome("conflict", text_of(error), NO_IMAGE, "pull it, or check its name")
        try:
            self._connect(made, step.key, step.fields)
        except sdk.APIError as error:
            with suppress(sdk.APIError):
                self._engine.remove_container(made, v=True)
            return outcome_of(error)
        return DONE

    def _create(self, step: CreateInstance) -> str:
        body = create_body(self._stack, step, self._material(step.fields))
        return self._engine.create(body, step.name)

    def _has_edited_file(self, container_id: str, fields: Fields) -> bool:
        """Whether a file that it would see is not as written; such a one is not used again."""
        edited = False
        for path, value in sorted(fields.items()):
            section, _, target = path.partition(".")
            if section not in ("configs", "secrets"):
                continue
            name, _, mode = str(value).rpartition(":")
            if is_edited(self._engine.stat(container_id, target), int(mode, 8)):
                key = ResourceKey("config" if section == "configs" else "secret", name)
                self._files.distrust(object_name(self._stack, key))
                edited = True
        return edited

    def start(self, step: StartInstance) -> Outcome:
        """Start it, or let it go on where it was paused."""
        raw = self._own(step.id)
        if raw is None:
            return Outcome("conflict", "the container is gone", CHANGED)
        state = raw["State"]
        if state.get("Paused"):
            self._engine.unpause(step.id)
            return DONE
        if state.get("Running") and not state.get("Restarting"):
            return DONE
        # A reconciler that died between create and connect left it on too few networks.
        kept = tag.fields_of(raw["Config"]["Labels"], tag.NETWORKS)
        host_mode = raw["HostConfig"].get("NetworkMode") in ("host", "none")
        if not host_mode:
            joined = (raw.get("NetworkSettings") or {}).get("Networks") or {}
            self._connect(step.id, step.key, kept, frozenset(joined))
        self._engine.start(step.id)
        return DONE

    def update(self, step: UpdateInstance) -> Outcome:
        """Change its limits, its restart policy or its name in place."""
        raw = self._own(step.id)
        if raw is None:
            return Outcome("conflict", "the container is gone", CHANGED)
        live = raw["HostConfig"].get("Memory") or LIFTED_BYTES
        lifted = {
            "resources.memory_limit": LIFTED_BYTES,
            "resources.memory_swap": live,
            "resources.memory_request": _number(
                step.fields.get("resources.memory_limit", live), LIFTED_BYTES
            ),
            "resources.cpu_limit": self._cpus * 1000,
            "resources.cpu_shares": USUAL_SHARES,
        }
        if body := update_body(step.fields, lifted):
            self._engine.update(step.id, body)
        if name := step.fields.get("name"):
            self._engine.rename(step.id, str(name))
        return DONE

    def signal(self, step: SignalInstance) -> Outcome:
        """Send a signal; ended, or gone, already is fine."""
        raw = self._own(step.id)
        if raw is None or not raw["State"].get("Running"):
            return DONE
        with self._ending():
            try:
                self._engine.kill(step.id, step.signal)
            except sdk.APIError as error:
                if error.status_code in (404, 409):  # it ended meanwhile
                    return DONE
                raise
            with suppress(requests.RequestException):
                self._engine.wait_for_end(step.id, LONGEST_HOLD_S)
        return DONE

    def remove(self, step: RemoveInstance) -> Outcome:
        """Remove it with its anonymous volumes; named ones stay. Never by force."""
        raw = self._own(step.id)
        if raw is None:
            return DONE
        if raw["State"].get("Running"):
            return Outcome("conflict", "the container still runs", CHANGED)
        with self._ending():
            try:
                self._engine.remove_container(step.id, v=True)
            except sdk.NotFound:
                return DONE
        return DONE

    def _own(self, container_id: str) -> Json | None:
        """The container, None if it is gone; TargetError where it is not the stack's."""
        if _FULL_ID.fullmatch(container_id) is None:  # the engine would take a prefix
            raise TargetError("conflict", CHANGED, f"{container_id!r} is no container's full id")
        try:
            raw: Json = self._adoptions.dressed(self._engine.inspect_container(container_id))
        except sdk.NotFound:
            return None
        identity = tag.identity_of(raw["Config"].get("Labels"), self._stack)
        if identity is None or raw["Id"] != container_id:
            name = raw["Name"].lstrip("/")
            raise TargetError("conflict", NOT_OURS, f"the container {name} is not ours")
        return raw

    def _material(self, fields: Fields) -> Material:
        environment: dict[str, str] = {}
        files: dict[str, str] = {}
        for path, value in fields.items():
            section, _, rest = path.partition(".")
            source = content_of(value) if section == "environment" else None
            if source is not None:
                environment[rest] = self._text(*source)
            elif section in ("configs", "secrets"):
                name, _, mode = str(value).rpartition(":")
                key = ResourceKey("config" if section == "configs" else "secret", name)
                variant = variant_of(mode, fields.get("security.user"))
                files[rest] = self._files.ensure(key, variant)
        names = self._adoptions.names_of
        return Material(environment, files, names("volume"), names("network"))

    def _text(self, kind: str, name: str, digest: str) -> str:
        try:
            text = self._files.content(kind, name, digest).decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise TargetError(
                "terminal", NO_CONTENT, f"the {kind} {name} is no text and fits in no variable",
                "mount it as a file",
            )  # fmt: skip
        return text

    def _missing_volume(self, fields: Fields) -> str | None:
        # The engine would make one by itself, without our mark.
        for path, value in sorted(fields.items()):
            name = split_mount(str(value))[0]
            if not path.startswith("volumes.") or name.startswith("/"):
                continue
            actual = self._adoptions.name_of(ResourceKey("volume", name))
            raw = find_volume(self._engine, actual)
            if raw is None:
                return actual
            if (self._adoptions.dressed(raw).get("Labels") or {}).get(tag.STACK) != self._stack:
                raise TargetError("conflict", NOT_OURS, f"the volume {actual} is not ours",
                                  "remove it, or adopt it")  # fmt: skip
        return None

    def _connect(
        self, container_id: str, key: ResourceKey, fields: Fields,
        joined: frozenset[str] | None = None,
    ) -> None:  # fmt: skip
        named = Material(networks=self._adoptions.names_of("network"))
        names = network_names(self._stack, fields, named)
        known = frozenset(names[:1]) if joined is None else joined
        for name in names:
            if name not in known:
                aliases: list[Any] = endpoint_of(key, fields)["Aliases"]
                self._engine.connect_container_to_network(container_id, name, aliases=aliases)

    @contextmanager
    def _ending(self) -> Iterator[None]:
        if not self._ends.acquire(timeout=max(self._engine.seconds_left(), 0)):
            raise TargetError("retryable", HANGS, "other containers take long to end")
        try:
            yield
        finally:
            self._ends.release()

"""The Docker target: one stack on one engine, behind the port."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property

from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Observed, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    DONE,
    ApplyObject,
    CreateInstance,
    DeleteObject,
    DropRecord,
    Outcome,
    PullImage,
    RemoveInstance,
    RouteInstance,
    SignalInstance,
    StartInstance,
    Step,
    UpdateInstance,
    WriteRecord,
)
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.adoption import Adoptions
from reconciler.targets.docker.connect import Endpoint, endpoint
from reconciler.targets.docker.engine import Engine, Json, open_engine
from reconciler.targets.docker.errors import CHANGED, OUTSIDE, outcome_of, target_error
from reconciler.targets.docker.events import Changes
from reconciler.targets.docker.features import CAPABILITIES, LOCAL_FEATURES
from reconciler.targets.docker.files import Files, Variant
from reconciler.targets.docker.logs import hide, secrets_of, tail, tail_since
from reconciler.targets.docker.names import object_name
from reconciler.targets.docker.networks import apply_network, delete_network
from reconciler.targets.docker.observe import Observer
from reconciler.targets.docker.perform import Instances
from reconciler.targets.docker.prober import Prober
from reconciler.targets.docker.pull import pull
from reconciler.targets.docker.records import drop_record, record_of, write_record
from reconciler.targets.docker.volumes import apply_volume, delete_volume, own_volumes
from reconciler.targets.port import Capabilities, Contents, Predicted, Wanted

OBSERVERS = 8
READ_NS = 30_000_000_000


class DockerTarget:
    """A stack on a Docker engine. `perform` and `observe` may be called from any thread."""

    name = "docker"

    def __init__(
        self, stack: str, contents: Contents, at: Endpoint | None = None,
        engine: Engine | None = None,
    ) -> None:  # fmt: skip
        # Hears how far a call has come that takes its time, on the thread that makes it.
        self.tell: Callable[[ResourceKey, str], None] = lambda key, text: None
        self._stack = stack
        self._contents = contents
        self._endpoint = at or endpoint()
        self._engine = engine or open_engine(self._endpoint)
        info, since_ns = self._first_look()
        cpus = int(info.get("NCPU") or os.cpu_count() or 1)
        # Docker Desktop's engine is in a virtual machine whose networks are not ours.
        is_desktop = "Docker Desktop" in str(info.get("OperatingSystem"))
        direct = self._endpoint.is_local and not is_desktop
        self._files = Files(self._engine, stack, contents)
        self._changes = Changes(self._engine, stack, since_ns, self._key_of)
        self._prober = Prober(self._engine, self._changes.tell)
        self._pool = ThreadPoolExecutor(OBSERVERS, thread_name_prefix="docker")
        self._adoptions = Adoptions(stack)
        self._instances = Instances(self._engine, stack, self._files, cpus, self._adoptions)
        self._observer = Observer(
            self._engine, stack, self._files, self._prober, self._pool, self._adoptions,
            direct=direct, cpus=cpus,
        )  # fmt: skip

    @cached_property
    def capabilities(self) -> Capabilities:
        """Instances, whose limits, restart policy and name can change in place."""
        if self._endpoint.is_local:
            return CAPABILITIES
        return replace(CAPABILITIES, features=CAPABILITIES.features - LOCAL_FEATURES)

    def observe(self, scope: Scope) -> Observed:
        """A snapshot of what is in scope. No call that writes."""
        return self._observer.observe(scope)

    def gate(self, tenure: Callable[[], int]) -> None:
        """From now on ask this before each call that a step makes, the lock's own excepted.

        No call is made where it says 0, or another number than when the step began.
        """
        self._engine.tenure = tenure

    def perform(self, step: Step, deadline_ns: int) -> Outcome:
        """Make the one call that `step` is, within `deadline_ns` from now."""
        is_lock = isinstance(step, WriteRecord | DropRecord) and step.record.kind == "lock"
        gate = nullcontext() if is_lock else self._engine.gated()
        with self._engine.within(deadline_ns), gate:
            try:
                return self._perform(step)
            except (TargetError, *OUTSIDE) as error:
                return outcome_of(error)

    def preview(self, wanted: Sequence[Wanted]) -> Predicted:
        """Nothing: what an instance would look like is what is asked for."""
        return {}

    def changes(self) -> Iterator[frozenset[ResourceKey]]:
        """Hints from the engine's events and from probes that turned; ends on `close`."""
        self._prober.start()
        self._changes.start()
        return iter(self._changes)

    def logs(self, instance_id: str, lines: int) -> tuple[str, ...]:
        """The last lines an instance printed, secrets in its environment blotted out."""
        with self._engine.within(READ_NS):
            try:
                raw = self._engine.inspect_container(instance_id)
                found = tail(self._engine, instance_id, lines)
            except OUTSIDE as error:
                raise target_error(error) from error
        hidden = secrets_of(self._adoptions.dressed(raw))
        return tuple(hide(line, hidden) for line in found)

    def logs_since(self, instance_id: str, since_ns: int) -> tuple[tuple[int, str], ...]:
        """What it printed later than this, secrets in its environment blotted out."""
        with self._engine.within(READ_NS):
            try:
                raw = self._engine.inspect_container(instance_id)
                found = tail_since(self._engine, instance_id, since_ns)
            except OUTSIDE as error:
                raise target_error(error) from error
        hidden = secrets_of(self._adoptions.dressed(raw))
        return tuple((at_ns, hide(line, hidden)) for at_ns, line in found)

    def close(self) -> None:
        """Let go of connections and end `changes`."""
        self._changes.close()
        self._prober.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._engine.close()

    def _key_of(self, container_id: str) -> ResourceKey | None:
        return self._observer.keys.get(container_id) or self._adoptions.key_of(container_id)

    def _first_look(self) -> tuple[Json, int]:
        with self._engine.within(READ_NS):
            try:
                return self._engine.info(), self._engine.now_ns()
            except OUTSIDE as error:
                raise target_error(error) from error

    def _perform(self, step: Step) -> Outcome:
        if not self._adoptions.has_read:
            volumes = own_volumes(self._engine, self._stack)
            records = (record_of(raw, self._stack) for raw in volumes)
            self._adoptions.read(record for record in records if record is not None)
        match step:
            case ApplyObject():
                return self._apply(step)
            case DeleteObject():
                return self._delete(step)
            case WriteRecord():
                outcome = write_record(self._engine, self._stack, step)
                if outcome == DONE and step.record.kind == "adopted":
                    self._adoptions.add(step.record)
                return outcome
            case DropRecord():
                return drop_record(self._engine, self._stack, step)
            case PullImage():
                return self._pull(step)
            case CreateInstance():
                return self._instances.create(step)
            case StartInstance():
                return self._instances.start(step)
            case UpdateInstance():
                return self._instances.update(step)
            case RouteInstance():
                return DONE  # no edge of ours: nothing knows the instance
            case SignalInstance():
                return self._instances.signal(step)
            case RemoveInstance():
                return self._instances.remove(step)

    def _pull(self, step: PullImage) -> Outcome:
        def tell(text: str) -> None:
            self.tell(step.key, f"pull {step.reference}: {text}")

        return pull(self._engine, step.reference, self._contents, tell)

    def _apply(self, step: ApplyObject) -> Outcome:
        if step.key.kind == "network":
            return apply_network(self._engine, self._stack, step, self._adoptions)
        if step.key.kind == "volume":
            return apply_volume(self._engine, self._stack, step, self._adoptions)
        assert step.key.kind in ("config", "secret"), step.key
        # Readable by its owner alone until a service asks for it in another mode.
        self._files.ensure(step.key, Variant(0o444 if step.key.kind == "config" else 0o400))
        if step.expect is not None:
            self._files.remove_leftovers(object_name(self._stack, step.key))
        return DONE

    def _delete(self, step: DeleteObject) -> Outcome:
        if step.key.kind == "network":
            return delete_network(self._engine, self._stack, step, self._adoptions)
        if step.key.kind in ("config", "secret"):
            if self._is_mounted(step.id):
                return Outcome("conflict", f"the file volume {step.id} is in use", CHANGED)
            self._files.remove_leftovers(step.id)
        return delete_volume(self._engine, self._stack, step, self._adoptions)

    def _is_mounted(self, volume: str) -> bool:
        """Whether a container has a file of this volume; the engine does not know of binds."""
        own = {"label": f"{tag.STACK}={self._stack}"}
        return any(
            f"/{volume}/_data/" in str(mount.get("Source", ""))
            for raw in self._engine.containers(all=True, filters=own)
            for mount in raw.get("Mounts") or ()
        )

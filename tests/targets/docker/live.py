"""One stack on the real engine, and what a test needs to act on it and behind its back."""

import concurrent.futures
import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import docker
import pytest

from reconciler.diff.fields import Delta, deltas
from reconciler.model.observed import Instance, Observed, Scope, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    DONE,
    ApplyObject,
    CreateInstance,
    Outcome,
    RemoveInstance,
    SignalInstance,
    StartInstance,
    Step,
)
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.target import DockerTarget
from reconciler.targets.port import Account

BUSYBOX = "local/busybox:1"
DEADLINE_NS = 30 * NS_PER_S
NETWORK = ResourceKey("network", "default")
WEB = ResourceKey("service", "web")
SLEEP: dict[str, Value] = {
    "image": BUSYBOX, "networks": ("default",), "command": ("sleep", "300"),
    "restart.policy": "always", "stop.grace": NS_PER_S, "docker.init": "true",
}  # fmt: skip
_numbers = itertools.count()


class Held:
    """Contents that a test hands to the target."""

    def __init__(self, **contents: bytes) -> None:
        self.contents = contents
        self.accounts: dict[str, Account] = {}

    def config(self, name: str) -> bytes:
        return self.contents[name]

    def secret(self, name: str) -> bytes:
        return self.contents[name]

    def account(self, host: str) -> Account | None:
        return self.accounts.get(host)


class Live:
    """A stack of its own on the engine."""

    def __init__(self) -> None:
        self.stack = f"t{os.getpid()}n{next(_numbers)}"
        self.contents = Held()
        self.target = DockerTarget(self.stack, self.contents)
        self.raw: Any = docker.APIClient(version="auto", timeout=30)

    def do(self, step: Step, deadline_ns: int = DEADLINE_NS) -> Outcome:
        return self.target.perform(step, deadline_ns)

    def done(self, step: Step) -> None:
        outcome = self.do(step)
        assert outcome == DONE, outcome

    def observe(self, **scope: Any) -> Observed:
        return self.target.observe(Scope(self.stack, **scope))

    def only(self) -> Instance:
        (instance,) = self.observe().instances
        return instance

    def network(self) -> None:
        self.done(ApplyObject(NETWORK, {"internal": False}))

    def create(
        self, fields: Mapping[str, Value], key: ResourceKey = WEB, ordinal: int = 0,
        attempt: int = 0,
    ) -> Outcome:  # fmt: skip
        name = f"{self.stack}-{key.name}-{ordinal}-r1-{attempt}"
        return self.do(CreateInstance(key, name, ordinal, "r1", attempt, fields))

    def run(self, fields: Mapping[str, Value] = SLEEP, key: ResourceKey = WEB) -> Instance:
        """Create the network if need be, and one started instance."""
        if NETWORK not in self.observe().objects:
            self.network()
        outcome = self.create(fields, key)
        assert outcome == DONE, outcome
        made = next(i for i in self.observe().instances if i.key == key)
        self.done(StartInstance(key, made.id))
        return next(i for i in self.observe().instances if i.key == key)

    def end(self, instance: Instance) -> None:
        """Kill and remove."""
        self.do(SignalInstance(instance.key, instance.id, "SIGKILL"))
        self.until(lambda: not self.raw.inspect_container(instance.id)["State"]["Running"])
        self.done(RemoveInstance(instance.key, instance.id))

    def until(self, holds: Callable[[], object], most_s: float = 15) -> None:
        end = time.monotonic() + most_s
        while not holds():
            assert time.monotonic() < end, "it did not come to be in time"
            time.sleep(0.05)

    def drift(self, fields: Mapping[str, Value] = SLEEP) -> dict[str, Delta]:
        """What differs between what was asked and what is live."""
        live = self.only()
        return {d.path: d for d in deltas(fields, live.fields, live.defaults)}

    def clean(self) -> None:
        """Remove everything that carries the stack's label, few at a time."""
        self.target.close()
        mine = {"label": f"{tag.STACK}={self.stack}"}
        ids = [c["Id"] for c in self.raw.containers(all=True, filters=mine)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self._remove, ids))
        for network in self.raw.networks(filters=mine):
            self.raw.remove_network(network["Id"])
        for volume in self.raw.volumes(filters=mine)["Volumes"] or []:
            self.raw.remove_volume(volume["Name"])
        self.raw.close()

    def _remove(self, container_id: str) -> None:
        with contextlib.suppress(docker.errors.NotFound):
            self.raw.remove_container(container_id, force=True, v=True)


@pytest.fixture
def live() -> Iterator[Live]:
    """A stack of its own on the engine; everything of it is removed at the end."""
    made = Live()
    try:
        yield made
    finally:
        made.clean()

"""The world as a cluster: the `native` façade, whose workloads are objects."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reconciler.model.observed import Fields, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    DONE,
    ApplyObject,
    DeleteObject,
    DropRecord,
    Outcome,
    Step,
    WriteRecord,
    kind_of,
)
from reconciler.model.units import NS_PER_S
from reconciler.sim import deployment, kubelet, outcomes
from reconciler.sim.deployment import PROGRESS_NS, Rollout
from reconciler.sim.facade import Facade
from reconciler.sim.things import Thing
from reconciler.sim.world import World
from reconciler.targets.port import Capabilities, Predicted, Wanted

FEATURES = frozenset(
    {
        "manifests", "configs", "secrets", "jobs", "kubernetes-block", "probes.http",
        "probes.tcp", "probes.grpc", "probes.exec",
    }
)  # fmt: skip

# What the API server fills in where nobody asked.
DEFAULTS: Mapping[str, Mapping[str, Value]] = {
    "service": {
        "replicas": 1, "rollout.strategy": "rolling", "rollout.max_surge": "25%",
        "rollout.max_unavailable": "25%", "rollout.min_ready": 0,
        "rollout.deadline": PROGRESS_NS, "restart.policy": "always",
        "stop.grace": 30 * NS_PER_S, "revision_history": 10,
    },
    "job": {"retries": 6, "completions": 1, "stop.grace": 30 * NS_PER_S},
    "config": {"immutable": False},
    "secret": {"type": "Opaque"},
    "manifest": {"metadata.annotations": ()},
}  # fmt: skip

_MILLI_CPU = re.compile(r"(\d+)000m")


class SimCluster(Facade):
    """A simulated cluster that holds one stack's objects and rolls its workloads itself."""

    capabilities = Capabilities("native", features=FEATURES)

    def __init__(self, world: World, stack: str) -> None:
        super().__init__(world, stack)
        if deployment.watch not in world.listeners:
            world.listeners.append(deployment.watch)
        self._calls: dict[type, Callable[[Any], Outcome]] = {
            ApplyObject: self._apply, DeleteObject: self._delete,
            WriteRecord: self._write_record, DropRecord: self._drop_record,
        }  # fmt: skip

    def perform(self, step: Step, deadline_ns: int) -> Outcome:
        """The step's effect, at the world's present instant."""
        call = self._calls.get(type(step))
        if call is None:
            return outcomes.refused(f"a cluster takes no {kind_of(step)} of a pod from here")
        return call(step)

    def preview(self, wanted: Sequence[Wanted]) -> Predicted:
        """A server-side dry run: canonical values, and the defaults filled in."""
        if self.world.now_ns < self.world.unreachable_until_ns:
            return {}
        return {each.key: dry_run(each.key, each.fields) for each in wanted}

    def _apply(self, step: ApplyObject) -> Outcome:
        """Server-side apply; with a resourceVersion it is a compare-and-set."""
        there = self.world.holding(self.stack).objects.get(step.key)
        fields = canonical(step.fields)
        if there is None:
            if step.expect is not None:
                return outcomes.changed(f"{step.key} is gone")
            self._make(step.key, fields)
            return DONE
        if not there.owned:
            return self._hands_off(there)
        if step.expect is not None and step.expect != there.fingerprint:
            return outcomes.changed(f"{step.key} has changed")
        if fields != there.fields:
            there.fields = fields
            there.generation += 1
            self.world.touch_object(there)
        return DONE

    def _make(self, key: ResourceKey, fields: dict[str, Value]) -> None:
        world = self.world
        thing = Thing(
            world.new_id("object"), key, self.stack, fields, _defaults_of(key),
            created_at_ns=world.now_ns,
        )  # fmt: skip
        if key.kind in ("service", "job"):
            thing.state = Rollout()
        world.add_object(thing)

    def _delete(self, step: DeleteObject) -> Outcome:
        there = self.world.holding(self.stack).objects.get(step.key)
        if there is None:
            return DONE
        if not there.owned:
            return self._hands_off(there)
        if there.id != step.id or (step.expect and step.expect != there.fingerprint):
            return outcomes.changed(f"{step.key} is another by now")
        self.world.drop_object(there)
        for pod in self.world.of(self.stack, step.key):
            kubelet.end_pod(self.world, pod, step.grace_ns)
        return DONE

    def _hands_off(self, thing: Thing) -> Outcome:
        """A write on what is not ours: refused, and told to whoever watches."""
        self.world.emit("violation", thing, "a write on what is not ours")
        return outcomes.not_ours(f"{thing.key} is not ours")


def _defaults_of(key: ResourceKey) -> Mapping[str, Value]:
    return DEFAULTS.get(key.kind, {})


def dry_run(key: ResourceKey, fields: Fields) -> dict[str, Value]:
    """What the API server makes of these fields: canonical, with its defaults filled in."""
    return {**_defaults_of(key), **canonical(fields)}


def canonical(fields: Fields) -> dict[str, Value]:
    """Quantities as the API server writes them: ``1000m`` of CPU is ``1``."""
    return {
        path: _MILLI_CPU.sub(r"\1", value)
        if path.endswith(".cpu") and isinstance(value, str) and _MILLI_CPU.fullmatch(value)
        else value
        for path, value in fields.items()
    }

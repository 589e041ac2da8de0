"""Deployments and StatefulSets as services of the state, with their revisions and pods. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from reconciler.model.image import normalised
from reconciler.model.lifecycle import Rollout
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.model.survey import Found, SeenPod, SeenTemplate, SeenWorkload
from reconciler.model.units import NS_PER_S
from reconciler.targets.kubernetes import containers as of
from reconciler.targets.kubernetes import scaling
from reconciler.targets.kubernetes.pods import has_ended, seen_pod, usage_of
from reconciler.targets.kubernetes.read import Raw
from reconciler.targets.kubernetes.selecting import labels_of, owned_by
from reconciler.targets.kubernetes.volumes import mounted

Json = Mapping[str, Any]
Kind = Literal["Deployment", "StatefulSet"]

REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"
SET_HASH = "controller-revision-hash"
# Labels that machinery sets, and that nobody asks for in a state.
_MACHINERY = ("app.kubernetes.io/", "reconciler.", HASH, SET_HASH)


@dataclass
class Around:
    """What was read, and the digests of configs that were met on the way."""

    raw: Raw
    configmaps: Mapping[str, Json]
    digests: dict[str, str]


def seen_workload(found: Json, by: Found, name: str, around: Around) -> SeenWorkload:
    """All that is seen of the workload that runs for a service."""
    raw, notes = around.raw, dict[str, None]()
    kind: Kind = "StatefulSet" if any(found is each for each in raw.statefulsets) else "Deployment"
    scaler = scaling.autoscaler_for(found, kind, raw.autoscalers)
    routing = scaling.routing_for(found, raw.services)
    replicas = int((found.get("spec") or {}).get("replicas", 1))

    def note(text: str) -> None:
        notes.setdefault(text)

    def service_of(template: Json) -> Service:
        made = _from_template(template, name, around, note)
        made = replace(
            made, replicas=None if scaler else replicas, singleton=kind == "StatefulSet",
            rollout=_rollout(found["spec"], note), routing=routing,
            labels=_labels(found, template),
        )  # fmt: skip
        return made if scaler is None else replace(
            made, autoscale=scaling.autoscale_of(scaler, note)
        )  # fmt: skip

    service = service_of(found["spec"]["template"])
    revisions = _sets(found, raw) if kind == "Deployment" else _revisions(found, raw)
    templates = tuple(
        SeenTemplate(each, service_of(template) if template else service, count)
        for each, template, count in revisions
    )
    if found["spec"].get("paused"):
        note("its rollout is paused; applying goes on with it")
    return SeenWorkload(
        kind, found["metadata"]["name"], by, service, replicas, templates,
        _pods(found, kind, name, around), _is_settled(found, replicas), scaler is not None,
        scaling.budget_for(found, raw.budgets), routing is not None, tuple(notes),
    )  # fmt: skip


def _from_template(
    template: Json, name: str, around: Around, note: Callable[[str], None]
) -> Service:  # fmt: skip
    container = of.main_container(template, name)
    spec = template.get("spec") or {}
    mounts = mounted(template, container, around.configmaps)
    around.digests.update(mounts.digests)
    others = [c["name"] for c in spec.get("containers") or () if c is not container]
    if others:
        note(f"{', '.join(others)} beside it take their room, and are not simulated otherwise")
    if spec.get("initContainers"):
        note("its init containers take no time")
    return Service(
        image=normalised(str(container.get("image", ""))),
        entrypoint=tuple(container.get("command") or ()),
        command=tuple(container.get("args") or ()),
        environment=of.environment_of(container, note), volumes=tuple(mounts.volumes),
        configs=tuple(mounts.configs), secrets=tuple(mounts.secrets),
        resources=of.resources_of(container), security=of.security_of(template, container),
        ports=of.ports_of(container), hostname=str(spec.get("hostname") or ""),
        startup=of.probe_of(container, "startupProbe"),
        liveness=of.probe_of(container, "livenessProbe"),
        readiness=of.probe_of(container, "readinessProbe"),
        termination=of.termination_of(template, container, note),
    )  # fmt: skip


def _labels(workload: Json, template: Json) -> dict[str, str]:
    """Labels that somebody asked for: not those that select its pods, nor the machinery's."""
    selecting = (workload["spec"].get("selector") or {}).get("matchLabels") or {}
    return {
        name: text
        for name, text in labels_of(template).items()
        if name not in selecting and not name.startswith(_MACHINERY)
    }


def _rollout(spec: Json, note: Callable[[str], None]) -> Rollout:
    """How it is rolled, with the server's defaults. A StatefulSet goes one by one."""
    min_ready = int(spec.get("minReadySeconds") or 0) * NS_PER_S
    if "updateStrategy" in spec or "serviceName" in spec:
        if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
            note("it is updated as its pods are deleted (OnDelete), and is simulated as rolling")
        if spec.get("podManagementPolicy") == "Parallel":
            note("its pods are made all at once (Parallel), and are simulated one by one")
        return Rollout(max_surge=0, max_unavailable=1, min_ready=min_ready)
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    return Rollout(
        strategy="recreate" if strategy.get("type") == "Recreate" else "rolling",
        max_surge=rolling.get("maxSurge", "25%"),
        max_unavailable=rolling.get("maxUnavailable", "25%"), min_ready=min_ready,
        deadline=int(spec.get("progressDeadlineSeconds", 600)) * NS_PER_S,
    )  # fmt: skip


def _sets(found: Json, raw: Raw) -> list[tuple[str, Json | None, int]]:
    """A Deployment's ReplicaSets that have pods or are the newest: name, template, replicas.

    The newest is the workload's own template (None), unless its controller has not seen it yet.
    """
    owned = sorted(owned_by(found, raw.replicasets), key=_number)
    is_seen = _observed(found) >= int(found["metadata"].get("generation", 0))
    newest = owned[-1] if owned and is_seen else None
    made = [
        (
            each["metadata"]["name"],
            None if each is newest else each["spec"]["template"],
            int(each["spec"].get("replicas", 0)),
        )
        for each in owned
        if each is newest or each["spec"].get("replicas") or owned_by(each, raw.pods)
    ]
    return made if newest is not None else [*made, ("", None, 0)]


def _number(replicaset: Json) -> tuple[int, str]:
    found = (replicaset["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(found) if str(found).isdigit() else 0, replicaset["metadata"]["name"]


def _observed(found: Json) -> int:
    return int((found.get("status") or {}).get("observedGeneration", 0))


def _revisions(found: Json, raw: Raw) -> list[tuple[str, Json | None, int]]:
    """A StatefulSet's revisions that have pods, and the newest."""
    newest = str((found.get("status") or {}).get("updateRevision") or "")
    counts: dict[str, int] = {}
    for pod in owned_by(found, raw.pods):
        name = labels_of(pod).get(SET_HASH, newest)
        counts[name] = counts.get(name, 0) + 1
    templates = {
        each["metadata"]["name"]: (each.get("data") or {}).get("spec", {}).get("template")
        for each in raw.revisions
    }
    old = [(name, templates.get(name), n) for name, n in sorted(counts.items()) if name != newest]
    return [*old, (newest, None, counts.get(newest, 0))]


def _pods(found: Json, kind: Kind, name: str, around: Around) -> tuple[SeenPod, ...]:
    raw, key = around.raw, ResourceKey("service", name)
    container = of.main_container(found["spec"]["template"], name).get("name", name)
    used = usage_of(raw.usage, container)
    owners = [found] if kind == "StatefulSet" else owned_by(found, raw.replicasets)
    mine = [
        (owner, pod) for owner in owners for pod in owned_by(owner, raw.pods) if not has_ended(pod)
    ]
    mine.sort(key=lambda each: (each[1]["metadata"]["creationTimestamp"], _name(each[1])))
    made = []
    for number, (owner, pod) in enumerate(mine):
        if kind == "StatefulSet":
            ordinal = _name(pod).rpartition("-")[2]
            template = labels_of(pod).get(SET_HASH, "")
            number = int(ordinal) if ordinal.isdigit() else number
        else:
            template = _name(owner)
        made.append(seen_pod(pod, key, number, template, container, used))
    return tuple(made)


def _name(found: Json) -> str:
    return str(found["metadata"]["name"])


def _is_settled(found: Json, replicas: int) -> bool:
    """Whether nothing is being rolled: ``kubectl rollout status`` would return."""
    status = found.get("status") or {}
    counts = [int(status.get(name) or 0) for name in ("replicas", "updatedReplicas")]
    ready = int(status.get("availableReplicas") or status.get("readyReplicas") or 0)
    seen = _observed(found) >= int(found["metadata"].get("generation", 0))
    return seen and all(count == replicas for count in (*counts, ready))

"""From raw JSON to what a rehearsal begins with. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.fields import native_fields, workload_fields
from reconciler.model.observed import Observed, ObservedObject, Scope, Status
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Config, Declared, Secret, Stack
from reconciler.model.survey import SeenNode, SeenWorkload, Survey, Tenant
from reconciler.targets.kubernetes.containers import asked_by
from reconciler.targets.kubernetes.pods import has_ended
from reconciler.targets.kubernetes.quantities import amounts
from reconciler.targets.kubernetes.read import Raw
from reconciler.targets.kubernetes.selecting import marked_services, workload_for
from reconciler.targets.kubernetes.workloads import Around, seen_workload

Json = Mapping[str, Any]


def survey_of(raw: Raw, scope: Scope, services: Collection[str]) -> Survey:
    """What of the namespace runs for these services or carries our mark, and the rest.

    `services` are those of the state; a workload that is none of theirs is a tenant.
    """
    around = Around(raw, {each["metadata"]["name"]: each for each in raw.configmaps}, {})
    there = [*raw.deployments, *raw.statefulsets]
    workloads: dict[str, SeenWorkload] = {}
    objects: dict[str, Json] = {}
    for name in sorted({*services, *marked_services(scope.stack, there)}):
        found = workload_for(name, scope.stack, there)
        if found is not None:
            objects[name] = found[0]
            workloads[name] = seen_workload(*found, name, around)
    declared = _declared(scope.stack, workloads, around.digests)
    stack = Stack(declared)
    workloads = {name: _dressed(seen, name, declared) for name, seen in workloads.items()}
    observed = Observed(
        scope, raw.now_ns, raw.now_ns,
        {
            ResourceKey("service", name): _object(stack, name, workloads[name], found)
            for name, found in objects.items()
            if scope.covers(ResourceKey("service", name))
        },
        tuple(
            pod.instance
            for seen in workloads.values()
            for pod in seen.pods
            if scope.covers(pod.instance.key)
        ),
        images=_images(workloads, scope),
    )  # fmt: skip
    mine = {pod.instance.id for seen in workloads.values() for pod in seen.pods}
    tenants = [
        _tenant(pod) for pod in (*raw.pods, *raw.others)
        if pod["metadata"]["uid"] not in mine and _holds_room(pod)
    ]  # fmt: skip
    return Survey(
        observed, raw.namespace, raw.version, declared, workloads,
        tuple(_node(each) for each in raw.nodes), tuple(tenants), _there(raw), tuple(raw.unread),
    )  # fmt: skip


def _declared(
    stack: str, workloads: Mapping[str, SeenWorkload], digests: Mapping[str, str]
) -> Declared:  # fmt: skip
    services = {name: seen.service for name, seen in workloads.items()}
    older = [t.service for seen in workloads.values() for t in seen.templates]
    secrets = {m.source for service in (*services.values(), *older) for m in service.secrets}
    return Declared(
        name=stack, services=services,
        configs={name: Config(digest=digest) for name, digest in sorted(digests.items())},
        secrets={name: Secret() for name in sorted(secrets)},
    )  # fmt: skip


def _dressed(seen: SeenWorkload, name: str, declared: Declared) -> SeenWorkload:
    """Its pods with the fields of the revision that they were made from."""
    key = ResourceKey("service", name)
    fields = {
        each.name: workload_fields(
            Stack(replace(declared, services={name: each.service})), key
        )
        for each in seen.templates
    }  # fmt: skip
    pods = tuple(
        replace(pod, instance=replace(pod.instance, fields=fields.get(pod.template, {})))
        for pod in seen.pods
    )
    return replace(seen, pods=pods)


def _object(stack: Stack, name: str, seen: SeenWorkload, found: Json) -> ObservedObject:
    key, metadata = ResourceKey("service", name), found["metadata"]
    fields = {**native_fields(stack, key), "replicas": seen.replicas}
    ready = sum(pod.instance.ready for pod in seen.pods)
    said = "" if seen.settled else f"{ready} of {seen.replicas} ready"
    return ObservedObject(
        key, metadata["uid"], fields, owned=seen.found == "mark",
        fingerprint=str(metadata.get("resourceVersion", "")),
        status=Status(seen.settled, not _is_late(found), said),
    )  # fmt: skip


def _is_late(found: Json) -> bool:
    """Whether its progress deadline is over."""
    return any(
        each.get("type") == "Progressing" and each.get("reason") == "ProgressDeadlineExceeded"
        for each in (found.get("status") or {}).get("conditions") or ()
    )


def _images(
    workloads: Mapping[str, SeenWorkload], scope: Scope
) -> dict[str, str | None]:  # fmt: skip
    """The image ids that running pods tell of, by reference."""
    known: dict[str, str] = {}
    for seen in workloads.values():
        for pod in seen.pods:
            image = pod.instance.fields.get("image")
            if image and pod.instance.image_id:
                known[str(image)] = pod.instance.image_id
    return {image: known.get(image) for image in sorted({*scope.images, *known})}


def _node(found: Json) -> SeenNode:
    status = found.get("status") or {}
    cpu, memory = amounts(status.get("allocatable") or status.get("capacity"))
    heard = any(
        each.get("type") == "Ready" and each.get("status") == "True"
        for each in status.get("conditions") or ()
    )
    images = [str(name) for each in status.get("images") or () for name in each.get("names") or ()]
    return SeenNode(
        found["metadata"]["name"], cpu or 0, memory or 0,
        bool((found.get("spec") or {}).get("unschedulable", False)), heard, tuple(images),
    )  # fmt: skip


def _holds_room(pod: Json) -> bool:
    return bool((pod.get("spec") or {}).get("nodeName")) and not has_ended(pod)


def _tenant(pod: Json) -> Tenant:
    metadata, spec = pod["metadata"], pod["spec"]
    name = f"{metadata.get('namespace', '')}/{metadata['name']}"
    return Tenant(metadata["uid"], name, spec["nodeName"], asked_by(spec))


def _there(raw: Raw) -> frozenset[str]:
    """The names of what is mounted or may be, as ``configmap/motd``."""
    kinds = (("configmap", raw.configmaps), ("secret", raw.secrets), ("claim", raw.claims))
    return frozenset(
        f"{kind}/{each['metadata']['name']}" for kind, found in kinds for each in found
    )

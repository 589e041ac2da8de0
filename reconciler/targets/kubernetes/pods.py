"""Pods as instances: how each is, where, and what its times tell of its app. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.observed import Instance, Phase
from reconciler.model.resource import ResourceKey
from reconciler.model.survey import SeenPod
from reconciler.targets.kubernetes.containers import asked_by
from reconciler.targets.kubernetes.quantities import amounts, time_ns

Json = Mapping[str, Any]


def has_ended(pod: Json) -> bool:
    """Whether it ran to its end: it holds nothing of its machine any more."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def seen_pod(
    pod: Json, key: ResourceKey, ordinal: int, template: str, container: str,
    used: Mapping[str, tuple[int, int]],
) -> SeenPod:  # fmt: skip
    """A pod of a workload. `container` is the one that counts; `used` its use, by pod."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    own = _status(status, container)
    started_ns = time_ns(((own.get("state") or {}).get("running") or {}).get("startedAt"))
    restarts = int(own.get("restartCount", 0))
    ready_ns = _since(status, "Ready")
    last = (own.get("lastState") or {}).get("terminated") or {}
    ended = (own.get("state") or {}).get("terminated") or last
    instance = Instance(
        metadata["uid"], metadata["name"], key, ordinal, template, 0, _phase(status, own),
        ready_ns is not None, created_at_ns=time_ns(metadata.get("creationTimestamp")) or 0,
        started_at_ns=started_ns, ready_since_ns=ready_ns,
        finished_at_ns=time_ns(ended.get("finishedAt")), exit_code=ended.get("exitCode"),
        oom_killed=ended.get("reason") == "OOMKilled", engine_restarts=restarts,
        image_id=str(own.get("imageID", "")).rpartition("://")[2], message=_message(status, own),
    )  # fmt: skip
    placed_ns = _since(status, "PodScheduled")
    first = restarts == 0 and started_ns is not None
    return SeenPod(
        instance, template, str((pod.get("spec") or {}).get("nodeName") or ""),
        asked_by(pod.get("spec") or {}), time_ns(metadata.get("deletionTimestamp")),
        _span(time_ns(last.get("startedAt")), time_ns(last.get("finishedAt"))),
        _span(placed_ns, started_ns) if first else None,
        _span(started_ns, ready_ns) if first else None,
        used.get(metadata["name"]),
    )  # fmt: skip


def usage_of(found: Sequence[Json], container: str) -> dict[str, tuple[int, int]]:
    """What pods use, by name: millicores and bytes of one container (metrics.k8s.io)."""
    made = {}
    for each in found:
        for one in each.get("containers") or ():
            if one.get("name") == container:
                cpu, memory = amounts(one.get("usage"))
                made[str(each["metadata"]["name"])] = (cpu or 0, memory or 0)
    return made


def _status(status: Json, container: str) -> Json:
    found = status.get("containerStatuses") or ()
    return next((each for each in found if each.get("name") == container), {})


def _since(status: Json, kind: str) -> int | None:
    """Since when a condition is true."""
    for each in status.get("conditions") or ():
        if each.get("type") == kind and each.get("status") == "True":
            return time_ns(each.get("lastTransitionTime"))
    return None


def _phase(status: Json, own: Json) -> Phase:
    """The pod's phase, and its container's state: one that waits after an end starts again."""
    if status.get("phase") in ("Succeeded", "Failed"):
        return "exited"
    state = own.get("state") or {}
    if "running" in state:
        return "running"
    if "terminated" in state or int(own.get("restartCount", 0)):
        return "restarting"
    return "created"


def _message(status: Json, own: Json) -> str:
    waiting = (own.get("state") or {}).get("waiting") or {}
    if waiting:
        return ": ".join(part for part in (waiting.get("reason"), waiting.get("message")) if part)
    for each in status.get("conditions") or ():
        if each.get("type") == "PodScheduled" and each.get("status") == "False":
            return str(each.get("message") or each.get("reason") or "")
    return ""


def _span(from_ns: int | None, to_ns: int | None) -> int | None:
    """Kubernetes tells times in whole seconds; a clock that was set back gives no span."""
    if from_ns is None or to_ns is None or to_ns < from_ns:
        return None
    return to_ns - from_ns

"""What stands around a workload, in the state's own words: autoscaler, budget, Service. Pure.

Autoscalers are read as autoscaling/v2 and v2beta2, which are alike, and as v1.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reconciler.model.lifecycle import Autoscale, MetricTarget, Stabilisation
from reconciler.model.traffic import Affinity, Routing
from reconciler.model.units import NS_PER_S
from reconciler.targets.kubernetes.quantities import quantity
from reconciler.targets.kubernetes.selecting import matches, template_labels

Json = Mapping[str, Any]
Note = Callable[[str], None]

AFFINITY_S = 10800  # v1 ClientIPConfig, where no time is said
DOWN_S = 300  # horizontal-pod-autoscaler-downscale-stabilization


def autoscaler_for(workload: Json, kind: str, found: Iterable[Json]) -> Json | None:
    """The autoscaler that sets this workload's replicas."""
    for each in found:
        target = (each.get("spec") or {}).get("scaleTargetRef") or {}
        if target.get("kind") == kind and target.get("name") == workload["metadata"]["name"]:
            return each
    return None


def autoscale_of(found: Json, note: Note) -> Autoscale:
    """An autoscaler in the state's own words."""
    spec = found["spec"]
    cpu, memory, others = spec.get("targetCPUUtilizationPercentage"), None, []
    for metric in spec.get("metrics") or ():
        name, target = _metric(metric)
        if metric.get("type") == "Resource" and "averageUtilization" in target:
            cpu = target["averageUtilization"] if name == "cpu" else cpu
            memory = target["averageUtilization"] if name == "memory" else memory
        elif metric.get("type") != "Resource" and quantity(target.get("averageValue")) is not None:
            average = float(quantity(target["averageValue"]) or 0)
            others.append(MetricTarget(name=name, average=average))
        else:
            note(f"its autoscaler's target for {name or 'a metric'} is not simulated")
    behaviour = spec.get("behavior") or {}
    up, down = behaviour.get("scaleUp") or {}, behaviour.get("scaleDown") or {}
    stabilisation = Stabilisation(
        up=int(up.get("stabilizationWindowSeconds") or 0) * NS_PER_S,
        down=int(_or(down.get("stabilizationWindowSeconds"), DOWN_S)) * NS_PER_S,
    )
    return Autoscale(
        min=int(_or(spec.get("minReplicas"), 1)), max=int(spec["maxReplicas"]), cpu=cpu,
        memory=memory, metrics=tuple(others), stabilisation=stabilisation,
    )  # fmt: skip


def _metric(metric: Json) -> tuple[str, Json]:
    """Name and target, by kind of metric."""
    own = metric.get(str(metric.get("type", "")).lower()) or {}
    if metric.get("type") == "ContainerResource":
        own = metric.get("containerResource") or {}
    name = own.get("name") or (own.get("metric") or {}).get("name") or ""
    return str(name), own.get("target") or {}


def _or(value: Any, default: int) -> Any:
    return default if value is None else value


def budget_for(
    workload: Json, found: Iterable[Json]
) -> tuple[str | int | None, str | int | None] | None:  # fmt: skip
    """The budget that covers its pods: least available, most unavailable."""
    labels = template_labels(workload)
    for each in found:
        spec = each.get("spec") or {}
        if matches(spec.get("selector"), labels):
            return spec.get("minAvailable"), spec.get("maxUnavailable")
    return None


def routing_for(workload: Json, services: Iterable[Json]) -> Routing | None:
    """The Service that sends it traffic; with affinity where it has one. None: none does."""
    labels = template_labels(workload)
    routing = None
    for each in services:
        spec = each.get("spec") or {}
        if not matches({"matchLabels": spec.get("selector") or {}}, labels):
            continue
        if spec.get("sessionAffinity") == "ClientIP":
            config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
            timeout_s = int(_or(config.get("timeoutSeconds"), AFFINITY_S))
            return Routing(affinity=Affinity(by="client_ip", timeout=timeout_s * NS_PER_S))
        routing = routing or Routing()
    return routing

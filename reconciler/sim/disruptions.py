"""Budgets of disruptions: what a stack's manifests say of evictions."""

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.stack import Stack
from reconciler.sim.site import Disruptions

KIND = "PodDisruptionBudget"
NAMED_BY = ("app.kubernetes.io/name", "app")  # labels whose value names a service


def disruptions_of(stack: Stack) -> dict[str, Disruptions]:
    """By resource (``service/web``), the budget that the first manifest for it declares.

    A selector fits a service by `NAMED_BY`; an empty one fits every pod of the namespace in
    ``policy/v1``, and none in ``policy/v1beta1``
    (kubernetes ``pkg/apis/policy/v1beta1``, PodDisruptionBudgetSpec.Selector).
    """
    found: dict[str, Disruptions] = {}
    for manifest in stack.declared.manifests:
        if manifest.get("kind") == KIND:
            budget = budget_of(manifest)
            for name in _selected(manifest, stack):
                if budget is not None:
                    found.setdefault(f"service/{name}", budget)
    return found


def budget_of(manifest: Mapping[str, Any]) -> Disruptions | None:
    """What a PodDisruptionBudget allows; None where it says neither amount so that it is one."""
    spec = _mapping(manifest.get("spec"))
    least, most = _amount(spec.get("minAvailable")), _amount(spec.get("maxUnavailable"))
    return Disruptions(least, most) if least is not None or most is not None else None


def _amount(value: Any) -> str | int | None:
    """A whole number, or a share such as ``50%``."""
    if isinstance(value, str):
        return value if value.endswith("%") and value[:-1].isdecimal() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _selected(manifest: Mapping[str, Any], stack: Stack) -> Iterator[str]:
    labels = _mapping(_mapping(_mapping(manifest.get("spec")).get("selector")).get("matchLabels"))
    if not labels and str(manifest.get("apiVersion")) == "policy/v1":
        yield from stack.declared.services
    for label in NAMED_BY:
        if str(labels.get(label)) in stack.declared.services:
            yield str(labels[label])
            return


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

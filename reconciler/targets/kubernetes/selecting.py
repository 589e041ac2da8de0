"""Which object is whose: selectors, owners, and what runs for a service of the state. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reconciler.model.survey import Found

Json = Mapping[str, Any]

STACK = "reconciler.stack"
NAME = "reconciler.name"
KIND = "reconciler.kind"
APP_NAME = "app.kubernetes.io/name"


def labels_of(found: Json) -> Mapping[str, str]:
    """An object's labels."""
    return (found.get("metadata") or {}).get("labels") or {}


def template_labels(workload: Json) -> Mapping[str, str]:
    """The labels that a workload's pods are made with."""
    return labels_of((workload.get("spec") or {}).get("template") or {})


def matches(selector: Json | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels; one that says nothing takes none here.

    Source: metav1.LabelSelector: all of matchLabels and of matchExpressions must hold.
    """
    said = selector or {}
    wanted, expressions = said.get("matchLabels") or {}, said.get("matchExpressions") or ()
    if not wanted and not expressions:
        return False
    if any(labels.get(name) != text for name, text in wanted.items()):
        return False
    return all(_holds(each, labels) for each in expressions)


def _holds(expression: Json, labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in (expression.get("values") or ())
        case "NotIn":
            return value not in (expression.get("values") or ())
        case "Exists":
            return value is not None
        case _:
            return value is None


def owner_of(found: Json) -> str:
    """The uid of the controller that made an object; empty where there is none."""
    for each in (found.get("metadata") or {}).get("ownerReferences") or ():
        if each.get("controller"):
            return str(each.get("uid", ""))
    return ""


def owned_by(owner: Json, found: Iterable[Json]) -> list[Json]:
    """Those that this object's controller made."""
    uid = owner["metadata"]["uid"]
    return [each for each in found if owner_of(each) == uid]


def workload_for(
    service: str, stack: str, workloads: Sequence[Json]
) -> tuple[Json, Found] | None:  # fmt: skip
    """What runs for a service: by our own mark, else by its name, else by its app's label.

    A label counts only where one workload has it: of two, none is more the service's.
    """
    for each in workloads:
        labels = labels_of(each)
        if labels.get(STACK) == stack and labels.get(NAME) == service:
            return each, "mark"
    unmarked = [each for each in workloads if STACK not in labels_of(each)]
    for name in (service, f"{stack}-{service}"):
        for each in unmarked:
            if each["metadata"]["name"] == name:
                return each, "name"
    labelled = [each for each in unmarked if labels_of(each).get(APP_NAME) == service]
    return (labelled[0], "label") if len(labelled) == 1 else None


def marked_services(stack: str, workloads: Sequence[Json]) -> list[str]:
    """The services of this stack that carry our mark, wanted or not."""
    return sorted(
        str(labels_of(each)[NAME])
        for each in workloads
        if labels_of(each).get(STACK) == stack and labels_of(each).get(NAME)
    )

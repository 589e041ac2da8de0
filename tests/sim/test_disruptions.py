"""Budgets of disruptions, read from a stack's manifests."""

from typing import Any

import pytest

from reconciler.model.service import Service
from reconciler.model.stack import Declared, Stack
from reconciler.sim.disruptions import disruptions_of
from reconciler.sim.site import Disruptions


def found(**spec: Any) -> dict[str, Disruptions]:
    version = spec.pop("version", "policy/v1")
    manifest = {"apiVersion": version, "kind": "PodDisruptionBudget", "spec": spec}
    services = {name: Service(image=f"{name}:1") for name in ("api", "web")}
    others = ({"kind": "ConfigMap", "data": {}}, {"kind": "PodDisruptionBudget"})
    return disruptions_of(
        Stack(Declared(name="shop", services=services, manifests=(*others, manifest)))
    )


@pytest.mark.parametrize("labels", [{"app": "web"}, {"app.kubernetes.io/name": "web"}])
def test_a_budget_is_the_service_s_that_its_selector_names(labels: dict[str, str]):
    budget = Disruptions(min_available=2)
    assert found(minAvailable=2, selector={"matchLabels": labels}) == {"service/web": budget}


def test_shares_are_kept_as_they_are_said():
    made = found(maxUnavailable="25%", selector={"matchLabels": {"app": "api"}})
    assert made == {"service/api": Disruptions(max_unavailable="25%")}


def test_an_empty_selector_fits_everything_today_and_nothing_in_the_beta():
    assert set(found(minAvailable=1, selector={})) == {"service/api", "service/web"}
    assert found(minAvailable=1, selector={}, version="policy/v1beta1") == {}


@pytest.mark.parametrize(
    "spec",
    [
        {}, {"minAvailable": "half"}, {"minAvailable": True}, {"minAvailable": [1]},
        {"selector": "web", "maxUnavailable": 1}, {"selector": {"matchLabels": {"app": ["web"]}}},
        {"selector": {"matchLabels": {"app": "other"}}, "minAvailable": 1},
    ],
)  # fmt: skip
def test_what_is_no_budget_of_ours_is_none(spec: dict[str, Any]):
    assert found(**{"version": "policy/v1beta1", **spec}) == {}

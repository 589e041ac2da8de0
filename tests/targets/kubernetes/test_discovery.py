"""Which version of a kind is read."""

import pytest

from reconciler.targets.kubernetes.discovery import Discovery, rank
from tests.targets.kubernetes.recorded import newer, recorded


def test_the_newest_version_has_the_higher_number_and_then_the_firmer_stage() -> None:
    versions = ["v1alpha1", "v2beta1", "strange", "v1", "v2", "v1beta2", "v2beta2", "v2alpha1"]
    ranked = sorted(versions, key=rank, reverse=True)
    assert ranked == [
        "v2", "v2beta2", "v2beta1", "v1", "v1beta2", "v2alpha1", "v1alpha1", "strange",
    ]  # fmt: skip


def test_a_server_of_1_20_is_read_in_what_it_serves_and_one_of_today_in_what_it_serves() -> None:
    old, new = Discovery(recorded()), Discovery(newer())
    assert old.version("horizontalpodautoscalers") == "autoscaling/v2beta2"
    assert new.version("horizontalpodautoscalers") == "autoscaling/v2"
    assert old.version("poddisruptionbudgets") == "policy/v1beta1"
    assert new.version("poddisruptionbudgets") == "policy/v1"
    assert old.path("pods", "shop") == "/api/v1/namespaces/shop/pods"
    assert old.path("podmetrics", "shop") is None
    assert new.path("podmetrics", "shop") == "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"


def test_each_group_is_asked_for_once() -> None:
    api = recorded()
    kinds = Discovery(api)
    for _ in range(2):
        for resource in ("deployments", "replicasets", "statefulsets"):
            kinds.path(resource, "shop")
    assert sorted(api.asked) == ["/apis", "/apis/apps/v1"]


@pytest.mark.parametrize("status", [404, 503])
def test_an_aggregated_api_whose_server_is_away_is_not_served(status: int) -> None:
    api = newer()
    api.refused["/apis/metrics.k8s.io/v1beta1"] = status
    assert Discovery(api).path("podmetrics", "shop") is None

"""From what an API server answered to what a rehearsal begins with."""

import copy
import json
from typing import Any

import pytest

from reconciler.model.diagnostic import TargetError
from reconciler.model.lifecycle import MetricTarget
from reconciler.model.observed import Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.step import ApplyObject
from reconciler.model.survey import Survey
from reconciler.model.units import NS_PER_S
from reconciler.targets.kubernetes.api import METADATA_TYPE
from reconciler.targets.kubernetes.selecting import matches
from reconciler.targets.kubernetes.target import KubernetesTarget
from tests.targets.kubernetes.recorded import STACK, Recorded, newer, recorded

WEB = ResourceKey("service", "web")
NODES = "/api/v1/nodes"
ALL_PODS = "/api/v1/pods"


def survey(api: Recorded, *services: str) -> Survey:
    target = KubernetesTarget(STACK, api=api)
    return target.survey(Scope(STACK), services or ("web", "db", "lone"))


@pytest.mark.parametrize(("make", "version"), [(recorded, "1.20"), (newer, "1.34")])
def test_old_servers_and_new_ones_tell_of_the_same_workload(make: Any, version: str) -> None:
    found = survey(make())
    web = found.workloads["web"]
    assert found.version == version and found.unread == ()
    assert (web.kind, web.name, web.found, web.replicas) == ("Deployment", "web", "name", 3)
    assert (web.scaled, web.budget, web.routed, web.settled) == (True, (2, None), True, False)
    autoscale = web.service.autoscale
    assert autoscale is not None
    assert (autoscale.min, autoscale.max, autoscale.cpu) == (3, 6, 70)
    assert autoscale.metrics == (MetricTarget(name="queued", average=50),)
    assert autoscale.stabilisation.down == 120 * NS_PER_S
    routing = web.service.routing
    assert routing is not None and routing.affinity is not None
    assert (routing.affinity.by, routing.affinity.timeout) == ("client_ip", 600 * NS_PER_S)


def test_a_workload_is_said_in_the_states_own_words() -> None:
    found = survey(recorded())
    web, db = found.workloads["web"].service, found.workloads["db"].service
    assert web.image == "local/busybox:1" and web.entrypoint == ("/bin/busybox",)
    assert (web.rollout.max_surge, web.rollout.max_unavailable) == (1, 0)
    assert web.rollout.min_ready == 2 * NS_PER_S and web.rollout.deadline == 300 * NS_PER_S
    assert web.labels == {"tier": "front"}  # and not the one that selects its pods
    assert (web.termination.pre_stop, web.termination.grace) == (3 * NS_PER_S, 20 * NS_PER_S)
    assert web.security.read_only_root and web.security.no_new_privileges
    (config,), (secret,) = web.configs, web.secrets
    assert (config.source, config.target, config.mode) == ("motd", "/etc/motd.d/motd", "0444")
    assert (secret.source, secret.target) == ("db-password", "/run/secrets/db")
    assert found.declared.configs["motd"].digest == "5891b5b522d5df08"  # of hello
    assert db.singleton and not web.singleton


def test_pods_tell_of_their_revision_their_place_and_their_times() -> None:
    web = survey(recorded()).workloads["web"]
    assert [(each.name, each.replicas) for each in web.templates] == [
        ("web-66d69bdcd7", 0), ("web-64d99d84f4", 1), ("web-7958d5689", 3)
    ]  # fmt: skip
    old, _, new = web.templates
    assert old.service.environment["VERSION"].value == "1"
    assert new.service.environment["VERSION"].value == "3"
    assert new.service == web.service
    ready = [pod for pod in web.pods if pod.instance.ready and pod.ends_at_ns is None]
    assert {pod.template for pod in ready} == {"web-64d99d84f4", "web-7958d5689"}
    assert {pod.node for pod in web.pods} == {"node1"} and {pod.asked for pod in web.pods} == {
        (50, 16 << 20)
    }
    waits = [pod.ready_after_ns for pod in ready]
    assert all(wait is not None and 2 * NS_PER_S <= wait <= 3 * NS_PER_S for wait in waits)
    (crashing,) = survey(recorded()).workloads["lone"].pods
    assert (crashing.instance.phase, crashing.instance.engine_restarts) == ("restarting", 3)
    assert crashing.ran_ns == NS_PER_S and crashing.ready_after_ns is None


def test_what_pods_use_is_read_where_a_metrics_server_is() -> None:
    assert {pod.used for pod in survey(recorded()).workloads["web"].pods} == {None}
    assert {pod.used for pod in survey(newer()).workloads["web"].pods} == {(13, 21504 * 1024)}


def test_secrets_are_asked_for_by_name_alone() -> None:
    api = recorded()
    found = survey(api)
    assert api.accepted["/api/v1/namespaces/shop/secrets"] == METADATA_TYPE
    assert '"data"' not in json.dumps(api.of("secrets"))
    assert "secret/db-password" in found.there
    assert "secret:db-password/password" in str(found.workloads["web"].service.environment)


def test_our_mark_goes_before_a_name_and_a_name_before_an_apps_label() -> None:
    api = recorded()
    api.of("deployments", "lone")["metadata"]["labels"] = {
        "reconciler.stack": STACK, "reconciler.kind": "service", "reconciler.name": "web"
    }  # fmt: skip
    found = survey(api, "web", "db")
    assert (found.workloads["web"].name, found.workloads["web"].found) == ("lone", "mark")
    assert found.observed.objects[WEB].owned
    assert (found.workloads["db"].name, found.workloads["db"].found) == ("shop-db", "name")
    api.of("statefulsets", "shop-db")["metadata"]["name"] = "store"
    assert survey(api, "db").workloads["db"].found == "label"
    api.put("statefulsets", *[copy.deepcopy(api.of("statefulsets", "store")) for _ in range(2)])
    assert "db" not in survey(api, "db").workloads  # of two none is more the service's


def test_what_carries_our_mark_is_seen_though_no_state_asks_for_it() -> None:
    api = recorded()
    api.of("deployments", "lone")["metadata"]["labels"] = {
        "reconciler.stack": STACK, "reconciler.name": "gone"
    }  # fmt: skip
    assert set(survey(api, "web").workloads) == {"gone", "web"}


def test_what_is_nobodys_takes_its_room_where_it_is() -> None:
    found = survey(recorded(), "web")
    assert {tenant.name for tenant in found.tenants} == {
        "aside/other", "shop/shop-db-0", "shop/lone-8468f5fd7-8x6h8"
    }  # fmt: skip


def test_what_may_not_be_seen_is_said_and_the_rest_is_read() -> None:
    api = recorded()
    api.refused |= {NODES: 403, ALL_PODS: 403, "/api/v1/namespaces/shop/services": 403}
    api.answers["/api/v1/namespaces/shop/pods"] = {
        "items": [p for p in api.of("pods") if p["metadata"]["namespace"] == STACK]
    }
    found = survey(api, "web")
    assert found.nodes == () and len(found.workloads["web"].pods) == 9
    assert [text.partition(":")[0] for text in found.unread] == [
        "pods may not be listed", "services may not be listed", "nodes may not be listed"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code"), [(401, "R421"), (403, "R445"), (404, "R447"), (429, "R447"), (500, "R447")]
)
def test_what_a_rehearsal_cannot_do_without_ends_it_with_the_reason(status: int, code: str) -> None:
    api = recorded()
    api.refused["/apis/apps/v1/namespaces/shop/deployments"] = status
    with pytest.raises(TargetError) as caught:
        survey(api)
    assert caught.value.code == code
    assert "deployments" in caught.value.message or code == "R421"


def test_a_namespace_that_is_not_there_is_said_to_be() -> None:
    api = recorded()
    api.refused["/api/v1/namespaces/shop"] = 404
    with pytest.raises(TargetError) as caught:
        survey(api)
    assert caught.value.code == "R446" and "--namespace" in caught.value.hint
    api.refused["/api/v1/namespaces/shop"] = 403  # who may not see it may see what is in it
    assert survey(api).workloads


def test_a_deployment_whose_change_nobody_has_seen_yet_has_a_revision_to_come() -> None:
    api = recorded()
    web = api.of("deployments", "web")
    web["metadata"]["generation"] += 1
    web["spec"]["template"]["spec"]["containers"][0]["image"] = "local/busybox:2"
    found = survey(api, "web").workloads["web"]
    assert not found.settled
    assert (found.templates[-1].name, found.templates[-1].replicas) == ("", 0)
    assert found.templates[-1].service.image == "local/busybox:2"
    assert found.templates[-2].service.image == "local/busybox:1"


def test_what_is_not_simulated_is_noted() -> None:
    api = recorded()
    spec = api.of("deployments", "web")["spec"]
    spec["paused"] = True
    pod = spec["template"]["spec"]
    pod["containers"].append({"name": "mesh", "image": "mesh:1"})
    pod["initContainers"] = [{"name": "migrate", "image": "m:1"}]
    (scaler,) = api.of("horizontalpodautoscalers")
    scaler["spec"]["metrics"].append(
        {"type": "Resource", "resource": {"name": "memory", "target": {"averageValue": "1Gi"}}}
    )
    notes = " ".join(survey(api, "web").workloads["web"].notes)
    for word in ("paused", "mesh", "init containers", "memory"):
        assert word in notes


def test_the_port_observes_and_refuses_to_write() -> None:
    target = KubernetesTarget(STACK, api=recorded())
    seen = target.observe(Scope(STACK, keys=frozenset({WEB})))
    assert set(seen.objects) == {WEB} and not seen.objects[WEB].owned
    assert seen.objects[WEB].fields["replicas"] == 3
    assert len(seen.instances) == 9 and seen.target_now_ns > 0
    outcome = target.perform(ApplyObject(WEB, {}, None), NS_PER_S)
    assert (outcome.kind, outcome.code) == ("terminal", "R705")
    assert target.preview(()) == {} and list(target.changes()) == []
    target.close()


def test_a_selector_takes_what_all_of_it_holds_for() -> None:
    labels = {"app": "web", "tier": "front"}
    assert matches({"matchLabels": {"app": "web"}}, labels)
    assert not matches({"matchLabels": {"app": "db"}}, labels)
    assert not matches({}, labels) and not matches(None, labels)
    for operator, values, holds in (
        ("In", ["front", "back"], True), ("NotIn", ["front"], False), ("Exists", None, True),
        ("DoesNotExist", None, False),
    ):  # fmt: skip
        expression = {"key": "tier", "operator": operator, "values": values}
        assert matches({"matchExpressions": [expression]}, labels) is holds

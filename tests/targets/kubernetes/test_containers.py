"""A pod's template in the state's own words."""

from typing import Any

import pytest

from reconciler.model.container import Amounts
from reconciler.model.lifecycle import GrpcProbe, HttpProbe, Probe, TcpProbe
from reconciler.model.units import NS_PER_S
from reconciler.targets.kubernetes import containers as of


def quiet(text: str) -> None:
    raise AssertionError(f"noted: {text}")


def test_probes_have_the_defaults_of_the_server_and_ports_go_by_name() -> None:
    container = {
        "ports": [{"containerPort": 8080, "name": "http"}],
        "readinessProbe": {"httpGet": {"port": "http"}},
        "livenessProbe": {
            "tcpSocket": {"port": 9000}, "initialDelaySeconds": 5, "periodSeconds": 3,
            "timeoutSeconds": 2, "successThreshold": 1, "failureThreshold": 7,
        },
        "startupProbe": {"grpc": {"port": 9090, "service": "ready"}},
    }  # fmt: skip
    assert of.probe_of(container, "readinessProbe") == Probe(http=HttpProbe(path="/", port=8080))
    assert of.probe_of(container, "livenessProbe") == Probe(
        tcp=TcpProbe(port=9000), delay=5 * NS_PER_S, period=3 * NS_PER_S, timeout=2 * NS_PER_S,
        failures=7,
    )  # fmt: skip
    startup = of.probe_of(container, "startupProbe")
    assert startup is not None and startup.grpc == GrpcProbe(port=9090, service="ready")
    assert of.probe_of({}, "readinessProbe") is None
    by_exec = of.probe_of({"readinessProbe": {"exec": {"command": ["a", "b"]}}}, "readinessProbe")
    assert by_exec is not None and by_exec.exec == ("a", "b")


def test_of_secrets_only_the_reference_is_taken() -> None:
    notes: list[str] = []
    container = {
        "env": [
            {"name": "A", "value": "1"},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
            {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "motd", "key": "text"}}},
            {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "E", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
            {"name": "F"},
        ],
        "envFrom": [{"secretRef": {"name": "whole"}}],
    }
    made = of.environment_of(container, notes.append)
    assert {name: value.value for name, value in made.items()} == {
        "A": "1", "B": "secret:db/password", "C": "config:motd/text", "D": "field:spec.nodeName",
        "E": "resource:limits.cpu", "F": "",
    }  # fmt: skip
    assert notes == ["variables taken whole from whole are not compared"]


@pytest.mark.parametrize(
    ("hook", "seconds"),
    [
        ({"sleep": {"seconds": 5}}, 5),
        ({"exec": {"command": ["sleep", "15"]}}, 15),
        ({"exec": {"command": ["/bin/sh", "-c", "sleep 2.5"]}}, 2.5),
        ({"exec": {"command": ["sh", "-c", "nginx -s quit; sleep 1m"]}}, 60),
    ],
)
def test_a_hook_that_sleeps_takes_its_time(hook: Any, seconds: float) -> None:
    found = of.termination_of({"spec": {}}, {"lifecycle": {"preStop": hook}}, quiet)
    assert found.pre_stop == seconds * NS_PER_S and found.grace == 30 * NS_PER_S


@pytest.mark.parametrize(
    "hook", [{"httpGet": {"path": "/stop", "port": 80}}, {"exec": {"command": ["nginx", "-s"]}}]
)
def test_a_hook_that_does_something_else_is_said_to_take_no_time(hook: Any) -> None:
    notes: list[str] = []
    found = of.termination_of(
        {"spec": {"terminationGracePeriodSeconds": 0}}, {"lifecycle": {"preStop": hook}},
        notes.append,
    )  # fmt: skip
    assert (found.pre_stop, found.grace, len(notes)) == (0, 0, 1)


def test_a_pod_asks_for_the_sum_of_its_containers_or_the_most_of_its_starters() -> None:
    def wants(cpu: str, memory: str = "0") -> Any:
        return {"resources": {"requests": {"cpu": cpu, "memory": memory}}}

    limit = {"resources": {"limits": {"cpu": "1", "memory": "1Ki"}}}
    assert of.asked_by({"containers": [wants("100m", "1Ki"), limit]}) == (1100, 2048)
    starting = {"containers": [wants("100m")], "initContainers": [wants("2", "3Ki"), wants("1")]}
    assert of.asked_by(starting) == (2000, 3072)
    assert of.asked_by({**starting, "overhead": {"cpu": "10m"}}) == (2010, 3072)
    assert of.asked_by({}) == (0, 0)
    assert of.resources_of(limit).limits == Amounts(cpu=1000, memory=1024)


def test_what_the_process_may_do_is_its_own_before_the_pods() -> None:
    pod = {"spec": {"securityContext": {"runAsUser": 1000, "runAsGroup": 50}}}
    own = {"securityContext": {"runAsUser": 7, "capabilities": {"drop": ["ALL"]}}}
    found = of.security_of(pod, own)
    assert (found.user, found.drop_capabilities, found.no_new_privileges) == (
        "7:50",
        ("ALL",),
        False,
    )
    assert of.security_of({"spec": {}}, {}).user is None


def test_the_container_of_the_services_name_counts_and_else_the_first() -> None:
    template = {"spec": {"containers": [{"name": "side"}, {"name": "web"}]}}
    assert of.main_container(template, "web") == {"name": "web"}
    assert of.main_container(template, "api") == {"name": "side"}
    assert of.main_container({"spec": {}}, "api") == {}

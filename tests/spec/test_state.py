"""The states of this repository load, in every environment, and say what they should."""

from pathlib import Path

import pytest

from reconciler.model.units import NS_PER_S
from reconciler.spec.checks import check
from reconciler.spec.load import Loaded, find_environments, load

STATE = Path(__file__).parents[2] / "state"
CONSTELLATION = [str(STATE / "constellation")]
ENV = {"CONSTELLATION_API_KEYS": "sk-test:Admin"}


def constellation(environment: str = "") -> Loaded:
    return load(CONSTELLATION, environment=environment, env=ENV)


def test_hello_has_two_services_of_which_one_waits_for_the_other() -> None:
    state = load([str(STATE / "hello.yaml")], env={})
    services = state.stack.declared.services
    assert services["api"].depends_on == {"service/db": "healthy"}
    assert (services["api"].wanted, services["db"].wanted) == (2, 1)
    assert {service.image for service in services.values()} == {"busybox:1.36"}
    assert all(service.entrypoint == ("/bin/busybox",) for service in services.values())
    assert all(service.readiness is not None for service in services.values())
    assert state.contents.config("greeting") == b"hello from db\n"


def test_hello_runs_with_another_image_by_one_variable() -> None:
    state = load([str(STATE / "hello.yaml")], env={"HELLO_IMAGE": "other:1"})
    assert {service.image for service in state.stack.declared.services.values()} == {"other:1"}


def test_hello_has_nothing_to_complain_of() -> None:
    found = check(load([str(STATE / "hello.yaml")], env={}).stack)
    assert [d.summary for d in found if d.waived is None] == []


def test_constellation_says_what_its_guide_says() -> None:
    declared = constellation().stack.declared
    service = declared.services["constellation"]
    assert service.image == "constellation-engine:latest"
    assert [(p.container, p.host, p.last, p.protocol) for p in service.ports] == [
        (8080, 8080, 8081, "http"), (9090, 9090, 9091, "grpc"),
    ]  # fmt: skip
    liveness, readiness = service.liveness, service.readiness
    assert liveness is not None and readiness is not None
    assert liveness.http is not None and readiness.http is not None
    assert (liveness.http.path, readiness.http.path) == ("/health/live", "/health/ready")
    seconds = [
        (p.delay // NS_PER_S, p.period // NS_PER_S, p.timeout // NS_PER_S, p.failures)
        for p in (liveness, readiness)
    ]
    assert seconds == [(30, 10, 5, 3), (10, 5, 3, 3)]
    assert (service.resources.requests.memory, service.resources.requests.cpu) == (512 * 2**20, 250)
    assert (service.resources.limits.memory, service.resources.limits.cpu) == (2**30, 1000)
    ends = service.termination
    assert (ends.signal, ends.drain, ends.grace) == ("SIGTERM", 30 * NS_PER_S, 45 * NS_PER_S)
    values = {name: value.value for name, value in service.environment.items()}
    assert values["CONSTELLATION_RATE_LIMIT_RPM"] == "200"
    assert values["CONSTELLATION_RATE_LIMIT_BURST"] == "40"
    assert values["CONSTELLATION_SCHEDULER_MAX_CONCURRENCY"] == "8"
    assert service.environment["CONSTELLATION_API_KEYS"].secret == "api_keys"
    assert (service.wanted, service.routing, declared.edge) == (2, None, None)


def test_its_keys_are_in_no_part_of_what_was_loaded() -> None:
    assert "sk-test" not in repr(constellation())


@pytest.mark.parametrize("environment", ["", *find_environments(CONSTELLATION)])
def test_every_environment_loads_without_an_error(environment: str) -> None:
    state = constellation(environment)
    assert state.warnings == []
    assert [d.summary for d in check(state.stack) if d.is_error] == []


def test_its_environments_say_what_they_are_for() -> None:
    assert all(find_environments(CONSTELLATION).values())


def test_the_guide_s_own_grace_is_waived_with_a_reason() -> None:
    found = {d.code: d.waived for d in check(constellation("guide").stack) if d.waived}
    assert set(found) == {"R201", "R264"}
    assert constellation("guide").stack.declared.services["constellation"].termination.grace == (
        30 * NS_PER_S
    )


def test_alternatives_differ_as_the_guide_s_do() -> None:
    def service(environment: str) -> object:
        return constellation(environment).stack.declared.services["constellation"]

    def routing(environment: str) -> tuple[object, ...]:
        found = constellation(environment).stack.declared.services["constellation"].routing
        assert found is not None
        tie = found.affinity
        return (found.strategy, tie and (tie.by, tie.name, tie.timeout // NS_PER_S))

    assert constellation("scaled").stack.declared.services["constellation"].wanted == 4
    assert routing("balanced") == ("round_robin", None)
    assert routing("least-connections") == ("least_connections", None)
    assert routing("weighted") == ("weighted", None)
    assert routing("ip-hash") == ("ip_hash", ("client_ip", "", 10800))
    assert routing("cookie") == ("round_robin", ("cookie", "CONSTELLATION_AFFINITY", 10800))
    assert routing("ingress")[1] == ("cookie", "CONSTELLATION_AFFINITY", 10800)
    assert routing("alb")[1] == ("cookie", "AWSALB", 10800)
    assert routing("kubernetes")[1] == ("client_ip", "", 10800)
    assert service("autoscale-cpu") != service("autoscale-queue")
    scale = constellation("autoscale-cpu").stack.declared.services["constellation"].autoscale
    assert scale is not None
    assert (scale.min, scale.max, scale.cpu, scale.memory) == (2, 10, 70, 80)


def test_the_shared_cache_is_not_ours_to_make() -> None:
    declared = constellation("shared-cache").stack.declared
    assert [external.address for external in declared.external.values()] == [
        "memcached-1:11211", "memcached-2:11211",
    ]  # fmt: skip

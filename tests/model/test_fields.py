"""What is wanted, as flat fields."""

from typing import Any

import pytest

from reconciler.model.fields import (
    digest_of,
    file_keys,
    for_ordinal,
    is_in_place,
    object_fields,
    revision_of,
    workload_fields,
)
from reconciler.model.resource import ResourceKey
from tests.support.making import IN_PLACE, JOB, NET, PROBE, WEB, S, stack, web


def fields_of(**service: Any) -> dict[str, Any]:
    return workload_fields(web(**service), WEB)


def test_a_service_that_says_nothing_asks_for_little() -> None:
    assert fields_of() == {
        "image": "web:1", "networks": ("default",), "stop.grace": 30 * S,
        "restart.policy": "always",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("service", "path", "value"),
    [
        ({"image": "docker.io/library/web"}, "image", "web:latest"),
        ({"command": "serve --all"}, "command", ("serve", "--all")),
        ({"entrypoint": ["/app"]}, "entrypoint", ("/app",)),
        ({"environment": {"PORT": 8080}}, "environment.PORT", "8080"),
        ({"environment": ["A=b=c"]}, "environment.A", "b=c"),
        ({"environment": {"EMPTY": None}}, "environment.EMPTY", ""),
        ({"ports": ["8080:80"]}, "ports.80/tcp", ":8080"),
        ({"ports": ["127.0.0.1:53:53/udp"]}, "ports.53/udp", "127.0.0.1:53"),
        ({"ports": ["80-82:80/http"]}, "ports.80/tcp", ":80-82"),
        ({"volumes": ["data:/d"]}, "volumes./d", "data"),
        ({"volumes": ["/host:/d:ro"]}, "volumes./d", "/host:ro"),
        ({"networks": ["b", "a"]}, "networks", ("a", "b")),
        ({"aliases": ["z", "y"]}, "aliases", ("y", "z")),
        ({"hostname": "me"}, "hostname", "me"),
        ({"termination": {"signal": "SIGQUIT"}}, "stop_signal", "SIGQUIT"),
        ({"termination": {"pre_stop": "5s"}}, "stop.pre_stop", 5 * S),
        ({"termination": {"grace": "45s"}}, "stop.grace", 45 * S),
        ({"restart": {"policy": "never"}}, "restart.policy", "never"),
        ({"resources": {"limits": {"memory": "1Ki"}}}, "resources.memory_limit", 1024),
        ({"resources": {"limits": {"cpu": "1.5"}}}, "resources.cpu_limit", 1500),
        ({"resources": {"requests": {"memory": 5}}}, "resources.memory_request", 5),
        ({"resources": {"cpu_shares": 9}}, "resources.cpu_shares", 9),
        ({"security": {"user": 1000}}, "security.user", "1000"),
        ({"security": {"read_only_root": True}}, "security.read_only_root", True),
        ({"security": {"drop_capabilities": ["B", "A"]}}, "security.drop_capabilities", ("A", "B")),
        ({"labels": {"team": 1}}, "labels.team", "1"),
        ({"docker": {"init": True}}, "docker.init", "true"),
        ({"readiness": PROBE}, "readiness.kind", "http"),
        ({"readiness": {"tcp": {"port": 1}}}, "readiness.port", 1),
        ({"liveness": {"exec": "check me"}}, "liveness.command", ("check", "me")),
        ({"startup": {"grpc": {"port": 3, "service": "s"}}}, "startup.service", "s"),
        ({"liveness": {"heartbeat": {"file": "/f", "max_age": "9s"}}}, "liveness.max_age", 9 * S),
        ({"readiness": {**PROBE, "period": "2s"}}, "readiness.period", 2 * S),
    ],
)  # fmt: skip
def test_what_is_said_has_its_path(service: dict[str, Any], path: str, value: Any) -> None:
    assert fields_of(**service)[path] == value


@pytest.mark.parametrize("ports", [[], ["80"], [80]])
def test_a_port_that_is_not_published_is_no_field(ports: list[Any]) -> None:
    assert not [path for path in fields_of(ports=ports) if path.startswith("ports.")]


def test_what_is_switched_off_is_not_asked_for() -> None:
    quiet = fields_of(
        security={"read_only_root": False, "no_new_privileges": False, "add_capabilities": []},
        termination={"signal": "SIGTERM", "pre_stop": 0},
    )
    assert quiet == fields_of()


def test_configs_and_secrets_are_named_with_the_digest_of_their_content() -> None:
    made = stack(
        configs={"motd": {"content": "x", "digest": "c1"}},
        secrets={"key": {"env": "KEY", "digest": "s1"}},
        services={"web": {
            "image": "web:1", "configs": ["motd:/m"], "secrets": ["key"],
            "environment": {"A": {"config": "motd"}, "B": {"secret": "key"}},
        }},
    )  # fmt: skip
    fields = workload_fields(made, WEB)
    assert fields["configs./m"] == "motd@c1:0444"
    assert fields["secrets./key"] == "key@s1:0444"
    assert fields["environment.A"] == "config:motd@c1"
    assert fields["environment.B"] == "secret:key@s1"
    keys = file_keys(made.declared, made.declared.services["web"])
    assert [str(key) for key in keys] == ["config/motd@c1", "secret/key@s1"]
    assert object_fields(made, keys[0]) == {"digest": "c1"}


def test_a_job_is_never_started_again_by_the_engine() -> None:
    fields = workload_fields(stack(jobs={"migrate": {"image": "m:1", "grace": "7s"}}), JOB)
    assert fields["restart.policy"] == "never"
    assert fields["stop.grace"] == 7 * S


@pytest.mark.parametrize(
    ("key", "declared", "fields"),
    [
        (NET, {}, {"internal": False}),
        (NET, {"networks": {"default": {"subnet": "10.0.0.0/24", "internal": True}}},
         {"internal": True, "subnet": "10.0.0.0/24"}),
        (ResourceKey("volume", "data"), {"volumes": {"data": {"options": {"type": "nfs"}}}},
         {"driver": "local", "options.type": "nfs"}),
        (ResourceKey("external", "kafka"), {"external": {"kafka": {}}}, {}),
    ],
)  # fmt: skip
def test_an_object_asks_for_what_its_kind_has(key: Any, declared: Any, fields: Any) -> None:
    assert object_fields(stack(**declared), key) == fields


@pytest.mark.parametrize(("ordinal", "published"), [(0, ":80"), (1, ":81"), (2, ":82"), (3, None)])
def test_an_ordinal_gets_its_own_port_of_a_range(ordinal: int, published: str | None) -> None:
    fields = for_ordinal({"image": "a", "ports.1/tcp": ":80-82", "ports.2/tcp": ":9"}, ordinal)
    assert fields.get("ports.1/tcp") == published
    assert fields["ports.2/tcp"] == ":9"


def test_a_revision_is_of_what_cannot_change_in_place_and_of_nothing_else() -> None:
    base = fields_of()
    assert revision_of(base, IN_PLACE) == revision_of(dict(reversed(base.items())), IN_PLACE)
    loose = base | {"restart.policy": "never", "resources.memory_limit": 1}
    assert revision_of(loose, IN_PLACE) == revision_of(base, IN_PLACE)
    assert revision_of(loose, ()) != revision_of(base, ())
    assert revision_of(base | {"image": "web:2"}, IN_PLACE) != revision_of(base, IN_PLACE)
    assert len(revision_of(base, IN_PLACE)) == 10


def test_a_digest_does_not_depend_on_the_order_of_fields() -> None:
    assert digest_of({"a": 1, "b": ("x",)}) == digest_of({"b": ("x",), "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
    assert len(digest_of({})) == 16


@pytest.mark.parametrize("prefixes", [(), IN_PLACE])
def test_what_begins_like_a_field_that_can_change_in_place_can(prefixes: Any) -> None:
    fields = ["image", "resources.memory_limit", "restart.policy"]
    fixed = [path for path in fields if not is_in_place(path, prefixes)]
    assert fixed == (["image"] if prefixes else fields)

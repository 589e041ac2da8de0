"""The `docker:` block: what it knows, what it becomes, what it says of what is live."""

import json
from typing import Any

import pytest

from reconciler.targets.docker.block import SETTINGS, check_block, converted, live_fields


def asked(**block: Any) -> dict[str, str]:
    return {f"docker.{name}": json.dumps(value) for name, value in block.items()}


def given(**block: Any) -> Any:
    (value,) = converted(asked(**block)).values()
    return value


def test_an_unknown_key_gets_the_nearest_name() -> None:
    (found,) = check_block({"init": True, "privilegd": True})
    assert (found.key, found.hint) == ("privilegd", "did you mean privileged?")


def test_a_key_unlike_any_gets_the_list() -> None:
    (found,) = check_block({"qqqqqq": 1})
    assert "init" in found.hint and "ulimits" in found.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("init", "perhaps"), ("shm_size", "many"), ("ulimits", ["nofile"]), ("pids_limit", "5"),
        ("ulimits", {"nofile": {"soft": 1}}), ("logging", {"level": "x"}), ("tmpfs", {"a": "b"}),
        ("network_mode", "bridge"), ("shm_size", []), ("dns", [{}]),
    ],
)  # fmt: skip
def test_a_value_that_is_not_understood_is_said(key: str, value: Any) -> None:
    (found,) = check_block({key: value})
    assert found.key == key and found.reason.startswith(f"docker.{key} ")


def test_what_is_written_as_in_compose_becomes_what_the_engine_takes() -> None:
    assert given(init=True) is True
    assert given(shm_size="64Mi") == 64 << 20
    assert given(dns="10.0.0.1") == ["10.0.0.1"]
    assert given(extra_hosts={"db": "10.0.0.9"}) == ["db:10.0.0.9"]
    assert given(extra_hosts=["db=10.0.0.9"]) == ["db:10.0.0.9"]
    assert given(sysctls=["net.core.somaxconn=1"]) == {"net.core.somaxconn": "1"}
    assert given(ulimits={"nofile": 5}) == [{"Name": "nofile", "Soft": 5, "Hard": 5}]
    assert given(tmpfs="/run:size=1m") == {"/run": "size=1m"}
    assert given(devices=["/dev/x"]) == [
        {"PathOnHost": "/dev/x", "PathInContainer": "/dev/x", "CgroupPermissions": "rwm"}
    ]
    assert given(logging={"driver": "local"}) == {"Type": "local", "Config": {}}


def test_what_is_live_as_asked_is_shown_as_it_was_written() -> None:
    fields = asked(shm_size="64Mi", dns="10.0.0.1")
    live = {"HostConfig": {"ShmSize": 64 << 20, "Dns": ["10.0.0.1"]}}
    assert live_fields(live, fields) == (fields, {})


def test_what_is_live_otherwise_is_shown_as_it_is() -> None:
    shown, _ = live_fields({"HostConfig": {"ShmSize": 1}}, asked(shm_size="64Mi"))
    assert shown == {"docker.shm_size": "1"}
    shown, _ = live_fields({"HostConfig": {}}, asked(privileged=True))
    assert shown == {"docker.privileged": "null"}


def test_what_nobody_asked_for_shows_beside_its_default() -> None:
    shown, usual = live_fields({"HostConfig": {"Privileged": True}}, {})
    assert shown == {"docker.privileged": "true"} and usual == {"docker.privileged": "false"}


def test_what_the_engine_sets_by_its_own_configuration_is_no_difference() -> None:
    live = {"HostConfig": {"LogConfig": {"Type": "journald"}, "ShmSize": 7, "Runtime": "runc"}}
    assert live_fields(live, {}) == ({}, {})


def test_options_that_the_engine_adds_to_ours_are_no_difference() -> None:
    config = {"max-size": "1m", "max-file": "9"}
    live = {"HostConfig": {"LogConfig": {"Type": "json-file", "Config": config}}}
    fields = asked(logging={"driver": "json-file", "options": {"max-size": "1m"}})
    assert live_fields(live, fields)[0] == fields
    fields = asked(logging={"driver": "json-file", "options": {"max-size": "2m"}})
    assert live_fields(live, fields)[0] != fields


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_shows_its_default_as_no_difference(name: str) -> None:
    setting = SETTINGS[name]
    shown, usual = live_fields({setting.place: {setting.field: setting.default}}, {})
    assert shown == usual

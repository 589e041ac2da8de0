"""From fields to the engine's JSON, its texts and times, and back; without an engine."""

import ipaddress
from typing import Any

import pytest
import requests
from docker import errors as sdk

from reconciler.model.diagnostic import TargetError
from reconciler.model.observed import Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import CreateInstance
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.create import Material, content_of, create_body, update_body
from reconciler.targets.docker.errors import explain, outcome_of, target_error, unreachable
from reconciler.targets.docker.events import ANYTHING, hint_of
from reconciler.targets.docker.files import Variant, variant_of
from reconciler.targets.docker.logs import hide
from reconciler.targets.docker.names import fit, object_name, record_name
from reconciler.targets.docker.networks import POOL, candidates
from reconciler.targets.docker.observe import foreign_of
from reconciler.targets.docker.records import record_of
from reconciler.targets.docker.times import parse_time_ns

WEB = ResourceKey("service", "web")


def body(fields: dict[str, Value], **material: Any) -> dict[str, Any]:
    asked = {"image": "i:1", **fields}
    step = CreateInstance(WEB, "shop-web-0-r1-2", 0, "r1", 2, asked, 3, ("a@1",))
    return create_body("shop", step, Material(**material))


def test_labels_tell_which_instance_it_is() -> None:
    labels = body({"labels.team": "x"})["Labels"]
    identity = tag.identity_of(labels, "shop")
    assert identity == (WEB, 0, "r1", 2, 3, ("a@1",)) and labels["team"] == "x"
    assert tag.identity_of(labels, "other") is None
    assert tag.identity_of({**labels, tag.KIND: "volume"}, "shop") is None
    assert tag.identity_of({**labels, tag.ROLE: "files"}, "shop") is None


def test_labels_of_ours_cannot_be_forged_by_the_users() -> None:
    labels = body({"labels.reconciler.stack": "other"})["Labels"]
    assert labels[tag.STACK] == "shop"


def test_labels_that_a_stranger_wrote_do_no_harm() -> None:
    strange = {tag.ORDINAL: "x", tag.DEPENDS: "{", tag.ASKED: "[1]", tag.ATTEMPT: "-1"}
    labels = {**body({})["Labels"], **strange}
    identity = tag.identity_of(labels, "shop")
    assert identity is not None and identity[1:] == (0, "r1", 0, 3, ())
    assert tag.fields_of(labels, tag.ASKED) == {}


def test_a_memory_limit_allows_no_swap_and_a_cpu_is_a_thousand_millicores() -> None:
    made = body({"resources.memory_limit": 1 << 26, "resources.cpu_limit": 250})["HostConfig"]
    assert (made["Memory"], made["MemorySwap"], made["NanoCpus"]) == (1 << 26, 1 << 26, 250_000_000)


def test_a_grace_is_rounded_up_to_the_engines_seconds() -> None:
    assert body({"stop.grace": NS_PER_S + 1})["StopTimeout"] == 2


@pytest.mark.parametrize(
    ("policy", "name"), [("always", "always"), ("on-failure", "on-failure"), ("never", "no")]
)
def test_restart_policies_are_the_engines(policy: str, name: str) -> None:
    made = body({"restart.policy": policy})["HostConfig"]["RestartPolicy"]
    assert made == {"Name": name, "MaximumRetryCount": 0}


def test_ports_volumes_and_files_become_bindings_and_mounts() -> None:
    made = body(
        {
            "ports.80/tcp": "127.0.0.1:8080", "ports.53/udp": ":53", "volumes./d": "data:ro",
            "volumes./h": "/srv", "configs./etc/a": "a@1:0444",
        },
        files={"/etc/a": "/var/lib/docker/volumes/v/_data/m0444"},
    )  # fmt: skip
    assert made["ExposedPorts"] == {"53/udp": {}, "80/tcp": {}}
    assert made["HostConfig"]["PortBindings"] == {
        "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}],
        "53/udp": [{"HostIp": "", "HostPort": "53"}],
    }
    mounts = [(m["Type"], m["Source"], m["Target"], m["ReadOnly"])
              for m in made["HostConfig"]["Mounts"]]  # fmt: skip
    assert mounts == [
        ("bind", "/var/lib/docker/volumes/v/_data/m0444", "/etc/a", True),
        ("volume", "shop_data", "/d", True), ("bind", "/srv", "/h", False),
    ]  # fmt: skip


def test_the_first_network_comes_with_the_creation_under_the_services_name() -> None:
    made = body({"networks": ("back", "default"), "aliases": ("app",)})
    assert made["HostConfig"]["NetworkMode"] == "shop_back"
    assert made["NetworkingConfig"]["EndpointsConfig"] == {"shop_back": {"Aliases": ["web", "app"]}}


def test_the_hosts_network_stands_in_for_the_stacks() -> None:
    made = body({"networks": ("default",), "docker.network_mode": '"host"'})
    assert made["HostConfig"]["NetworkMode"] == "host" and "NetworkingConfig" not in made


def test_a_secrets_value_is_in_the_environment_and_in_no_label() -> None:
    fields: dict[str, Value] = {"environment.PW": f"secret:db@{'a' * 16}", "environment.A": "b"}
    made = body(fields, environment={"PW": "hunter2"})
    assert made["Env"] == ["A=b", "PW=hunter2"]
    assert "hunter2" not in repr(made["Labels"])
    assert tag.fields_of(made["Labels"], tag.SOURCES) == {"PW": "secret:db"}


def test_only_a_reference_with_a_digest_is_one() -> None:
    assert content_of(f"secret:db@{'a' * 16}") == ("secret", "db", "a" * 16)
    for text in ("secret:db", "secret:db@xyz", "plain", "secretly", None, 5):
        assert content_of(text) is None


def test_no_new_privileges_joins_the_blocks_options() -> None:
    fields: dict[str, Value] = {
        "security.no_new_privileges": True, "docker.security_opt": '["seccomp=unconfined"]'
    }  # fmt: skip
    made = body(fields)["HostConfig"]["SecurityOpt"]
    assert made == ["no-new-privileges:true", "seccomp=unconfined"]


def test_an_image_can_be_pinned_by_its_id() -> None:
    assert body({"image.id": "sha256:abc"})["Image"] == "sha256:abc"


def test_an_update_names_only_what_changes() -> None:
    assert update_body({"restart.policy": "never"}, {}) == {
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}
    }
    assert update_body({"resources.memory_limit": 5, "resources.cpu_shares": None},
                       {"resources.cpu_shares": 1024}) == {
        "Memory": 5, "MemorySwap": 5, "CpuShares": 1024,
    }  # fmt: skip


# ---------------------------------------------------------------------------------- names


def test_names_that_the_engine_would_not_take_stay_apart() -> None:
    assert fit("a.b-c_d") == "a.b-c_d"
    assert fit("a/b") != fit("a_b") and fit("a/b") != fit("a b")
    assert len(fit("x" * 999)) == 200
    assert object_name("shop", ResourceKey("network", "default")) == "shop_default"
    assert object_name("shop", ResourceKey("config", "a.b@12")) == "shop.config.a.b.12"
    assert record_name("shop", "lock.stack.1") == "shop.rec.lock.stack.1"


def test_a_record_that_a_stranger_wrote_is_none() -> None:
    good = {tag.STACK: "s", tag.RECORD: "hold", tag.NAME: "n", tag.SEQ: "4", tag.BODY: '{"a": 1}'}
    record = record_of({"Name": record_name("s", "hold.n.4"), "Labels": good}, "s")
    assert record is not None and (record.id, record.body) == ("hold.n.4", {"a": 1})
    for bad in ({tag.SEQ: "x"}, {tag.BODY: "["}, {tag.BODY: "3"}, {tag.STACK: "t"}):
        assert record_of({"Labels": {**good, **bad}}, "s") is None
    assert record_of({"Labels": None}, "s") is None
    assert record_of({"Name": "s.by.hand", "Labels": good}, "s") is None


def test_the_engines_times_keep_their_nanoseconds() -> None:
    assert parse_time_ns("1970-01-01T00:00:01.5Z") == 1_500_000_000
    assert parse_time_ns("1970-01-01T01:00:00.000000001+01:00") == 1
    assert parse_time_ns("0001-01-01T00:00:00Z") is None
    assert parse_time_ns("") is None and parse_time_ns(None) is None


# ------------------------------------------------------------------------------- networks


def test_subnets_are_deterministic_disjoint_and_inside_the_pool() -> None:
    tried = [ipaddress.IPv4Network(text) for text in candidates("shop", "default", [])]
    again = [ipaddress.IPv4Network(text) for text in candidates("shop", "default", [])]
    assert tried == again and len(set(tried)) == len(tried) == 64
    assert all(net.subnet_of(POOL) for net in tried)
    assert tried[0] != ipaddress.IPv4Network(next(candidates("shop", "back", [])))
    rest = list(candidates("shop", "default", [tried[0], ipaddress.IPv6Network("fd00::/64")]))
    assert rest[0] == str(tried[1])


def test_no_subnet_is_left_in_a_full_pool() -> None:
    assert list(candidates("shop", "default", [POOL])) == []


# --------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("status", "text", "kind", "code"),
    [
        (500, "driver failed ... Bind for 0.0.0.0:80 failed: port is already allocated",
         "retryable", "R429"),
        (500, "listen tcp4 0.0.0.0:80: bind: address already in use", "retryable", "R429"),
        (500, "write /x: no space left on device", "retryable", "R430"),
        (429, "toomanyrequests: You have reached your pull rate limit", "retryable", "R427"),
        (404, "manifest for a/b:1 not found: manifest unknown: manifest unknown",
         "terminal", "R425"),
        (404, "pull access denied for a/b, repository does not exist or may require 'docker login':"
         " denied: requested access to the resource is denied", "terminal", "R426"),
        (500, "Get https://r/v2/: unauthorized: authentication required", "terminal", "R426"),
        (500, "Get https://r/v2/: dial tcp: lookup r: no such host", "retryable", "R428"),
        (404, "No such image: a:1", "terminal", "R425"),
        (400, "OCI runtime create failed: exec: \"x\": executable file not found in $PATH: unknown",
         "terminal", "R439"),
        (409, "Conflict. The container name \"/a\" is already in use by container b",
         "conflict", "R424"),
        (409, "remove x: volume is in use - [abc]", "conflict", "R431"),
        (403, "error while removing network: network a id b has active endpoints",
         "conflict", "R431"),
        (404, "network shop_default not found", "conflict", "R431"),
        (400, "Minimum memory limit allowed is 6MB", "terminal", "R433"),
        (500, "Cannot update container x: cannot update a stopped container: unknown",
         "conflict", "R431"),
        (500, "something broke", "retryable", "R438"),
    ],
)  # fmt: skip
def test_the_engines_texts_are_told_apart(status: int, text: str, kind: str, code: str) -> None:
    found = explain(status, text)
    assert (found.kind, found.code) == (kind, code)


def test_a_lost_reply_is_unknown_and_a_call_never_sent_is_not() -> None:
    assert outcome_of(requests.ReadTimeout("x")).kind == "unknown"
    assert outcome_of(requests.ConnectionError("RemoteDisconnected")).kind == "unknown"
    assert outcome_of(requests.ConnectionError("Connection refused")).kind == "retryable"
    assert outcome_of(TargetError("unreachable", "R420", "x")).kind == "retryable"
    with pytest.raises(KeyError):
        outcome_of(KeyError("a bug of ours"))


def test_an_engine_that_does_not_answer_is_said_with_the_reason() -> None:
    assert "no such socket" in unreachable(OSError("FileNotFoundError(2)"), "unix:///x").message
    denied = unreachable(OSError("PermissionError(13, 'Permission denied')"))
    assert denied.code == "R421" and "group" in denied.hint
    assert unreachable(sdk.DockerException("Read timed out.")).code == "R423"
    assert target_error(requests.ReadTimeout("x")).code == "R423"


# ---------------------------------------------------------------------------------- hints


def event(kind: str, action: str = "start", **marks: str) -> dict[str, Any]:
    return {"Type": kind, "Action": action, "Actor": {"ID": "x", "Attributes": marks}}


def test_events_become_hints_about_our_resources_alone() -> None:
    def hint(raw: dict[str, Any]) -> object:
        return hint_of(raw, "shop", {"c1": WEB}.get)

    ours = {tag.STACK: "shop", tag.KIND: "service", tag.NAME: "web"}
    assert hint(event("container", **ours)) == {WEB}
    assert hint(event("container", **{**ours, tag.STACK: "x"})) is None
    assert hint(event("container", **{**ours, tag.ROLE: "files"})) is None
    assert hint(event("network", "disconnect", name="shop_default", container="c1")) == {WEB}
    assert hint(event("network", "destroy", name="shop_default")) == {
        ResourceKey("network", "default")
    }
    assert hint(event("volume", "destroy", name="shop_data")) == {ResourceKey("volume", "data")}
    assert hint(event("volume", "destroy", name="shop.config.a.12")) == ANYTHING
    assert hint(event("volume", "destroy", name="shop.rec.lock.a.1")) is None
    assert hint(event("network", "destroy", name="other_default")) is None


def test_strangers_that_stand_in_the_way_are_listed() -> None:
    port = {"IP": "0.0.0.0", "PublicPort": 80, "PrivatePort": 8080, "Type": "tcp"}
    found = foreign_of(
        [
            {"Names": ["/shop-web-0-x-0"], "Labels": {}, "Ports": []},
            {"Names": ["/nginx"], "Labels": None, "Ports": [port, {"PrivatePort": 1}]},
            {"Names": ["/quiet"], "Labels": {}, "Ports": []},
            {"Names": ["/shop-ours"], "Labels": {tag.STACK: "shop"}, "Ports": [port]},
        ],
        "shop",
    )
    assert [(f.name, f.holds_name, f.host_ports) for f in found] == [
        ("nginx", False, ("0.0.0.0:80/tcp",)), ("shop-web-0-x-0", True, ()),
    ]  # fmt: skip


# ---------------------------------------------------------------------------------- files


def test_a_file_that_others_cannot_read_belongs_to_the_numeric_user() -> None:
    assert variant_of("0444", "1000") == Variant(0o444)
    assert variant_of("0400", "1000:5") == Variant(0o400, 1000, 5)
    assert variant_of("0400", "1000") == Variant(0o400, 1000, 1000)
    assert variant_of("0400", "nobody") == Variant(0o400) == variant_of("0400", None)
    assert Variant(0o400, 1000, 5).name == "m0400.1000.5" and Variant(0o444).name == "m0444"


def test_secrets_are_blotted_out_of_text() -> None:
    assert hide("pw=hunter2 hunter2!", ["hunter2\n"]) == "pw=*** ***!"
    assert hide("a b", ["a"]) == "a b"


def test_taking_swap_away_keeps_the_limit_that_is_there() -> None:
    lifted = {"resources.memory_swap": 64, "resources.memory_limit": 1 << 60}
    assert update_body({"resources.memory_swap": None}, lifted) == {"MemorySwap": 64}
    both = {"resources.memory_swap": None, "resources.memory_limit": 32}
    assert update_body(both, lifted) == {"Memory": 32, "MemorySwap": 32}

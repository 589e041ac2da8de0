import re
from typing import Any

import pytest

from reconciler.model.diagnostic import Diagnostic
from reconciler.spec.checks import CHECKS, PARTS, unsupported
from reconciler.targets.port import Capabilities
from tests.spec.checks.stacks import http, routed, stack, web

NOTHING = Capabilities("instances")
EVERYTHING = Capabilities(
    "instances", features=frozenset(name for part in PARTS for name in part.features)
)

_SECRET = {"secrets": {"db": {"env": "DB"}}}
_CONFIG = {"configs": {"motd": {"content": "hi"}}}

USES: list[tuple[str, str, dict[str, Any], str]] = [
    ("R450", "docker", {"manifests": [{"kind": "ConfigMap"}]}, "manifests/0"),
    ("R451", "docker", {"jobs": {"j": {"image": "j:1"}}}, "jobs/j"),
    ("R452", "docker", {"hooks": {"after": ["smoke"]}}, "hooks/after/0"),
    ("R453", "docker", {**web(configs=["motd"]), **_CONFIG}, "services/web/configs/0"),
    (
        "R453",
        "docker",
        {**web(environment={"A": {"config": "motd"}}), **_CONFIG},
        "services/web/environment/A",
    ),
    ("R454", "docker", {**web(secrets=["db"]), **_SECRET}, "services/web/secrets/0"),
    (
        "R454",
        "docker",
        {**web(environment={"A": {"secret": "db"}}), **_SECRET},
        "services/web/environment/A",
    ),
    ("R455", "docker", {"adopt": {"volumes": {"old": "data"}}}, "adopt/volumes/old"),
    ("R456", "docker", web(rollout={"strategy": "canary"}), "services/web/rollout/strategy"),
    ("R456", "docker", web(rollout={"strategy": "blue-green"}), "services/web/rollout/strategy"),
    ("R457", "docker", web(autoscale={"max": 4}), "services/web/autoscale"),
    ("R458", "docker", web(readiness=http("/ready")), "services/web/readiness/http"),
    ("R458", "docker", web(startup={"exec": ["true"]}), "services/web/startup/exec"),
    ("R460", "docker", web(autoscale={"max": 4}, replicas=2), "services/web/autoscale"),
    (
        "R461",
        "docker",
        web(liveness={"heartbeat": {"file": "/tmp/h"}}),
        "services/web/liveness/heartbeat",
    ),
    ("R462", "docker", web(**routed()), "services/web/routing"),
    (
        "R463",
        "docker",
        web(**routed(affinity={"by": "client_ip"})),
        "services/web/routing/affinity",
    ),
    ("R464", "docker", {"edge": {}}, "edge"),
    (
        "R470",
        "simulator",
        {**_SECRET, "registries": {"hub.test:5000": {"username": "ci", "password": "db"}}},
        "registries/hub.test:5000",
    ),
    ("R465", "docker", {"zones": {"chat": {"rate_per_s": 1}}}, "zones/chat"),
    ("R466", "docker", web(metrics={"a": {}}), "services/web/metrics"),
    (
        "R467",
        "docker",
        web(metrics={"a": {}}, monitors=[{"metric": "a", "above": 1}]),
        "services/web/monitors",
    ),
    ("R468", "docker", web(grants={"files": ["read:/x"]}), "services/web/grants"),
    ("R469", "docker", web(docker={"init": True}), "services/web/docker"),
    (
        "R469",
        "kubernetes",
        web(kubernetes={"serviceAccountName": "web"}),
        "services/web/kubernetes",
    ),
]


def found_in(sections: dict[str, Any], capabilities: Capabilities, target: str) -> list[Diagnostic]:
    return unsupported(stack(**sections), capabilities, target)


@pytest.mark.parametrize(
    ("code", "target", "sections", "place"), USES, ids=[f"{u[0]}-{u[3]}" for u in USES]
)
def test_what_a_target_does_not_act_on_is_told_at_its_place(
    code: str, target: str, sections: dict[str, Any], place: str
) -> None:
    (found,) = [f for f in found_in(sections, NOTHING, target) if f.code == code]
    (part,) = [part for part in PARTS if part.code == code]
    assert found.position is not None and found.position.file == place
    assert found.severity == part.severity
    assert f"which {target} does not act on" in found.summary
    assert found.detail and found.hint


@pytest.mark.parametrize(
    ("code", "target", "sections", "place"), USES, ids=[f"{u[0]}-{u[3]}" for u in USES]
)
def test_what_a_target_acts_on_is_not_told(
    code: str, target: str, sections: dict[str, Any], place: str
) -> None:
    assert found_in(sections, EVERYTHING, target) == []


def test_every_part_is_shown_and_has_a_code_of_its_own() -> None:
    codes = [part.code for part in PARTS]
    assert {use[0] for use in USES} == set(codes)
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"R4[5-9]\d", code) for code in codes)
    assert not set(codes) & {check.code for check in CHECKS}


@pytest.mark.parametrize("way", ["http", "tcp", "grpc", "exec", "heartbeat"])
def test_each_way_of_asking_is_a_feature_of_its_own(way: str) -> None:
    asked = {
        "http": {"port": 80}, "tcp": {"port": 80}, "grpc": {"port": 80},
        "exec": ["true"], "heartbeat": {"file": "/tmp/h"},
    }[way]  # fmt: skip
    sections = web(readiness={way: asked}, liveness={way: asked})
    knows = Capabilities("instances", features=frozenset({f"probes.{way}"}))
    others = Capabilities("instances", features=EVERYTHING.features - {f"probes.{way}"})
    assert found_in(sections, knows, "docker") == []
    assert [f.code for f in found_in(sections, others, "docker")] == ["R461", "R458"]


@pytest.mark.parametrize("target", ["kubernetes", "simulator"])
def test_a_block_for_another_target_says_itself_that_it_is_not_for_this_one(target: str) -> None:
    assert found_in(web(docker={"init": True}), NOTHING, target) == []


def test_a_zone_that_is_off_asks_for_nothing() -> None:
    assert found_in({"zones": {"z": {"rate_per_s": 1, "enabled": False}}}, NOTHING, "docker") == []


def test_a_plain_service_runs_everywhere() -> None:
    budget = {"db": {"terms": [{"service": "web", "factors": {}}], "limit": 4}}
    plain = {**web(replicas=2, ports=["80"]), "budgets": budget, "nodes": {"n": {"cpu": "4"}}}
    assert found_in(plain, NOTHING, "docker") == []


def test_what_is_not_acted_on_comes_sorted_by_position() -> None:
    sections = web(**routed(affinity={"by": "client_ip"}), metrics={"a": {}})
    found = found_in(sections, NOTHING, "docker")
    assert len(found) == 5
    assert [f.sort_key for f in found] == sorted(f.sort_key for f in found)

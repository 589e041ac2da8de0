"""What is well typed and still cannot be is refused while reading, and is no check's affair.

Checks take for granted that ports exist, probes ask in one way, and names lead somewhere:
these tests hold reading to it.
"""

import json
from typing import Any

import pytest

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.spec.checks import check
from reconciler.spec.load import load
from tests.spec.checks.stacks import http, routed, web

REFUSED: dict[str, dict[str, Any]] = {
    "no image": {"services": {"web": {"replicas": 1}}},
    "no image reference": web(image="Web:1"),
    "no way of asking": web(readiness={"period": "5s"}),
    "two ways of asking": web(readiness=http("/ready", exec=["true"])),
    "a probe that never asks": web(liveness=http("/live", period=0)),
    "a probe without a count": web(liveness=http("/live", failures=0)),
    "a port that does not exist": web(ports=["70000:80"]),
    "a range backwards": web(ports=["8081-8080:80"]),
    "a container port twice": web(ports=["8080:80", "8081:80"]),
    "two mounts at one place": {**web(volumes=["a:/d", "b:/d"]), "volumes": {"a": {}, "b": {}}},
    "a relative host path": web(volumes=["./data:/data"]),
    "a relative target": {**web(volumes=["data:data"]), "volumes": {"data": {}}},
    "a config without content": {"configs": {"c": {}}},
    "a secret from two places": {"secrets": {"s": {"env": "E", "file": "f"}}},
    "autoscale by nothing": web(autoscale={"max": 4}),
    "autoscale by an unknown metric": web(
        autoscale={"max": 4, "metrics": [{"name": "depth", "average": 5}]}
    ),
    "crossed bounds": web(autoscale={"min": 5, "max": 4, "cpu": 70}),
    "canary steps that fall": web(rollout={"canary": {"steps": [50, 10]}}),
    "a monitor of an unknown metric": web(monitors=[{"metric": "hits", "below": 1}]),
    "a monitor without a bound": web(metrics={"hits": {}}, monitors=[{"metric": "hits"}]),
    "a budget without a limit": {**web(), "budgets": {"db": {"terms": [{"service": "web"}]}}},
    "a job that is to be healthy": {
        **web(depends_on={"migrate": "healthy"}),
        "jobs": {"migrate": {"image": "web:1"}},
    },
    "a service that is to complete": {
        "services": {
            "web": {"image": "web:1", "depends_on": {"api": "completed"}},
            "api": {"image": "api:1"},
        }
    },
}


def read(sections: dict[str, Any]) -> Any:
    return load(["-"], env={}, stdin=json.dumps({"name": "shop", **sections})).stack


@pytest.mark.parametrize("sections", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_before_any_check(sections: dict[str, Any]) -> None:
    with pytest.raises(DiagnosticsError):
        read(sections)


def test_a_finding_is_told_with_its_line_and_column() -> None:
    text = "name: shop\nservices:\n  web:\n    image: web\n    ports: [8080]\n"
    found = check(load(["-"], env={}, stdin=text).stack)
    assert [(f.code, f.position.line, f.position.column) for f in found if f.position] == [
        ("R211", 3, 3),
        ("R280", 4, 5),
    ]


def test_dependencies_that_were_read_are_followed() -> None:
    sections = {
        "services": {
            "db": {"image": "db:1"},
            "web": {"image": "web:1", "depends_on": ["db"], **routed(drain="1h")},
        },
        "shutdown": {"stop": "5s", "total": "9s"},
    }
    codes = {found.code for found in check(read(sections))}
    assert {"R206", "R220"} <= codes

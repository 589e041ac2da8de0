"""Frozen data as JSON has it, and back."""

import json
from typing import Any

import pytest

from reconciler.model.container import EnvValue, Port
from reconciler.model.lifecycle import HttpProbe, Probe, Rollout
from reconciler.model.observed import Instance, Observed, ObservedObject, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.model.simple import plain, restored
from reconciler.model.stack import Declared
from reconciler.model.survey import SeenNode, SeenPod, SeenTemplate, SeenWorkload, Survey

WEB = ResourceKey("service", "web")
POD = Instance(
    "4f", "web-1", WEB, 0, "r1", 0, "running", ready=True,
    fields={"image": "web:1", "networks": ("default",), "stdin": None, "tty": False, "uid": 7},
)  # fmt: skip
SEEN = Observed(
    Scope("shop", frozenset({WEB})), 1, 2, {WEB: ObservedObject(WEB, "9a")}, (POD,),
    images={"web:1": "sha256:1", "web:2": None}, unobservable={WEB: "no right to"},
)  # fmt: skip
SERVICE = Service(
    image="web:1", replicas=2, ports=(Port(container=8080),),
    environment={"A": EnvValue(value="1")},
    readiness=Probe(http=HttpProbe(port=8080, path="/ready")), rollout=Rollout(max_surge="25%"),
)  # fmt: skip
CLUSTER = Survey(
    SEEN, "shop", "1.34", Declared(name="shop", services={"web": SERVICE}),
    {
        "web": SeenWorkload(
            "Deployment", "web", "name", SERVICE, 2, (SeenTemplate("r1", SERVICE, 2),),
            (SeenPod(POD, "r1", "n-1", (100, 2**20), used=(20, 2**19)),), budget=("50%", None),
        )
    },
    (SeenNode("n-1", 4000, 2**33, images=("web:1",)),), there=frozenset({"configmap/motd"}),
)  # fmt: skip


@pytest.mark.parametrize("value", [SEEN, CLUSTER, SERVICE], ids=lambda value: type(value).__name__)
def test_it_is_the_same_after_json(value: Any):
    text = json.dumps(plain(value))
    assert restored(type(value), json.loads(text)) == value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("began_at_ns",), "now"), (("began_at_ns",), True), (("instances",), {}),
        (("instances", 0, "phase"), "flying"), (("instances", 0, "key"), "web"),
        (("instances", 0, "weight"), 3), (("objects",), []), (("scope",), None),
        (("instances", 0, "fields", "image"), {"a": 1}),
    ],
)  # fmt: skip
def test_what_is_of_another_shape_is_refused(path: tuple[str | int, ...], value: Any):
    data = json.loads(json.dumps(plain(SEEN)))
    inner = data
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    with pytest.raises((TypeError, ValueError, KeyError, AttributeError)):
        restored(Observed, data)

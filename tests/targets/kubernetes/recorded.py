"""What an API server of version 1.20 answered, and what a newer one would.

Recorded from a real node: a Deployment `web` with a Service, an autoscaler and a budget in the
middle of a rollout, a StatefulSet `shop-db` labelled as the app `db`, a Deployment `lone` that
crashes, and a pod in another namespace. `newer` is made by hand from it.
"""

import copy
import json
from pathlib import Path
from typing import Any

from reconciler.targets.kubernetes.api import JSON_TYPE
from reconciler.targets.kubernetes.errors import refused

STACK = "shop"
Answers = dict[str, Any]


class Recorded:
    """An API server that answers from a recording, and refuses what it is told to."""

    address = "https://recorded"

    def __init__(self, answers: Answers, now_ns: int) -> None:
        self.answers = answers
        self.now_ns = now_ns
        self.refused: dict[str, int] = {}
        self.asked: list[str] = []
        self.accepted: dict[str, str] = {}

    def get(self, path: str, what: str) -> dict[str, Any]:
        self.asked.append(path)
        status = self.refused.get(path, 200 if path in self.answers else 404)
        if status != 200:
            raise refused(status, b"", self.address, what)
        found: dict[str, Any] = self.answers[path]
        return found

    def listed(self, path: str, what: str, accept: str = JSON_TYPE) -> list[dict[str, Any]]:
        self.accepted[path] = accept
        return list(self.get(path, what)["items"])

    def put(self, kind: str, *objects: Any) -> None:
        """These are all of a kind from now on."""
        (path,) = [each for each in self.answers if each.endswith(f"/{kind}")]
        self.answers[path] = {"items": list(objects)}

    def of(self, kind: str, name: str = "") -> Any:
        """The objects of a kind, or the one of that name."""
        (path,) = [each for each in self.answers if each.endswith(f"/{kind}")]
        items = self.answers[path]["items"]
        return next(i for i in items if i["metadata"]["name"] == name) if name else items


def recorded() -> Recorded:
    """The API server of 1.20, as it was recorded."""
    read = json.loads((Path(__file__).parent / "recorded.json").read_text())
    return Recorded(read["answers"], read["now_ns"])


def newer() -> Recorded:
    """One of today: autoscaling/v2, policy/v1, and a metrics server."""
    made = recorded()
    answers = copy.deepcopy(made.answers)
    answers["/version"] = {"major": "1", "minor": "34+"}
    _moved(answers, "/apis/autoscaling/v2beta2", "/apis/autoscaling/v2")
    _moved(answers, "/apis/policy/v1beta1", "/apis/policy/v1")
    groups = {"autoscaling": ("v1", "v2"), "policy": ("v1",), "metrics.k8s.io": ("v1beta1",)}
    kept = [each for each in answers["/apis"]["groups"] if each["name"] not in groups]
    kept += [
        {"name": name, "versions": [{"version": version} for version in versions]}
        for name, versions in groups.items()
    ]
    answers["/apis"] = {"groups": kept}
    answers["/apis/metrics.k8s.io/v1beta1"] = {"resources": [{"name": "pods"}]}
    answers["/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"] = {
        "items": [
            {
                "metadata": {"name": pod["metadata"]["name"]},
                "containers": [{"name": "web", "usage": {"cpu": "12345678n", "memory": "21504Ki"}}],
            }
            for pod in made.of("pods")
            if pod["metadata"]["name"].startswith("web-")
        ]
    }
    return Recorded(answers, made.now_ns)


def _moved(answers: Answers, root: str, to: str) -> None:
    for path in [each for each in answers if each.startswith(root)]:
        answers[to + path.removeprefix(root)] = answers.pop(path)

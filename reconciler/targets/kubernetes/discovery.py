"""Which kinds a server has, and the newest version that it serves each in.

The newest is the one with the higher number, of these the stable one, then beta; an alpha is taken
where there is nothing else. Kubernetes' own order of preference has any stable version first, and
would read the autoscalers of 1.20 as autoscaling/v1, which tells of cpu alone, and not as v2beta2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.diagnostic import TargetError
from reconciler.targets.kubernetes.api import Reads

_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STAGES = {"alpha": 0, "beta": 1, None: 2}

# Resource → its API group; core is the empty one.
GROUPS: Mapping[str, str] = {
    "namespaces": "", "nodes": "", "pods": "", "services": "", "configmaps": "", "secrets": "",
    "persistentvolumeclaims": "", "deployments": "apps", "replicasets": "apps",
    "statefulsets": "apps", "controllerrevisions": "apps", "jobs": "batch",
    "horizontalpodautoscalers": "autoscaling", "poddisruptionbudgets": "policy",
    "podmetrics": "metrics.k8s.io",
}  # fmt: skip
# The collection's name on the server, where it is not the resource's.
PLURALS: Mapping[str, str] = {"podmetrics": "pods"}


def rank(version: str) -> tuple[int, int, int, int]:
    """How new a version is: the greater the newer. What is not written so comes last."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return (-1, 0, 0, 0)
    stage = _STAGES[match[2]]
    return (min(stage, 1), int(match[1]), stage, int(match[3] or 0))


@dataclass
class Discovery:
    """What a server serves, asked for once a group."""

    api: Reads
    _groups: dict[str, tuple[str, ...]] | None = None
    _paths: dict[str, str | None] = field(default_factory=dict)
    _kinds: dict[str, frozenset[str]] = field(default_factory=dict)

    def path(self, resource: str, namespace: str = "") -> str | None:
        """Where a collection is: ``/apis/apps/v1/namespaces/shop/deployments``; None: nowhere."""
        if resource not in self._paths:
            self._paths[resource] = self._find(resource)
        root = self._paths[resource]
        if root is None:
            return None
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{within}/{PLURALS.get(resource, resource)}"

    def version(self, resource: str) -> str:
        """The version that it is read in: ``policy/v1beta1``; empty where it is not served."""
        path = self.path(resource)
        if path is None:
            return ""
        return path.rpartition("/")[0].removeprefix("/apis/").removeprefix("/api/")

    def _find(self, resource: str) -> str | None:
        group = GROUPS[resource]
        if not group:
            return "/api/v1"
        for version in self._versions().get(group, ()):
            root = f"/apis/{group}/{version}"
            if PLURALS.get(resource, resource) in self._kinds_of(root):
                return root
        return None

    def _versions(self) -> dict[str, tuple[str, ...]]:
        if self._groups is None:
            found = self.api.get("/apis", "list API groups").get("groups") or ()
            self._groups = {
                group["name"]: tuple(
                    sorted((v["version"] for v in group["versions"]), key=rank, reverse=True)
                )
                for group in found
            }
        return self._groups

    def _kinds_of(self, root: str) -> frozenset[str]:
        if root not in self._kinds:
            try:
                found = self.api.get(root, f"list the kinds of {root.removeprefix('/apis/')}")
            except TargetError as error:
                # An aggregated API (metrics) whose own server is away: as if it were not served.
                if error.kind != "retryable" and "answered 404" not in error.message:
                    raise
                found = {}
            self._kinds[root] = frozenset(each["name"] for each in found.get("resources") or ())
        return self._kinds[root]

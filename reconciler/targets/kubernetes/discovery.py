"""Which kinds a server has, and the newest version that it serves each in.

Versions are ranked as Kubernetes does: stable ones first, then beta, then alpha, and the higher
number first (``k8s.io/apimachinery/pkg/version``, CompareKubeAwareVersionStrings).
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


def rank(version: str) -> tuple[int, int, int]:
    """How new a version is: the greater the newer. What is not written so comes last."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return (-1, 0, 0)
    return (_STAGES[match[2]], int(match[1]), int(match[3] or 0))


@dataclass
class Discovery:
    """What a server serves, asked for once a group."""

    api: Reads
    _groups: dict[str, tuple[str, ...]] | None = None
    _paths: dict[str, str | None] = field(default_factory=dict)

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
            if self._serves(root, PLURALS.get(resource, resource)):
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

    def _serves(self, root: str, plural: str) -> bool:
        try:
            found = self.api.get(root, f"list the kinds of {root.removeprefix('/apis/')}")
        except TargetError as error:
            # An aggregated API (metrics) whose own server is away: as if it were not served.
            if error.kind == "retryable" or "answered 404" in error.message:
                return False
            raise
        return any(each.get("name") == plural for each in found.get("resources") or ())

"""Everything of a namespace, and of the machines below it, as raw JSON. No call that writes."""

import re
from dataclasses import dataclass, field

from reconciler.model.diagnostic import TargetError
from reconciler.targets.kubernetes.api import JSON_TYPE, METADATA_TYPE, Json, Reads
from reconciler.targets.kubernetes.discovery import Discovery
from reconciler.targets.kubernetes.errors import FORBIDDEN, no_namespace

_MINOR = re.compile(r"\d+")


@dataclass
class Raw:
    """What an API server gave. `pods` are the namespace's, `others` those of the rest.

    `unread` is what it did not give, and what follows from that.
    """

    namespace: str
    version: str = ""
    now_ns: int = 0
    deployments: list[Json] = field(default_factory=list)
    replicasets: list[Json] = field(default_factory=list)
    statefulsets: list[Json] = field(default_factory=list)
    revisions: list[Json] = field(default_factory=list)
    pods: list[Json] = field(default_factory=list)
    others: list[Json] = field(default_factory=list)
    services: list[Json] = field(default_factory=list)
    autoscalers: list[Json] = field(default_factory=list)
    budgets: list[Json] = field(default_factory=list)
    configmaps: list[Json] = field(default_factory=list)
    secrets: list[Json] = field(default_factory=list)
    claims: list[Json] = field(default_factory=list)
    nodes: list[Json] = field(default_factory=list)
    usage: list[Json] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read_namespace(api: Reads, namespace: str) -> Raw:
    """Read it all; TargetError where what a rehearsal cannot do without is not given."""
    return _Reader(api, namespace).read()


class _Reader:
    """The calls of one reading."""

    def __init__(self, api: Reads, namespace: str) -> None:
        self.api = api
        self.kinds = Discovery(api)
        self.raw = Raw(namespace)

    def read(self) -> Raw:
        raw, needed, useful = self.raw, self._list, self._useful
        raw.version = version_of(self.api.get("/version", "get the version"))
        self._check_namespace()
        raw.deployments = needed("deployments")
        raw.replicasets = needed("replicasets")
        raw.statefulsets = needed("statefulsets")
        if raw.statefulsets:
            raw.revisions = useful(
                "controllerrevisions", "earlier revisions of StatefulSets are taken for the newest"
            )
        self._pods()
        raw.services = useful("services", "affinity is as the state says")
        raw.autoscalers = useful("horizontalpodautoscalers", "nothing scales at the beginning")
        raw.budgets = useful("poddisruptionbudgets", "evictions know no budget")
        raw.configmaps = useful("configmaps", "what they hold is taken for what the state says")
        raw.secrets = self._useful(
            "secrets", "whether they are there is not known", accept=METADATA_TYPE
        )
        raw.claims = useful("persistentvolumeclaims", "volumes are taken for new ones")
        raw.nodes = self._useful("nodes", "there is room for everything", everywhere=True)
        raw.usage = useful("podmetrics", "", served=False)
        raw.now_ns = self.api.now_ns
        return raw

    def _check_namespace(self) -> None:
        name = self.raw.namespace
        try:
            self.api.get(f"/api/v1/namespaces/{name}", "get namespaces")
        except TargetError as error:
            if "answered 404" in error.message:
                raise no_namespace(name) from None
            if error.code != FORBIDDEN:  # without the right to see it, its lists are tried
                raise

    def _pods(self) -> None:
        raw = self.raw
        found = self._useful("pods", "other pods take no room", everywhere=True)
        mine = [each for each in found if each["metadata"].get("namespace") == raw.namespace]
        raw.others = [each for each in found if each["metadata"].get("namespace") != raw.namespace]
        raw.pods = mine if found else self._list("pods")

    def _list(
        self, resource: str, *, everywhere: bool = False, accept: str = JSON_TYPE
    ) -> list[Json]:  # fmt: skip
        namespace = "" if everywhere else self.raw.namespace
        path = self.kinds.path(resource, namespace)
        if path is None:
            return []
        where = f" in {namespace}" if namespace else ""
        return self.api.listed(path, f"list {resource}{where}", accept)

    def _useful(
        self, resource: str, without: str, *, everywhere: bool = False, served: bool = True,
        accept: str = JSON_TYPE,
    ) -> list[Json]:  # fmt: skip
        """What a rehearsal can do without, where we may not see it; that is then said."""
        try:
            found = self._list(resource, everywhere=everywhere, accept=accept)
        except TargetError as error:
            if error.code != FORBIDDEN and served:
                raise
            if without:
                self.raw.unread.append(f"{resource} may not be listed: {without}")
            return []
        return found


def version_of(found: Json) -> str:
    """``{major: 1, minor: 20+}`` → ``1.20``; providers append to the minor number."""
    parts = [_MINOR.match(str(found.get(name, ""))) for name in ("major", "minor")]
    return ".".join(part[0] if part else "0" for part in parts)

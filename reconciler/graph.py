"""What waits for what: the dependency graph of a stack.

The only home of networkx, which is imported where a cycle must be explained: building and
ordering are plain dictionaries and a sorted Kahn, deterministic and without its import time.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.fields import file_keys, networks_of
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service, Workload
from reconciler.model.stack import Stack

if TYPE_CHECKING:
    from networkx import DiGraph

Requirement = Literal["exists", "started", "healthy", "completed"]
Needs = Mapping[ResourceKey, Requirement]


@dataclass(frozen=True)
class Graph:
    """`needs[key]`: what `key` waits for, and in which condition it must be."""

    needs: Mapping[ResourceKey, Needs]
    stack: Stack | None = None

    @cached_property
    def dependents(self) -> Mapping[ResourceKey, tuple[ResourceKey, ...]]:
        """Who waits for a resource, sorted."""
        made: dict[ResourceKey, list[ResourceKey]] = {key: [] for key in self.needs}
        for key in sorted(self.needs, key=_order):
            for need in self.needs[key]:
                made[need].append(key)
        return {key: tuple(users) for key, users in made.items()}

    @cached_property
    def levels(self) -> Mapping[ResourceKey, int]:
        """The wave of each resource: one more than the last of what it needs.

        What stands on a cycle has no level and is left out.
        """
        missing = {key: len(needs) for key, needs in self.needs.items()}
        level = {key: 0 for key, count in missing.items() if count == 0}
        ready = sorted(level, key=_order)
        while ready:
            following: list[ResourceKey] = []
            for key in ready:
                for user in self.dependents[key]:
                    missing[user] -= 1
                    if missing[user] == 0:
                        level[user] = 1 + max(level[need] for need in self.needs[user])
                        following.append(user)
            ready = following
        return level

    def waves(self) -> tuple[tuple[ResourceKey, ...], ...]:
        """The resources by wave, each wave sorted by kind and name."""
        made: dict[int, list[ResourceKey]] = {}
        for key, level in self.levels.items():
            made.setdefault(level, []).append(key)
        return tuple(tuple(sorted(made[level], key=_order)) for level in sorted(made))

    def cycles(self) -> list[Diagnostic]:
        """One diagnostic for each cycle, with its whole path and where each edge is asked for."""
        stuck = [key for key in self.needs if key not in self.levels]
        return [self._cycle(path) for path in _paths(self.needs, stuck)] if stuck else []

    def _cycle(self, path: list[ResourceKey]) -> Diagnostic:
        edges = list(zip(path, [*path[1:], path[0]], strict=True))
        steps = [f"{a} needs {b}{_at(self._asked_at(a, b))}" for a, b in edges]
        return Diagnostic(
            code="R301",
            summary="dependency cycle: " + " → ".join(str(key) for key in [*path, path[0]]),
            detail="; ".join(steps),
            hint="take one of these dependencies out, or let it wait for `started` elsewhere",
            position=self._asked_at(*edges[0]),
        )

    def _asked_at(self, key: ResourceKey, need: ResourceKey) -> Position | None:
        """Where the desired state asks that `key` waits for `need`."""
        if self.stack is None or need.kind not in ("service", "job"):
            return None
        return self.stack.position(key, "depends_on", str(need))

    def dot(self) -> str:
        """Graphviz' language: an arrow from what waits to what it waits for."""
        lines = ["digraph stack {", "  rankdir=LR;", "  node [shape=box];"]
        lines += [f'  "{key}";' for key in sorted(self.needs, key=_order)]
        lines += [f'  "{a}" -> "{b}" [label="{how}"];' for a, b, how in self._edges()]
        return "\n".join([*lines, "}"]) + "\n"

    def mermaid(self) -> str:
        """Mermaid's flowchart language."""
        ids = {key: f"n{index}" for index, key in enumerate(sorted(self.needs, key=_order))}
        lines = ["flowchart LR", *(f'  {ids[key]}["{key}"]' for key in ids)]
        lines += [f"  {ids[a]} -- {how} --> {ids[b]}" for a, b, how in self._edges()]
        return "\n".join(lines) + "\n"

    def _edges(self) -> Iterator[tuple[ResourceKey, ResourceKey, Requirement]]:
        for key in sorted(self.needs, key=_order):
            for need in sorted(self.needs[key], key=_order):
                yield key, need, self.needs[key][need]


_latest: Graph | None = None


def build(stack: Stack) -> Graph:
    """The graph of everything that the stack declares, and of what it implies.

    The newest is remembered: checks, scope, plan and controller ask for that of one stack.
    """
    global _latest
    latest = _latest
    if latest is None or latest.stack is not stack:
        latest = _latest = _build(stack)
    return latest


def _build(stack: Stack) -> Graph:
    declared = stack.declared
    needs: dict[ResourceKey, Needs] = {}
    for name in declared.networks:
        needs[ResourceKey("network", name)] = {}
    for name in declared.volumes:
        needs[ResourceKey("volume", name)] = {}
    for name in declared.external:
        needs[ResourceKey("external", name)] = {}
    for key, workload in workloads_of(stack):
        needs[key] = wanted = needs_of(stack, key, workload)
        for need in wanted:
            if need.kind in ("network", "config", "secret"):
                needs.setdefault(need, {})
    for index, _ in enumerate(declared.manifests):
        needs[manifest_key(stack, index)] = {}
    for key, of in needs.items():
        if not needs.keys() >= of.keys():  # what is not declared was reported when it was read
            needs[key] = {need: how for need, how in of.items() if need in needs}
    return Graph(needs, stack)


def workloads_of(stack: Stack) -> Iterator[tuple[ResourceKey, Workload]]:
    """The services and jobs of a stack, as declared."""
    for name, job in stack.declared.jobs.items():
        yield ResourceKey("job", name), job
    for name, service in stack.declared.services.items():
        yield ResourceKey("service", name), service


def needs_of(stack: Stack, key: ResourceKey, workload: Workload) -> Needs:
    """What one workload waits for: what it names, and what it is made of."""
    declared = stack.declared
    made: dict[ResourceKey, Requirement] = {
        ResourceKey("network", name): "exists" for name in networks_of(declared, workload)
    }
    for mount in workload.volumes:
        if not mount.is_host_path:
            made[ResourceKey("volume", mount.source)] = "exists"
    if workload.configs or workload.secrets:
        made.update(dict.fromkeys(file_keys(declared, workload), "exists"))
    for text, condition in workload.depends_on.items():
        made[ResourceKey.parse(text)] = condition
    if isinstance(workload, Service) and workload.routing and workload.routing.forward_auth:
        asked = ResourceKey("service", workload.routing.forward_auth.service)
        if asked != key:
            made.setdefault(asked, "healthy")
    return made


def manifest_key(stack: Stack, index: int) -> ResourceKey:
    """The key of a Kubernetes object: ``manifest/ConfigMap.motd``."""
    manifest = stack.declared.manifests[index]
    name = manifest.get("metadata", {}).get("name", str(index))
    return ResourceKey("manifest", f"{manifest.get('kind', 'Object')}.{name}")


def _paths(
    needs: Mapping[ResourceKey, Needs], stuck: Iterable[ResourceKey]
) -> list[list[ResourceKey]]:
    import networkx

    digraph: networkx.DiGraph[ResourceKey] = networkx.DiGraph()
    among = sorted(stuck, key=_order)
    digraph.add_nodes_from(among)
    digraph.add_edges_from((a, b) for a in among for b in sorted(needs[a], key=_order))
    found = []
    for component in networkx.strongly_connected_components(digraph):
        first = min(component, key=_order)
        if len(component) == 1 and not digraph.has_edge(first, first):
            continue
        path = _shortest_cycle(digraph.subgraph(component), first)
        found.append(path)
    return sorted(found, key=lambda path: [_order(key) for key in path])


def _shortest_cycle(digraph: "DiGraph[ResourceKey]", first: ResourceKey) -> list[ResourceKey]:
    import networkx

    if digraph.has_edge(first, first):
        return [first]
    ways = [
        networkx.shortest_path(digraph, successor, first)
        for successor in sorted(digraph.successors(first), key=_order)
    ]
    return [first, *min(ways, key=len)[:-1]]


def _order(key: ResourceKey) -> tuple[int, str]:
    return key.order


def _at(position: Position | None) -> str:
    return f" ({position})" if position else ""

"""From a stack and what runs to the plan. Pure: nothing is called, nothing is written."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler import graph as graphs
from reconciler.graph import Graph
from reconciler.model.change import Action, Change
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.fields import native_fields, object_fields
from reconciler.model.image import normalised
from reconciler.model.observed import Fields, Observed, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Job
from reconciler.model.stack import Declared, Shutdown, Stack
from reconciler.plan import adoption, objects
from reconciler.plan.changes import Asked, job_change, removal, service_change, standing_for
from reconciler.plan.findings import live_findings, protected_findings
from reconciler.plan.plan import Plan
from reconciler.plan.shutdown import WORKLOADS, Ending, depths, ending_of, labelled_users
from reconciler.plan.standing import newest_fact
from reconciler.plan.view import View, view_of
from reconciler.targets.port import Capabilities, Predicted, Wanted

NO_RETRY: frozenset[ResourceKey] = frozenset()


def scope_of(stack: Stack, graph: Graph | None = None) -> Scope:
    """What has to be observed to plan the whole stack."""
    needs = (graph or graphs.build(stack)).needs
    images = {normalised(work.image) for _, work in graphs.workloads_of(stack)}
    wanted = tuple(key for key in needs if key.kind not in ("service", "job", "external"))
    adopt = adoption.adopting_of(stack)
    return Scope(stack.name, images=tuple(sorted(images)), wanted=wanted, adopt=adopt)


def wanted_of(stack: Stack, keys: Iterable[ResourceKey], native: bool) -> tuple[Wanted, ...]:
    """What to ask a native target's preview about; nothing on others."""
    if not native:
        return ()
    return tuple(Wanted(key, fields_of(stack, key)) for key in keys if key.kind != "external")


def fields_of(stack: Stack, key: ResourceKey) -> Fields:
    """What is wanted of any resource."""
    if key.kind in ("service", "job"):
        return native_fields(stack, key)
    return object_fields(stack, key)


def emptied(stack: Stack) -> Stack:
    """The same stack with nothing in it: what `destroy` wants."""
    declared = Declared(name=stack.name, deletions=stack.declared.deletions)
    return replace(stack, declared=declared, digest=f"{stack.digest}.destroy")


class Planner:
    """Plans, and plans again when a little of the stack changed.

    Keeps the change of each resource, so that a changed service costs its own comparison and
    not everybody's.
    """

    def __init__(
        self,
        stack: Stack,
        observed: Observed,
        predicted: Predicted,
        capabilities: Capabilities,
        *,
        target: str,
        findings: Sequence[Diagnostic] = (),
        retry: Collection[ResourceKey] = NO_RETRY,
        state: Sequence[str] = (),
        volumes: bool = False,
        ending: Ending | None = None,
    ) -> None:
        self.stack = stack
        self.view = view_of(observed)
        self.predicted = predicted
        self.capabilities = capabilities
        self.target = target
        self.findings = tuple(findings)
        self.retry = retry
        self.state = tuple(state)
        self.volumes = volumes
        self.ending = ending
        self._held: dict[ResourceKey, str] = {}
        self._rolled_back: dict[ResourceKey, Fields] = {}
        self._changes: dict[ResourceKey, Change] = {}
        self._live: dict[ResourceKey, list[Diagnostic]] = {}
        self.graph = graphs.build(stack)
        for key in sorted(self.graph.needs, key=_objects_first):
            self._compare(key)

    def changed(self, stack: Stack, keys: Collection[ResourceKey]) -> None:
        """The stack is now this; only what `keys` declare differs from what it was.

        The graph is built anew only where what these wait for may have changed.
        """
        before, self.stack = self.stack, stack
        old, dirty = self.graph, set(keys)
        if any(self._needs(before, key) != self._needs(stack, key) for key in keys):
            self.graph = graphs.build(stack)
            dirty |= old.needs.keys() ^ self.graph.needs.keys()
        for graph in (old, self.graph):  # networks made anew, digests of mounted contents
            objects_changed = [key for key in dirty if key.kind in ("network", "config", "secret")]
            dirty |= {u for key in objects_changed for u in graph.dependents.get(key, ())}
        for key in sorted(dirty, key=_objects_first):
            self._forget(key)
            if key in self.graph.needs:
                self._compare(key)

    def plan(self) -> Plan:
        """Everything that an apply would do now."""
        changes = {key: change for key, change in self._changes.items()}
        kept = self._removals(changes)
        going = {key for key, change in changes.items() if change.action is Action.DELETE}
        protection = objects.protection_change(self.stack, self.view, going)
        if protection is not None:
            changes[protection.key] = protection
        live = [finding for key in sorted(self._live) for finding in self._live[key]]
        live += protected_findings(self.stack, self.view, changes.values())
        return Plan(
            stack=self.stack.name,
            target=self.target,
            environment=self.stack.environment,
            desired_digest=self.stack.digest,
            changes=self._ordered(changes),
            held=dict(sorted(self._held.items())),
            kept=tuple(sorted(kept)),
            findings=(*self.findings, *self.graph.cycles(), *live),
            state=self.state,
            confirm_above=self.stack.declared.deletions.confirm_above,
            shutdown=self.ending.bounds if self.ending is not None else Shutdown(),
        )

    @property
    def native(self) -> bool:
        """Whether the target takes whole workloads as objects."""
        return self.capabilities.workloads == "native"

    def _needs(self, stack: Stack, key: ResourceKey) -> object:
        workload = stack.workload(key)
        if workload is not None:
            return graphs.needs_of(stack, key, workload)
        return None if key.kind in ("service", "job") else stack  # what holds it is not asked

    def _forget(self, key: ResourceKey) -> None:
        for table in (self._held, self._changes, self._live, self._rolled_back):
            table.pop(key, None)

    def _compare(self, key: ResourceKey) -> None:
        if key.kind == "external":
            return
        change = self._object(key) if self._is_object(key) else self._workload(key)
        refused = list(adoption.findings(self.stack, key, self.view))
        if refused:
            self._live[key] = [*self._live.get(key, ()), *refused]
            return
        change = adoption.joined(self.stack, key, change, self.view)
        if change is not None:
            self._changes[key] = change

    def _is_object(self, key: ResourceKey) -> bool:
        return self.native or key.kind not in ("service", "job")

    def _object(self, key: ResourceKey) -> Change | None:
        wanted = self.predicted.get(key) or fields_of(self.stack, key)
        found = self.view.objects.get(key)
        if found is not None:
            conflicts = objects.conflicts(self.stack, key, wanted, found)
            if conflicts:
                self._live[key] = conflicts
                return None
        return objects.object_change(self.stack, key, wanted, found, self.native)

    def _workload(self, key: ResourceKey) -> Change | None:
        asked = Asked(self.stack, key, self.capabilities.in_place)
        retried = newest_fact(key, self.view.records_of(key)) if key in self.retry else 0
        standing = standing_for(asked, self.view, retried, self._evicting(key))
        if standing.failed is not None and standing.effective is not standing.wanted:
            back = "the last good one is kept" if standing.effective else "nothing is done"
            self._held[key] = f"{standing.failed.reason}; {back}"
        if standing.effective is not None and standing.is_rolled_back:
            self._rolled_back[key] = standing.effective.fields
        found = live_findings(asked, standing, self.view)
        if found:
            self._live[key] = found
        if isinstance(asked.workload, Job):
            return job_change(asked, standing, self.view)
        return service_change(asked, standing, self.view)

    def _evicting(self, key: ResourceKey) -> tuple[str, ...]:
        networks = (need for need in self.graph.needs[key] if need.kind == "network")
        return tuple(
            need.name
            for need in networks
            if need in self._changes and self._changes[need].action is Action.REPLACE
        )

    def _removals(self, changes: dict[ResourceKey, Change]) -> set[ResourceKey]:
        """Add the removals of what is ours and no longer declared; return what is kept."""
        kept: set[ResourceKey] = set()
        view, stack_key = self.view, objects.stack_key(self.stack)
        for key in sorted(view.keys() - self.graph.needs.keys()):
            if key in changes or key == stack_key:
                continue
            found = view.objects.get(key)
            if found is not None and self._is_kept(key):
                kept.add(key)
            elif found is not None:
                changes[key] = objects.object_removal(found, view.records_of(key))
            elif view.of(key) or view.records_of(key):
                changes[key] = removal(key, view)
        return kept

    def _is_kept(self, key: ResourceKey) -> bool:
        """Whether it stays: data, or what the good revision of a failed one still uses."""
        if is_kept_volume(key, self.stack, self.view, self.volumes):
            return True
        return any(objects.holds(key, fields) for fields in self._rolled_back.values())

    def _ordered(self, changes: Mapping[ResourceKey, Change]) -> tuple[Change, ...]:
        levels = self.graph.levels
        last = max(levels.values(), default=0)
        going = self._depths(changes)

        def wave(change: Change) -> tuple[int, int]:
            if change.key in levels:
                return 1 + levels[change.key], 0
            if change.key.kind == "stack":
                return 0, 0
            if change.key.kind in ("service", "job", "route"):
                return last + 2, going.get(change.key, 0)
            return last + 3, 0

        waves = {key: wave(change) for key, change in changes.items()}
        ranks = {rank: n for n, rank in enumerate(sorted(set(waves.values())), 1)}
        order = sorted(changes, key=lambda key: (waves[key], key.order))
        pulled: set[str] = set()
        return tuple(
            changes[key].placed(ranks[waves[key]], self._calls_but_pulled(changes[key], pulled))
            for key in order
        )

    def _depths(self, changes: Mapping[ResourceKey, Change]) -> dict[ResourceKey, int]:
        """In which wave of removals each workload ends: users before what they use."""
        gone = (key for key in changes if key.kind in WORKLOADS and key not in self.graph.needs)
        if self.native:
            return depths(gone, self.ending.users if self.ending is not None else {})
        return depths(gone, labelled_users(self.view))

    def _calls_but_pulled(self, change: Change, pulled: set[str]) -> Mapping[str, int]:
        """An image that several wait for is fetched by the first of them: it joins `pulled`."""
        workload = self.stack.workload(change.key) if "pull" in change.calls else None
        image = normalised(workload.image) if workload else ""
        if image in pulled:
            return {kind: n for kind, n in change.calls.items() if kind != "pull"}
        if image:
            pulled.add(image)
        return change.calls


def _objects_first(key: ResourceKey) -> tuple[bool, ResourceKey]:
    """What is on a network that is made anew has to leave it: networks before workloads."""
    return key.kind in ("job", "service"), key


def is_kept_volume(key: ResourceKey, stack: Stack, view: View, volumes: bool) -> bool:
    """Whether a volume that is no longer declared stays, unasked.

    All do but those declared with `keep: false`; `volumes` says that none does.
    """
    if key.kind != "volume" or volumes:
        return False
    return str(key) not in objects.remembered(stack, view)["unkept"]


def make_plan(
    stack: Stack,
    observed: Observed,
    predicted: Predicted,
    capabilities: Capabilities,
    *,
    target: str,
    findings: Sequence[Diagnostic] = (),
    retry: Collection[ResourceKey] = NO_RETRY,
    state: Sequence[str] = (),
) -> Plan:
    """Everything that an apply of `stack` would do to what was observed."""
    return Planner(
        stack, observed, predicted, capabilities,
        target=target, findings=findings, retry=retry, state=state,
    ).plan()  # fmt: skip


def destroy_plan(
    stack: Stack,
    observed: Observed,
    capabilities: Capabilities,
    *,
    target: str,
    volumes: bool = False,
    state: Sequence[str] = (),
) -> Plan:
    """Everything that a destroy of `stack` would do: all that is ours goes, users first."""
    return Planner(
        emptied(stack), observed, {}, capabilities,
        target=target, state=state, volumes=volumes, ending=ending_of(stack),
    ).plan()  # fmt: skip

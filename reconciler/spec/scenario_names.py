"""What a scenario says of its state: every name must lead somewhere in it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.model.checks import BUDGET, CheckError, parse
from reconciler.model.faults import FAULT_KINDS
from reconciler.model.measures import METRICS
from reconciler.model.noun import listed
from reconciler.model.scenario import Scenario, Trouble
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.spec.report import Report, nearest
from reconciler.spec.tree import Map, Path, locate, path_text

_SECTIONS = {
    "service": "services", "job": "jobs", "network": "networks", "volume": "volumes",
    "config": "configs", "secret": "secrets",
}  # fmt: skip


def check_names(scenario: Scenario, stacks: Sequence[Stack], root: Map, report: Report) -> None:
    """Report names that are in none of the `stacks` that the scenario passes through."""
    _Names(scenario, _Known.of(scenario, stacks), root, report).check()


@dataclass(frozen=True)
class _Known:
    """What there is in any of the stacks."""

    services: Mapping[str, Service]
    external: frozenset[str]
    nodes: frozenset[str]
    budgets: frozenset[str]
    resources: frozenset[str]
    images: frozenset[str]
    routed: frozenset[str]

    @staticmethod
    def of(scenario: Scenario, stacks: Sequence[Stack]) -> "_Known":
        services: dict[str, Service] = {}
        external, nodes, budgets, resources, images, routed = (set[str]() for _ in range(6))
        for stack in stacks:
            declared = stack.declared
            for name, service in declared.services.items():
                services.setdefault(name, service)
                images.add(service.image)
                if service.routing is not None:
                    routed.add(name)
            images.update(job.image for job in declared.jobs.values())
            external.update(declared.external)
            nodes.update(declared.nodes)
            budgets.update(declared.budgets)
            for kind, section in _SECTIONS.items():
                resources.update(f"{kind}/{name}" for name in getattr(declared, section))
        nodes = set(scenario.nodes) or nodes
        found = (external, nodes, budgets, resources, images, routed)
        return _Known(services, *map(frozenset, found))


@dataclass
class _Names:
    scenario: Scenario
    known: _Known
    root: Map
    report: Report

    def check(self) -> None:
        """Report every name that leads nowhere, and what is asked of nothing."""
        for index, flow in enumerate(self.scenario.traffic):
            path: Path = ("traffic", index, "service")
            if self._service(flow.service, path) and flow.service not in self.known.routed:
                said, at = f"{flow.service} has no routing", locate(self.root, path)
                self.report.add("R619", said, at, severity="warning")
        for index, work in enumerate(self.scenario.work):
            self._service(work.service, ("work", index, "service"))
            service = self.known.services.get(work.service)
            if work.metric and service is not None:
                what = f"metric of {work.service}"
                self._one_of(work.metric, service.metrics, what, ("work", index, "metric"))
        for name, profile in self.scenario.behaviour.items():
            self._service(name, ("behaviour", name), key=True)
            for external in profile.needs:
                path = ("behaviour", name, "needs", external)
                self._one_of(external, self.known.external, "external", path, key=True)
        for index, trouble in enumerate(self.scenario.faults):
            self._trouble(trouble, ("faults", index, "on"))
        for index, text in enumerate(self.scenario.checks):
            self._check(text, ("checks", index))

    def _service(self, name: str, path: Path, *, key: bool = False) -> bool:
        return self._one_of(name, self.known.services, "service", path, key=key)

    def _one_of(
        self, name: str, known: Iterable[str], what: str, path: Path, *, key: bool = False
    ) -> bool:
        names = sorted(known)
        if name in names:
            return True
        hint = nearest(name, names) or (f"there are {listed(names)}" if names else "")
        said = f"{path_text(path)}: the state has no {what} {name!r}"
        if key:
            said = f"the state has no {what} {name!r}"
        self.report.add("R607", said, locate(self.root, path, key=key), hint=hint)
        return False

    def _trouble(self, trouble: Trouble, path: Path) -> None:
        on, strikes = trouble.on, FAULT_KINDS[trouble.kind].strikes
        if strikes == "image":
            if on and not any(fnmatchcase(image, on) for image in self.known.images):
                self._one_of(on, self.known.images, "image", path)
        elif not on or any(mark in on for mark in "*?["):
            self._pattern(trouble, path)
        elif strikes == "node":
            base = on.rstrip("0123456789").rstrip("-/")
            self._one_of(base if base in self.known.nodes else on, self.known.nodes, "node", path)
        elif strikes == "external":
            name = on.removeprefix("external/")
            self._one_of(name, self.known.external, "external", path)
        elif FAULT_KINDS[trouble.kind].takes_on:
            self._resource(on, path)

    def _resource(self, on: str, path: Path) -> None:
        """A resource by its key, or a service by its name alone; steps name instances too."""
        if "/" in on:
            self._one_of(on, self.known.resources, "resource", path)
        elif not any(name in on for name in self.known.services):
            self._service(on, path)

    def _pattern(self, trouble: Trouble, path: Path) -> None:
        if "/" not in trouble.on:
            return
        if not any(fnmatchcase(key, trouble.on) for key in self.known.resources):
            said = f"{path_text(path)}: {trouble.on!r} fits no resource of the state"
            self.report.add("R607", said, locate(self.root, path))

    # -- checks --------------------------------------------------------------------------------

    def _check(self, text: str, path: Path) -> None:
        try:
            check = parse(text)
        except CheckError:
            return  # told already
        for term in check.terms:
            if term.metric == BUDGET:
                self._one_of(term.name, self.known.budgets, "budget", path)
            elif not term.name or self._service(term.name, path):
                for lacking in self._lacking(term.metric, term.name):
                    said = f"{text!r}: {lacking}"
                    at = locate(self.root, path)
                    self.report.add("R609", said, at, severity="warning")

    def _lacking(self, metric: str, service: str) -> Iterator[str]:
        needs = METRICS[metric].needs
        whose = f" of {service}" if service else ""
        flows = [f for f in self.scenario.traffic if f.service == service or not service]
        works = [w for w in self.scenario.work if w.service == service or not service]
        if needs == "traffic" and not (flows or works):
            yield f"there is no traffic{whose}"
        elif needs == "sessions" and not any(flow.sessions for flow in flows):
            yield f"there are no sessions{whose}"
        elif needs == "work" and not works:
            yield f"there is no queue of work{whose}"

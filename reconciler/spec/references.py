"""What the parts of a stack say of one another: every name must lead somewhere.

`depends_on` is resolved in the written tree, before validation: after that its keys are
resource keys, ``service/db``, ``job/migrate``, ``external/kafka``, and each keeps its place.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.model.fields import DEFAULT_NETWORK
from reconciler.model.noun import listed
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Job, Service, Workload
from reconciler.model.stack import Declared
from reconciler.spec.merge import listed_names
from reconciler.spec.report import Report, nearest
from reconciler.spec.tree import Map, Path, Seq, entries, locate

Absent = frozenset[ResourceKey]

_KIND_OF = {"services": "service", "jobs": "job", "external": "external"}


def resolve_dependencies(root: Map, report: Report) -> Map:
    """`root` with every `depends_on` keyed by resource."""
    known: dict[str, list[str]] = {}
    for section, kind in _KIND_OF.items():
        for name, _ in entries(root, section):
            known.setdefault(name, []).append(kind)
    whole = root
    for section in ("services", "jobs"):
        made = None
        for name, workload in entries(root, section):
            if not isinstance(workload, Map) or not workload.get("depends_on"):
                continue
            resolved = _resolved(workload["depends_on"], (section, name), known, report)
            if resolved is not None:
                made = root[section].copy() if made is None else made
                made[name] = workload.copy()
                made[name]["depends_on"] = resolved
        if made is not None:
            whole = whole.copy()
            whole[section] = made
    return whole


def _resolved(
    written: Any, path: Path, known: Mapping[str, list[str]], report: Report
) -> Map | None:
    """The dependencies of one workload; None where they are for the validator to refuse."""
    names = listed_names(written) if isinstance(written, Seq) else written
    if not isinstance(names, Map):
        return None
    made = Map(names.at)
    for text, condition in names.items():
        at = names.key_at(text)
        key = _resource(text, known, at, report)
        if key is None:
            continue
        if key in made:
            report.add("R151", f"{'.'.join(map(str, path))}: {key} is named twice", at)
            continue
        if isinstance(written, Seq) and key.startswith("job/"):
            condition = "completed"
        _check_condition(key, condition, names.value_at(text), report)
        made.put(key, condition, names.marks[text])
    return made


def _resource(text: str, known: Mapping[str, list[str]], at: int, report: Report) -> str | None:
    """The resource that a name in `depends_on` means."""
    kind, mark, name = text.partition("/")
    if mark:
        if name in known and kind in known[name]:
            return text
        if kind in _KIND_OF.values():
            close = nearest(text, [f"{k}/{n}" for n, kinds in known.items() for k in kinds])
            report.add("R150", f"there is no {text} to depend on", at, hint=close)
        else:
            hint = "depend on a service, a job or an external; other resources come by their use"
            report.add("R150", f"{text!r} is nothing to depend on", at, hint=hint)
        return None
    kinds = known.get(text, [])
    if len(kinds) == 1:
        return f"{kinds[0]}/{text}"
    if kinds:
        choices = [f"{k}/{text}" for k in kinds]
        report.add("R151", f"{text!r} could be {listed(choices)}", at, hint=f"write {choices[0]}")
    else:
        said = f"there is no service, job or external {text!r} to depend on"
        report.add("R150", said, at, hint=nearest(text, known))
    return None


def _check_condition(key: str, condition: Any, at: int, report: Report) -> None:
    if key.startswith("job/"):
        if condition in ("started", "healthy"):
            said = f"{key} cannot be waited for as {condition!r}: a job runs to completion"
            report.add("R152", said, at, hint="write completed")
    elif condition == "completed":
        said = f"{key} never completes: only a job does"
        report.add("R152", said, at, hint="write healthy or started")


def check_references(
    declared: Declared, root: Map, report: Report, absent: Absent = frozenset()
) -> None:
    """Report names of networks, volumes, configs and so on that lead nowhere.

    What is `absent` is written, and could not be read.
    """
    check = _Check(declared, root, report, absent)
    for section, name, workload in _workloads(declared):
        check.workload(workload, (section, name))
    for when in ("before", "after"):
        for index, job in enumerate(getattr(declared.hooks, when)):
            check.name("job", job, declared.jobs, ("hooks", when, index))
    for host, registry in declared.registries.items():
        account = ("registries", host, "password")
        check.name("secret", registry.password, declared.secrets, account)
    for name, budget in declared.budgets.items():
        path = ("budgets", name)
        for index, term in enumerate(budget.terms):
            at = (*path, "terms", index, "service")
            check.name("service", term.service, declared.services, at)
        if budget.external:
            check.name("external", budget.external, declared.external, (*path, "external"))
            external = declared.external.get(budget.external)
            if external is not None and budget.limit_name not in external.limits:
                said = f"the external {budget.external} has no limit {budget.limit_name!r}"
                check.missing(said, budget.limit_name, external.limits, (*path, "limit_name"))
    for section in ("containers", "volumes", "networks"):
        targets = declared.services if section == "containers" else getattr(declared, section)
        for name, target in getattr(declared.adopt, section).items():
            kind = "service" if section == "containers" else section.removesuffix("s")
            known = {*targets, DEFAULT_NETWORK} if section == "networks" else targets
            check.name(kind, target, known, ("adopt", section, name))


def _workloads(declared: Declared) -> Iterator[tuple[str, str, Service | Job]]:
    for name, service in declared.services.items():
        yield "services", name, service
    for name, job in declared.jobs.items():
        yield "jobs", name, job


class _Check:
    def __init__(self, declared: Declared, root: Map, report: Report, absent: Absent) -> None:
        self.declared, self.root, self.report, self.absent = declared, root, report, absent
        self.networks = {*declared.networks, DEFAULT_NETWORK}

    def missing(self, said: str, name: str, known: Iterable[str], path: Path) -> None:
        hint = nearest(name, known)
        self.report.add("R150", said, locate(self.root, path), hint=hint)

    def name(self, kind: str, name: str, known: Iterable[str], path: Path) -> None:
        if name not in known and (kind, name) not in self.absent:
            self.missing(f"there is no {kind} {name!r}", name, known, path)

    def workload(self, workload: Workload, path: Path) -> None:
        declared = self.declared
        for index, network in enumerate(workload.networks):
            self.name("network", network, self.networks, (*path, "networks", index))
        for index, mount in enumerate(workload.volumes):
            if not mount.is_host_path:
                self.name("volume", mount.source, declared.volumes, (*path, "volumes", index))
        for index, config in enumerate(workload.configs):
            self.name("config", config.source, declared.configs, (*path, "configs", index))
        for index, secret in enumerate(workload.secrets):
            self.name("secret", secret.source, declared.secrets, (*path, "secrets", index))
        for variable, value in workload.environment.items():
            at = (*path, "environment", variable)
            if value.config is not None:
                self.name("config", value.config, declared.configs, (*at, "config"))
            if value.secret is not None:
                self.name("secret", value.secret, declared.secrets, (*at, "secret"))
        if isinstance(workload, Service):
            self.service(workload, path)

    def service(self, service: Service, path: Path) -> None:
        routing = service.routing
        if routing is not None and routing.zone is not None:
            self.name("zone", routing.zone, self.declared.zones, (*path, "routing", "zone"))
        if routing is not None and routing.forward_auth is not None:
            at = (*path, "routing", "forward_auth", "service")
            self.name("service", routing.forward_auth.service, self.declared.services, at)
        for index, monitor in enumerate(service.monitors):
            self.name("metric", monitor.metric, service.metrics, (*path, "monitors", index))
        for index, target in enumerate(service.autoscale.metrics if service.autoscale else ()):
            at = (*path, "autoscale", "metrics", index)
            self.name("metric", target.name, service.metrics, at)

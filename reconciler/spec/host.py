"""Variables of the reconciler's own environment, passed on to what asks for them."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.model.container import EnvValue, HostEnvironment
from reconciler.model.service import Job, Service
from reconciler.model.stack import Declared, Secret
from reconciler.spec.report import Report
from reconciler.spec.tree import Map, Path, locate

W = TypeVar("W", Service, Job)


@dataclass
class Forwarding:
    """Makes host variables entries of `environment`, workload by workload.

    `declared` is the stack with them; `places` says where each made thing was asked for.
    """

    declared: Declared
    env: Mapping[str, str]
    root: Map
    report: Report
    places: dict[Path, int] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)

    def forward(self) -> None:
        """Secret variables become references to secrets named ``host.NAME``.

        What a workload writes itself wins over what is passed on.
        """
        declared = self.declared
        services = {
            name: self._workload(service, "services", name)
            for name, service in declared.services.items()
        }
        jobs = {name: self._workload(job, "jobs", name) for name, job in declared.jobs.items()}
        self.declared = dataclasses.replace(
            declared, services=services, jobs=jobs, secrets={**self.secrets, **declared.secrets}
        )

    def _workload(self, workload: W, section: str, name: str) -> W:
        host = workload.host_environment
        if host is None:
            return workload
        at = locate(self.root, (section, name, "host_environment"), key=True)
        environment = dict(workload.environment)
        for target, source in self._passed(host, (section, name), at).items():
            if target in environment:
                continue
            self.places[section, name, "environment", target] = at
            environment[target] = self._value(host, source, at)
        return dataclasses.replace(workload, environment=environment)

    def _value(self, host: HostEnvironment, source: str, at: int) -> EnvValue:
        if not host.secret:
            return EnvValue(value=self.env[source])
        secret = f"host.{source}"
        self.secrets.setdefault(secret, Secret(env=source))
        self.places.setdefault(("secrets", secret), at)
        return EnvValue(secret=secret)

    def _passed(self, host: HostEnvironment, path: Path, at: int) -> dict[str, str]:
        """New name → host name of every variable that is passed on."""
        made: dict[str, str] = {}
        for name in sorted(self.env):
            if not is_passed(host, name):
                continue
            target = host.rename.get(name, name)
            if target in made:
                said = f"the host variables {made[target]} and {name} would both become {target}"
                self.report.add("R173", said, at)
            made.setdefault(target, name)
        for name in host.rename:
            if not is_passed(host, name):
                there = locate(self.root, (*path, "host_environment", "rename", name), key=True)
                said = f"{name} is renamed and not passed on"
                self.report.add("R174", said, there, severity="warning")
        return made


def is_passed(host: HostEnvironment, name: str) -> bool:
    """Whether a host variable is passed on: some prefix allows it and none denies it."""
    return name.startswith(host.allow) and not name.startswith(host.deny)


def check_required(declared: Declared, root: Map, report: Report, *, resolve: bool) -> None:
    """Report variables that a workload requires and that it lacks, or that differ."""
    sections: tuple[tuple[str, Mapping[str, Service | Job]], ...] = (
        ("services", declared.services), ("jobs", declared.jobs)
    )  # fmt: skip
    for section, workloads in sections:
        for name, workload in workloads.items():
            for variable, wanted in workload.require.items():
                at = locate(root, (section, name, "require", variable))
                _check(workload, variable, wanted, f"{section}.{name}", at, report, resolve)


def _check(
    workload: Service | Job, variable: str, wanted: str | None, where: str, at: int,
    report: Report, resolve: bool,
) -> None:  # fmt: skip
    found = workload.environment.get(variable)
    if found is None:
        host = workload.host_environment
        if not resolve and host is not None and _may_come(host, variable):
            return
        report.add("R170", f"{where}: the required variable {variable} is not set", at)
    elif wanted is None:
        return
    elif found.config is not None or found.secret is not None:
        kind = "secret" if found.secret is not None else "config"
        report.add(
            "R172", f"{where}: {variable} comes from a {kind} and cannot be compared with a value",
            at,
        )  # fmt: skip
    elif found.value != wanted:
        report.add("R171", f"{where}: {variable} is set, but not to {wanted!r}", at)


def _may_come(host: HostEnvironment, variable: str) -> bool:
    """Whether the host could pass it on, were it set there."""
    sources = [old for old, new in host.rename.items() if new == variable] or [variable]
    return any(is_passed(host, source) for source in sources)

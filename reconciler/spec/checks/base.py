"""What a check is, and what several of them count with."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from reconciler.model.diagnostic import Severity
from reconciler.model.lifecycle import Probe
from reconciler.model.service import Job, Service
from reconciler.model.stack import Stack
from reconciler.model.units import amount_of

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a check fires. Without a `hint` of its own it gets the check's fix."""

    path: Path
    summary: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What people are told of a code: it never changes its meaning, and is never used again.

    `why` says what goes wrong, and why the severity is what it is: an error for what cannot
    work or surely loses data, requests or sessions, a warning for the rest. `source` names
    where a rule that comes from elsewhere can be read.
    """

    code: str
    title: str
    severity: Severity
    why: str
    fix: str
    source: str = ""

    @property
    def detail(self) -> str:
        """The reason with its source."""
        return f"{self.why} Source: {self.source}." if self.source else self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Rule):
    """A rule and the pure function that finds where a stack breaks it.

    `find` passes over the services once: a stack may have tens of thousands of them.
    """

    find: Callable[[Stack], Iterable[Finding]]


def workloads(stack: Stack) -> Iterator[tuple[str, str, Service | Job]]:
    """The section, the name and the workload of each service and job."""
    for name, service in stack.declared.services.items():
        yield "services", name, service
    for name, job in stack.declared.jobs.items():
        yield "jobs", name, job


def called(section: str, name: str) -> str:
    """``services``, ``web`` → ``service/web``, as it is called everywhere else."""
    return f"{section.removesuffix('s')}/{name}"


def most_of(service: Service) -> int:
    """The most instances outside of a rollout: the autoscaler's maximum where it decides."""
    wanted = service.wanted
    return wanted if service.autoscale is None else max(wanted, service.autoscale.max)


def surge_of(service: Service, replicas: int) -> int:
    """The instances that a rollout adds to `replicas`.

    Percentages round up (kubernetes ``deployment_util.go`` ResolveFenceposts). Where two
    cannot stand beside each other (a singleton, a fixed host port) there is no surge.
    """
    rollout = service.rollout
    if replicas == 0 or service.singleton or service.has_fixed_host_port:
        return 0
    if rollout.strategy == "recreate":
        return 0
    if rollout.strategy == "blue-green":
        return replicas
    surge = amount_of(rollout.max_surge, replicas, up=True)
    return surge if rollout.strategy == "rolling" else max(1, surge)


def peak_of(service: Service) -> int:
    """The most instances there can be: the autoscaler's maximum, and the surge upon it."""
    most = most_of(service)
    return most + surge_of(service, most)


def longest_start_ns(probe: Probe) -> int:
    """How long something may take until this probe has failed it: delay + period × failures."""
    return probe.delay + probe.period * probe.failures

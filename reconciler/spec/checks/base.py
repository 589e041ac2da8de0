"""What a check is, and what several of them count with."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from reconciler.model.diagnostic import Severity
from reconciler.model.lifecycle import Probe
from reconciler.model.service import Job, Service
from reconciler.model.stack import Stack

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


def longest_start_ns(probe: Probe) -> int:
    """How long something may take until this probe has failed it: delay + period × failures."""
    return probe.delay + probe.period * probe.failures

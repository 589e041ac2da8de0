"""What can be said of the other services and jobs when some cannot be read.

One mistake must not hide the next: those that do parse are checked as far as that makes no
false finding. What a broken one is named by is no name that leads nowhere.
"""

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from pydantic_core import ValidationError

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.resource import Kind, ResourceKey
from reconciler.model.service import Service, Workload
from reconciler.model.stack import Budget, Declared, Positions, Stack
from reconciler.spec.core import validator
from reconciler.spec.references import Absent, check_references
from reconciler.spec.report import Report
from reconciler.spec.tree import Map
from reconciler.spec.wellformed import check_well_formed

T = TypeVar("T")

_SECTIONS: Mapping[str, Kind] = {"services": "service", "jobs": "job"}
_NO_BUDGETS: Mapping[str, Budget] = {}


def check_rest(root: Map, positions: Positions, report: Report) -> None:
    """Report what is wrong with what parses in a tree that does not parse whole."""
    broken = _broken(root)
    if not broken:
        return
    rest = root
    for section, name in broken:
        rest = rest.copy()
        rest[section] = rest[section].without(name)
    try:
        declared: Declared = validator(Declared).validate_python(rest)
    except ValidationError:
        return
    before = len(report.errors)
    absent = frozenset(ResourceKey(_SECTIONS[s], name) for s, name in broken)
    check_well_formed(declared, rest, report)
    check_references(declared, rest, report, absent)
    if len(report.errors) == before:
        report.found += _checked(declared, absent, positions)


def _broken(root: Map) -> list[tuple[str, str]]:
    """The services and jobs that do not parse; none where something else does not either."""
    try:
        validator(Declared).validate_python(root)
    except ValidationError as error:
        found = {tuple(mistake["loc"][:2]) for mistake in error.errors(include_url=False)}
    else:
        return []
    if any(len(path) < 2 or path[0] not in _SECTIONS for path in found):
        return []
    return sorted((str(section), str(name)) for section, name in found)


def _checked(declared: Declared, absent: Absent, positions: Positions) -> list[Diagnostic]:
    """What the checks say of services and jobs that have to do with none that is absent.

    Sums over services would be too small, and a waiver may be for what is not there: of
    such nothing is said.
    """
    from reconciler.spec.checks.table import CHECKS
    from reconciler.spec.checks.waivers import told

    out = set(absent)
    while more := {
        key for key, needs in _needs(declared).items() if key not in out and needs & out
    }:
        out |= more
    kept = dataclasses.replace(
        declared,
        services=_without(declared.services, "service", out),
        jobs=_without(declared.jobs, "job", out),
        budgets=_NO_BUDGETS,
    )
    stack = Stack(kept, positions)
    return [
        told(stack, each, finding)
        for each in CHECKS
        for finding in each.find(stack)
        if finding.path[0] in _SECTIONS
    ]


def _without(section: Mapping[str, T], kind: str, out: set[ResourceKey]) -> dict[str, T]:
    return {name: one for name, one in section.items() if (kind, name) not in out}


def _needs(declared: Declared) -> dict[ResourceKey, set[ResourceKey]]:
    made: dict[ResourceKey, set[ResourceKey]] = {}
    for job, found in declared.jobs.items():
        made[ResourceKey("job", job)] = _needs_of(found)
    for name, service in declared.services.items():
        made[ResourceKey("service", name)] = _needs_of(service)
    return made


def _needs_of(workload: Workload) -> set[ResourceKey]:
    made = {ResourceKey.parse(text) for text in workload.depends_on}
    if isinstance(workload, Service) and workload.routing and workload.routing.forward_auth:
        made.add(ResourceKey("service", workload.routing.forward_auth.service))
    return made

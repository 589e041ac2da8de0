"""Checks of budgets: sums over services against a limit."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from reconciler.model.peak import draining_of, most_of, peak_of, surge_of
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.spec.checks.base import Check, Finding

SHOWN_TERMS = 5


@dataclass(frozen=True, slots=True)
class _Sum:
    """What a budget comes to, and how: without and with what still drains in a rollout."""

    name: str
    limit: float
    total: float
    drained: float
    told: str
    told_drained: str


def _sums(stack: Stack) -> Iterator[_Sum]:
    services = stack.declared.services
    for name, budget in stack.declared.budgets.items():
        limit = stack.declared.limit_of(budget)
        if limit is None:
            continue
        total, drained = 0.0, 0.0
        told: tuple[list[str], list[str]] = [], []
        for term in budget.terms:
            service = services.get(term.service)
            if service is None or None in term.factors.values():
                continue
            each = prod(factor for factor in term.factors.values() if factor is not None)
            draining = draining_of(service, most_of(service))
            total += peak_of(service) * each
            drained += (peak_of(service) + draining) * each
            told[0].append(f"{term.service} {_instances(service)} × {each:g}")
            told[1].append(f"{term.service} {_instances(service, draining)} × {each:g}")
        yield _Sum(name, limit, total, drained, _listed(told[0]), _listed(told[1]))


def _listed(told: list[str]) -> str:
    more = f" + {len(told) - SHOWN_TERMS} more" if len(told) > SHOWN_TERMS else ""
    return f"{' + '.join(told[:SHOWN_TERMS])}{more}"


def _over_budget(stack: Stack) -> Iterator[Finding]:
    for each in _sums(stack):
        if each.total > each.limit:
            more = ""
            if each.drained > each.total:
                more = f"; with what still drains {each.drained:g}"
            yield Finding(
                ("budgets", each.name),
                f"budget {each.name} comes to {each.total:g} of {each.limit:g}: {each.told}{more}",
            )


def _over_while_draining(stack: Stack) -> Iterator[Finding]:
    for each in _sums(stack):
        if each.total <= each.limit < each.drained:
            yield Finding(
                ("budgets", each.name),
                f"budget {each.name} comes to {each.total:g} of {each.limit:g}, and to "
                f"{each.drained:g} with what still drains: {each.told_drained}",
            )


def _instances(service: Service, draining: int = 0) -> str:
    """``(4 + 1 surge + 3 draining)``, ``10`` …"""
    most = most_of(service)
    surge = surge_of(service, most)
    parts = [str(most), *([f"{surge} surge"] if surge else [])]
    parts += [f"{draining} draining"] if draining else []
    return f"({' + '.join(parts)})" if len(parts) > 1 else parts[0]


def _unbounded(stack: Stack) -> Iterator[Finding]:
    for name, budget in stack.declared.budgets.items():
        for index, term in enumerate(budget.terms):
            for factor, value in term.factors.items():
                if value is None:
                    yield Finding(
                        ("budgets", name, "terms", index, "factors", factor),
                        f"budget {name}: {factor!r} of service/{term.service} has no value, so "
                        "its share is unbounded",
                    )


CHECKS = (
    Check(
        code="R255",
        title="A budget can be exceeded.",
        severity="error",
        why="The sum over services of instances × factors, with the surge of a rollout and the "
        "autoscaler's maximum, is more than the limit: connections are then refused, first of "
        "all while something is changed.",
        fix="lower replicas, surge, autoscale.max or a factor, or raise the limit",
        find=_over_budget,
    ),
    Check(
        code="R262",
        title="A budget can be exceeded by what still drains.",
        severity="warning",
        why="An instance that was told to end does not count against the surge and holds its "
        "connections until it has ended. Where successors are ready sooner than the old have "
        "drained, up to twice the replicas are there at once. How many that are in truth "
        "depends on how fast the app starts and drains; a rehearsal shows it.",
        fix="raise rollout.min_ready towards the drain, shorten the drain, or lower a factor",
        source="KEP-3973, terminating pods come on top of replicas and surge",
        find=_over_while_draining,
    ),
    Check(
        code="R256",
        title="A factor of a budget has no value.",
        severity="warning",
        why="What is not set is not bounded, so that the budget promises nothing.",
        fix="set the value in the service, and here",
        find=_unbounded,
    ),
)

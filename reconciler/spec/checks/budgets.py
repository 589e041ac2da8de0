"""Checks of budgets: sums over services against a limit."""

from collections.abc import Iterator
from math import prod

from reconciler.model.service import Service
from reconciler.model.stack import Budget, Stack
from reconciler.spec.checks.base import Check, Finding, most_of, peak_of, surge_of

SHOWN_TERMS = 5


def _limit_of(stack: Stack, budget: Budget) -> float | None:
    """The limit of a budget; None when its external has none, which reading reports."""
    external = stack.declared.external.get(budget.external)
    return budget.limit if external is None else external.limits.get(budget.limit_name)


def _over_budget(stack: Stack) -> Iterator[Finding]:
    services = stack.declared.services
    for name, budget in stack.declared.budgets.items():
        limit = _limit_of(stack, budget)
        if limit is None:
            continue
        total, told = 0.0, []
        for term in budget.terms:
            service = services.get(term.service)
            if service is None or None in term.factors.values():
                continue
            each = prod(factor for factor in term.factors.values() if factor is not None)
            total += peak_of(service) * each
            told.append(f"{term.service} {_instances(service)} × {each:g}")
        if total > limit:
            more = f" + {len(told) - SHOWN_TERMS} more" if len(told) > SHOWN_TERMS else ""
            yield Finding(
                ("budgets", name),
                f"budget {name} comes to {total:g} of {limit:g}: "
                f"{' + '.join(told[:SHOWN_TERMS])}{more}",
            )


def _instances(service: Service) -> str:
    """``(4 + 1 surge)``, ``10`` …"""
    most = most_of(service)
    surge = surge_of(service, most)
    return f"({most} + {surge} surge)" if surge else str(most)


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
        code="R256",
        title="A factor of a budget has no value.",
        severity="warning",
        why="What is not set is not bounded, so that the budget promises nothing.",
        fix="set the value in the service, and here",
        find=_unbounded,
    ),
)

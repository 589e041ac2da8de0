"""Checks of a scenario: ``p99(web) <= 400ms``, read once and put to every run.

    dropped <= 0                  a number of the run, a comparison, a bound
    dropped(web) <= 5             the same of one service
    p99 <= 400ms                  durations with a unit, shares in percent
    arrivals == served            a bound may be another number of the same unit
    converged within 5m           after the last change, and whenever something ceased to be so
    not converged

Without a service a number is the sum over services, or the worst of them: `METRICS` says
which. What a run does not have (a latency where nothing was served) fulfils no bound: a check
that measured nothing must not be green.
"""

import difflib
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.model.measures import METRICS, Over, Unit
from reconciler.model.noun import listed
from reconciler.model.rehearsal import CheckResult, Run
from reconciler.model.units import format_duration, parse_duration_ns

BUDGET = "budget"  # most use of a budget of the stack, in percent of its limit; takes its name


class CheckError(ValueError):
    """The text is no check; `hint` says what to write instead, where that is known."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Term:
    """A number of a run: a metric, of a service or (empty) of all; or a budget's use."""

    metric: str
    name: str = ""

    @property
    def unit(self) -> Unit:
        """What it is counted in."""
        return "percent" if self.metric == BUDGET else METRICS[self.metric].unit


@dataclass(frozen=True, slots=True)
class Bound:
    """A number that is written: a count, ns, or percent."""

    value: float
    unit: Unit


@dataclass(frozen=True, slots=True)
class Check:
    """A check that was read. With `left` None it is about convergence.

    `within_ns` is the most that it may take, None sets no bound; `wanted` is False for
    ``not converged``.
    """

    text: str
    left: Term | None = None
    comparison: str = "<="
    right: Term | Bound | None = None
    within_ns: int | None = None
    wanted: bool = True

    @property
    def terms(self) -> tuple[Term, ...]:
        """The numbers of the run that it asks for."""
        return tuple(side for side in (self.left, self.right) if isinstance(side, Term))


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_SPELT = {"≤": "<=", "≥": ">=", "≠": "!=", "=<": "<=", "=>": ">="}
_COMPARISON = re.compile(r"(.*?)\s*(<=|>=|==|!=|=<|=>|≤|≥|≠|<|>|=)\s*(.*)", re.DOTALL)
_CONVERGED = re.compile(r"(not\s+)?converged(?:\s+within\s+(.*))?", re.DOTALL)
_TERM = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*(?:\(\s*([^()]*?)\s*\))?")
_NUMBER = re.compile(r"(\d+(?:_\d+)*(?:\.\d+)?)\s*(%?)")
_EXAMPLES = {"count": "100", "duration": "400ms", "percent": "0.1%"}


# -- reading ----------------------------------------------------------------------------------


def parse(text: str) -> Check:
    """The check that `text` says. CheckError where it says none."""
    said = text.strip()
    if match := _CONVERGED.fullmatch(said):
        return _convergence(text, bool(match[1]), match[2])
    match = _COMPARISON.fullmatch(said)
    if match is None:
        name = said.partition("(")[0].partition(" ")[0]
        hint = "write a number, a comparison and a bound, like dropped <= 0"
        close = "" if name in METRICS else _nearest(name)
        raise CheckError(f"{_short(text)!r} compares nothing", close or hint)
    left, comparison, right = match[1], _SPELT.get(match[2], match[2]), match[3]
    if comparison == "=":
        raise CheckError(f"{_short(text)!r}: `=` is no comparison", "write ==")
    term = _term(left)
    bound = _bound(right, term)
    return Check(text, term, comparison, bound)


def _convergence(text: str, negated: bool, within: str | None) -> Check:
    if within is None:
        return Check(text, wanted=not negated)
    if negated:
        raise CheckError(
            "`not converged` takes no time", "write not converged, or converged within 5m"
        )
    try:
        return Check(text, within_ns=parse_duration_ns(within))
    except ValueError as error:
        raise CheckError(str(error), "write converged within 5m") from None


def _term(text: str) -> Term:
    match = _TERM.fullmatch(text)
    if match is None:
        said = f"{_short(text)!r} is no number of a run" if text else "there is nothing to compare"
        raise CheckError(said, f"known are {listed(sorted(METRICS))}")
    metric, name = match[1], match[2]
    if metric == BUDGET:
        if not name:
            raise CheckError("budget takes a name", "write budget(NAME) <= 90%")
        return Term(metric, name)
    if metric not in METRICS:
        known = f"known are {listed(sorted({*METRICS, BUDGET}))}"
        raise CheckError(f"{_short(metric)!r} is no number of a run", _nearest(metric) or known)
    if name == "":
        raise CheckError(f"{metric}(): the service is missing", f"write {metric} or {metric}(web)")
    return Term(metric, name or "")


def _bound(text: str, left: Term) -> Term | Bound:
    right = _written(text, left)
    if right.unit != left.unit:
        raise CheckError(
            f"{left.metric} is a {left.unit}, and {_short(text)!r} is a {right.unit}",
            f"write it like {left.metric} <= {_EXAMPLES[left.unit]}",
        )
    return right


def _written(text: str, left: Term) -> Term | Bound:
    if number := _NUMBER.fullmatch(text):
        unit: Unit = "percent" if number[2] else "count"
        if number[1] == "0" and not number[2]:
            unit = left.unit  # nothing is nothing in each
        return Bound(float(number[1].replace("_", "")), unit)
    if text[:1].isdigit():
        try:
            return Bound(parse_duration_ns(text), "duration")
        except ValueError:
            pass
    if text[:1].isalpha() or text[:1] == "_":
        return _term(text)
    raise CheckError(
        f"{_short(text)!r} is no bound" if text else "the bound is missing",
        f"write it like {left.metric} <= {_EXAMPLES[left.unit]}",
    )


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, [*sorted(METRICS), BUDGET, "converged"], 1, 0.6)
    return f"did you mean {close[0]!r}?" if close else ""


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


# -- putting it to a run ----------------------------------------------------------------------


def evaluate(check: Check, run: Run) -> CheckResult:
    """Whether `run` fulfils the check, and the value that decided."""
    if check.left is None:
        return _converged(check, run)
    assert check.right is not None
    left = _value(check.left, run)
    written = isinstance(check.right, Bound)
    right = check.right.value if isinstance(check.right, Bound) else _value(check.right, run)
    holds = left is not None and right is not None and _COMPARE[check.comparison](left, right)
    value = _told(left, check.left.unit)
    if not written:
        value += f" and {_told(right, check.right.unit)}"
    return CheckResult(check.text, holds, value, _beyond(check.comparison, left, right))


def _beyond(comparison: str, left: float | None, right: float | None) -> float:
    """How far a number is on the wrong side of its bound; one that was not measured, furthest."""
    if left is None or right is None:
        return math.inf
    if comparison in ("<=", "<"):
        return left - right
    if comparison in (">=", ">"):
        return right - left
    return abs(left - right) if comparison == "==" else -abs(left - right)


def _converged(check: Check, run: Run) -> CheckResult:
    took = run.converged_ns
    if took is None:
        beyond = math.inf if check.wanted else -math.inf
        return CheckResult(check.text, not check.wanted, "did not converge", beyond)
    in_time = check.within_ns is None or took <= check.within_ns
    value = f"after {format_duration(_rounded(took))}"
    return CheckResult(check.text, check.wanted and in_time, value, took - (check.within_ns or 0))


def _value(term: Term, run: Run) -> float | None:
    """The number, None where the run has none."""
    if term.metric == BUDGET:
        return _budget(term.name, run)
    metric = METRICS[term.metric]
    chosen = [each for each in run.services if not term.name or each.service == term.name]
    if metric.over == "share":
        arrivals = sum(each.arrivals for each in chosen)
        return 100 * sum(each.dropped_total for each in chosen) / arrivals if arrivals else None
    if metric.over == "smallest" and not term.name:
        chosen = [each for each in chosen if each.arrivals or each.sessions_begun] or chosen
    return _together(metric.over, [metric.of(each) for each in chosen])


def _together(over: Over, found: Sequence[float | None]) -> float | None:
    values = [value for value in found if value is not None]
    if not values:
        return None
    if over == "sum":
        return sum(values)
    return max(values) if over == "largest" else min(values)


def _budget(name: str, run: Run) -> float | None:
    if name not in run.budgets:
        return None
    used, limit = run.budgets[name]
    return 100 * used / limit if limit else None


def _told(value: float | None, unit: Unit) -> str:
    if value is None:
        return "nothing measured"
    if unit == "duration":
        return format_duration(_rounded(int(value)))
    if unit == "percent":
        return f"{value:.3g}%"
    return f"{value:g}" if value != int(value) else f"{int(value)}"


def _rounded(ns: int) -> int:
    """To three digits or so: what is above a second in ms, above a millisecond in µs."""
    for least, step in ((1_000_000_000, 1_000_000), (1_000_000, 1_000)):
        if ns >= least:
            return -(-ns // step) * step
    return ns

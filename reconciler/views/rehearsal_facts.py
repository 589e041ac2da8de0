"""What every form of a rehearsal's report tells: numbers as texts, and sums over all runs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.rehearsal import (
    Assumption,
    Cause,
    Figure,
    Origin,
    Report,
)
from reconciler.model.statistics import failing_share_most
from reconciler.model.units import NS_PER_S
from reconciler.views.rehearsal_runs import ranked
from reconciler.views.values import age, counted

NO_FAULT = "none: it fails without them"
ORIGINS: tuple[Origin, ...] = ("assumed", "given", "measured")


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the few numbers that a reader wants first."""

    name: str
    value: str
    note: str
    is_bad: bool


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """One check over all runs. `value` is the worst of all, and that of `seed`."""

    text: str
    failed: int
    runs: int
    value: str
    seed: int

    @property
    def holds(self) -> bool:
        """Whether it holds in every run."""
        return self.failed == 0


def amount(value: float, unit: str) -> str:
    """``1,284``, ``1m52s``, ``312ms``, ``73%``; one decimal where it is no whole number."""
    sign, size = ("−" if value < 0 else ""), abs(value)
    if unit == "s":
        return sign + (f"{size:.1f}s" if size < 60 else age(round(size * NS_PER_S)))
    if unit == "ms":
        return sign + (f"{size:.3g}ms" if size < 1000 else f"{size / 1000:.3g}s")
    number = f"{size:,.0f}" if size == int(size) or size >= 1000 else f"{size:,.1f}"
    return f"{sign}{number}{unit}"


def signed(value: float, unit: str) -> str:
    """A difference: its sign is always told, but for none."""
    text = amount(value, unit)
    return f"+{text}" if value > 0 else text


def interval_text(figure: Figure) -> str:
    """``28.1 to 36.4``: where the mean over all seeds lies, with 95 % confidence."""
    return f"{amount(figure.low, figure.unit)} to {amount(figure.high, figure.unit)}"


def sentence(text: str) -> str:
    """The text as it stands at the beginning of a line."""
    return text[:1].upper() + text[1:]


def when(ns: int) -> str:
    """A time on the axis: ``12.3s``, ``1m05s``."""
    return f"{ns / NS_PER_S:g}s" if ns < 10 * NS_PER_S and ns % NS_PER_S == 0 else _when(ns)


def _when(ns: int) -> str:
    seconds = ns / NS_PER_S
    if seconds < 60:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if minutes >= 60:
        return f"{minutes // 60}h{minutes % 60:02d}m{rest:02d}s"
    return f"{minutes}m{rest:02d}s"


def headlines(report: Report) -> list[Headline]:
    """Dropped, cut, how long it takes, the least capacity against its floor, and p99."""
    by_name = {figure.name: figure for figure in report.figures}
    made = []
    for name in ("requests dropped", "sessions cut"):
        if (figure := by_name.get(name)) is not None:
            made.append(Headline(name, *_most(figure), figure.most > 0))
    made += _convergence(report, by_name.get("time to convergence"))
    made += _capacity(report)
    slowest = max(
        (each for each in report.figures if each.name.endswith(": p99")),
        key=lambda figure: figure.most, default=None,
    )  # fmt: skip
    if slowest is not None:
        name, value = slowest.name.removesuffix(": p99"), _most(slowest)
        made.append(Headline("p99", value[0], f"{name}, {value[1]}", False))
    return made


def _most(figure: Figure) -> tuple[str, str]:
    if figure.least == figure.most:
        return amount(figure.most, figure.unit), "in every run"
    median = amount(figure.median, figure.unit)
    return amount(figure.most, figure.unit), f"at most, median {median}"


def _convergence(report: Report, figure: Figure | None) -> Iterator[Headline]:
    late = sum(run.converged_ns is None for run in report.runs)
    if late or figure is None:
        note = f"of {counted(len(report.runs), 'run')} did not converge"
        yield Headline("time to convergence", str(late), note, late > 0)
    else:
        yield Headline(figure.name, *_most(figure), False)


def _capacity(report: Report) -> Iterator[Headline]:
    """The service that comes closest to its floor, or falls the furthest below it."""
    services = [service for run in report.runs for service in run.services if service.wanted]
    if services:
        least = min(services, key=lambda s: (s.closest[0] - s.closest[1], -s.arrivals, s.service))
        ready, floor = least.closest
        note = f"{least.service}, floor {floor} of {least.wanted}"
        yield Headline("least ready", str(ready), note, ready < floor)


def checks_of(report: Report) -> list[CheckSummary]:
    """Every check over all runs, those that fail first."""
    texts = dict.fromkeys(check.text for run in report.runs for check in run.checks)
    made = [_check(report, text) for text in texts]
    return sorted(made, key=lambda check: check.holds)


def _check(report: Report, text: str) -> CheckSummary:
    found = [(run, check) for run in ranked(report) for check in run.checks if check.text == text]
    failed = [each for each in found if not each[1].holds]
    run, check = max(failed or found, key=lambda each: each[1].beyond)  # the first of equals
    return CheckSummary(text, len(failed), len(found), check.value, run.seed)


def violations_of(report: Report) -> dict[str, int]:
    """What must never happen and did, with how many runs it happened in."""
    made: dict[str, int] = {}
    for run in report.runs:
        for text in dict.fromkeys(run.violations):
            made[text] = made.get(text, 0) + 1
    return made


def verdicts_of(report: Report) -> dict[str, int]:
    """How runs ended, other than converged, with how many did."""
    made: dict[str, int] = {}
    for run in report.runs:
        if run.verdict != "converged":
            made[run.verdict] = made.get(run.verdict, 0) + 1
    return made


def seeds_of(report: Report, cause: Cause) -> int:
    """In how many runs a cause was found."""
    key = (cause.code, cause.service)
    return sum(any((c.code, c.service) == key for c in run.causes) for run in report.runs)


def since(cause: Cause) -> str:
    """``, first at 1m02s``; nothing where that is not known."""
    return "" if cause.first_ns is None else f", first at {when(cause.first_ns)}"


def lost(cause: Cause) -> str:
    """``24,010 requests, 12 sessions``; or that nothing was dropped for it."""
    parts = [
        f"{count:,} {what}{'s' * (count != 1)}{tail}"
        for count, what, tail in (
            (cause.requests, "request", ""), (cause.sessions, "session", ""),
            (cause.moved, "session", " moved"),
        )
        if count
    ]  # fmt: skip
    return ", ".join(parts) or "nothing dropped"


def budgets_of(report: Report) -> dict[str, tuple[float, float]]:
    """The most that any run used of each budget, and the budget."""
    made: dict[str, tuple[float, float]] = {}
    for run in report.runs:
        for name, (used, limit) in sorted(run.budgets.items()):
            made[name] = max(made.get(name, (used, limit)), (used, limit))
    return made


def by_origin(found: Iterable[Assumption]) -> Mapping[Origin, list[Assumption]]:
    """Assumptions by where they come from, those that nobody vouches for first."""
    every = list(found)
    return {origin: [a for a in every if a.origin == origin] for origin in ORIGINS}


def assumed(report: Report) -> str:
    """How much of it nobody vouches for; nothing where somebody does for all."""
    count = len(by_origin(report.assumptions)["assumed"])
    if not count:
        return ""
    return f"{counted(count, 'value')} it rests on {'is' if count == 1 else 'are'} assumed"


def verdict(report: Report) -> str:
    """Whether it holds, in how many runs, and how far that can be believed."""
    runs = len(report.runs)
    if not report.holds:
        failed = sum(not run.holds for run in report.runs)
        checks, never = checks_of(report), len(violations_of(report))
        wrong = sum(not check.holds for check in checks)
        parts = [f"{wrong} of {counted(len(checks), 'check')} not held"] if wrong else []
        parts += [f"{never} that must never happen did"] if never else []
        return f"{' and '.join(parts)}, in {failed} of {counted(runs, 'run')}"
    share = failing_share_most(runs)
    every = f"all checks held in {counted(runs, 'run')}" if checks_of(report) else (
        f"{counted(runs, 'run')} without a check"
    )  # fmt: skip
    return f"{every}; of all that could be, at most {share:.0%} would fail (95% confidence)"

"""A rehearsal for people: whether it holds, what was dropped and why, and what was assumed."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap

from reconciler.model.rehearsal import Cause, Figure, Report
from reconciler.views.lines import Line, Part, Style, indented, line, plain, table
from reconciler.views.rehearsal_facts import (
    NO_FAULT,
    amount,
    assumed,
    budgets_of,
    by_origin,
    checks_of,
    headlines,
    interval_text,
    lost,
    seeds_of,
    since,
    verdict,
    verdicts_of,
    violations_of,
)
from reconciler.views.rehearsal_timeline import timeline_lines
from reconciler.views.values import counted

WIDTH = 100
MOST_CHANGES = 12
_HEADER: Line = tuple(
    (name, "dim") for name in ("FIGURE", "LEAST", "MEDIAN", "P90", "MOST", "MEAN, 95% CONFIDENCE")
)
_P90 = 3  # the column that a narrow terminal does without


def rehearsal_lines(report: Report, *, width: int | None = None) -> list[Line]:
    """The whole report, at most `width` cells wide; the replay command comes last."""
    width = min(width or WIDTH, 2 * WIDTH)
    made = list(_verdict(report, width))
    made += _section("changes", _changes(report))
    runs = counted(len(report.runs), "run")
    made += _section(f"causes, over {runs}", _causes(report, width))
    made += _section(f"faults that seed {report.worst_seed} fails by", fault_lines(report))
    made += _section("faults that never struck", idle_lines(report, width - 2))
    made += _section("figures", _figures(report, width - 2))
    made += _section("checks", _checks(report))
    for origin, found in by_origin(report.assumptions).items():
        rows = [(each.what, each.value) for each in found]
        made += _section(f"values {origin}", _wrapped(rows, width - 2))
    worst = report.worst
    made += [line(), line((f"worst run: seed {worst.seed}, {worst.verdict}", "dim"))]
    made += timeline_lines(worst, width=width)
    made += _section("budgets", _budgets(report))
    if report.replay:
        made += [line(), line("replay the worst run: ", (report.replay, "bold"))]
    return made


def _section(title: str, lines: Iterable[Line]) -> Iterator[Line]:
    """Indented below its title; nothing at all where it is empty."""
    found = list(lines)
    if found:
        yield line()
        yield line((title, "dim"))
        yield from indented(found)


def _wrapped(rows: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """A table of two columns that are never cut: both go on below."""
    if not rows:
        return []
    room = max(width - max(len(name) for name, _ in rows) - 2, WIDTH // 3)
    made = []
    for name, text in rows:
        names = wrap(name, max(width - room - 2, WIDTH // 5)) or [""]
        made += [line(*each) for each in zip_longest(names, wrap(text, room), fillvalue="")]
    return table(made)


def _verdict(report: Report, width: int) -> Iterator[Line]:
    word: Part = ("holds", "good") if report.holds else ("does not hold", "bad")
    yield line(word, ": ", (report.title, "bold"))
    for text in wrap(verdict(report), width - 2):
        yield line("  ", text)
    if text := assumed(report):
        yield line("  ", (text, "warn"))
    rows = [
        line(each.name, (each.value, "bad") if each.is_bad else (each.value, "good"), each.note)
        for each in headlines(report)
    ]
    if rows:
        yield line()
        yield from indented(table(rows, width=width - 2))
    for text, count in verdicts_of(report).items():
        yield line("  ", (text, "bad"), f" in {counted(count, 'run')}")


def _changes(report: Report) -> Iterator[Line]:
    for text in report.plan[:MOST_CHANGES]:
        yield line(text)
    if len(report.plan) > MOST_CHANGES:
        yield line((f"and {len(report.plan) - MOST_CHANGES} more", "dim"))


def _figures(report: Report, width: int) -> list[Line]:
    """All figures; without the p90 where there is no room for it: the intervals are not cut."""
    rows = [_HEADER, *map(_figure, report.figures)]
    if any(len(plain(each)) > width for each in table(rows)):
        rows = [row[:_P90] + row[_P90 + 1 :] for row in rows]
    return table(rows, width=width)


def _figure(figure: Figure) -> Line:
    numbers = (figure.least, figure.median, figure.p90, figure.most)
    texts = [amount(number, figure.unit) for number in numbers]
    mean = f"{amount(figure.mean, figure.unit)}  ({interval_text(figure)})"
    if figure.least == figure.most:
        mean = amount(figure.mean, figure.unit)
    return line(figure.name, *texts, mean)


def _checks(report: Report) -> list[Line]:
    rows: list[Line] = [
        line((text, "bold"), ("happened", "bad"), f"never may; in {counted(count, 'run')}")
        for text, count in violations_of(report).items()
    ]
    for check in checks_of(report):
        word: tuple[str, Style] = ("holds", "good") if check.holds else ("fails", "bad")
        note = f"{check.value}, seed {check.seed}"
        if not check.holds:
            note += f"; fails in {check.failed} of {counted(check.runs, 'run')}"
        rows.append(line((check.text, "bold"), word, note))
    return table(rows) if rows else []


def fault_lines(report: Report) -> list[Line]:
    """What is left of the faults of the worst run when those that do not matter are gone."""
    if report.faults is None:
        return []
    return [line(text) for text in report.faults] or [line((NO_FAULT, "dim"))]


def idle_lines(report: Report, width: int) -> list[Line]:
    """The faults that struck in no run."""
    return [line((piece, "warn")) for text in report.idle for piece in wrap(text, width)]


def _causes(report: Report, width: int) -> Iterator[Line]:
    for cause in report.causes:
        yield from cause_lines(cause, width - 2, f", in {_runs(report, cause)}")


def _runs(report: Report, cause: Cause) -> str:
    return f"{seeds_of(report, cause)} of {counted(len(report.runs), 'run')}"


def cause_lines(cause: Cause, width: int, tail: str = "") -> Iterator[Line]:
    """What was dropped, the field to blame with its place, why, and the fix."""
    name = f"service/{cause.service}" if cause.service else "all services"
    yield line(
        (cause.code, "bad"), " ", (name, "bold"),
        f"  {lost(cause)}{tail}{since(cause)}",
    )  # fmt: skip
    place = "" if cause.position is None else str(cause.position)
    if place or cause.path:
        yield line("     ", ("--> ", "dim"), f"{place}  {cause.path}".strip())
    for label, text in (("why", cause.text), ("fix", cause.fix)):
        for number, piece in enumerate(wrap(text, max(width - 10, 30))):
            mark = f"{label}: " if number == 0 else "     "
            yield line("     ", (mark, "dim"), piece)


def _budgets(report: Report) -> list[Line]:
    rows: list[Line] = []
    for name, (used, limit) in budgets_of(report).items():
        share = f"{used / limit:.0%}" if limit else ""
        style: Style = "bad" if used > limit else "good"
        rows.append(line(name, (f"{used:g} of {limit:g}", style), share))
    return table(rows) if rows else []

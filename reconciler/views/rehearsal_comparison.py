"""Two rehearsals side by side: for people and for machines."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from reconciler.model.comparison import (
    CauseChange,
    Comparison,
    Difference,
    Judgement,
    Verdict,
    compare,
)
from reconciler.model.rehearsal import Figure, Report
from reconciler.views.documents import Document, document
from reconciler.views.lines import Line, Part, Style, indented, line, table
from reconciler.views.rehearsal import WIDTH, cause_lines, fault_lines, idle_lines
from reconciler.views.rehearsal_document import cause_document, check_document, figure_document
from reconciler.views.rehearsal_facts import amount, checks_of, interval_text, lost, signed, verdict
from reconciler.views.values import counted

STYLE: dict[Judgement, Style] = {
    "better": "good", "worse": "bad", "same": "dim", "different": "change", "unclear": "warn",
}  # fmt: skip
WORDS: dict[Verdict, str] = {
    "better": "better", "worse": "worse", "mixed": "better and worse",
    "none": "no difference that shows",
}  # fmt: skip
WORD_STYLE: dict[Verdict, Style] = {
    "better": "good",
    "worse": "bad",
    "mixed": "warn",
    "none": "dim",
}
SURE: tuple[Judgement, Judgement] = ("better", "worse")
MOST_TOLD = 4  # figures in the verdict
_HEADER: Line = tuple(
    (name, "dim")
    for name in ("FIGURE", "BEFORE", "AFTER", "DIFFERENCE, 95% CONFIDENCE", "INTERVALS", "SO IT IS")
)


def comparison_lines(before: Report, after: Report, *, width: int | None = None) -> list[Line]:
    """What the second report has better or worse than the first."""
    width = min(width or WIDTH, 2 * WIDTH)
    made = compare(before, after)
    word = verdict_word(made)
    style: Style = WORD_STYLE[made.verdict]
    lines = [line((word, style))]
    lines += [line("  ", piece) for text in verdict_texts(made) for piece in wrap(text, width - 2)]
    lines += [line(), *_verdict("before", before, width), *_verdict("after", after, width)]
    lines += [line(), line((paired_text(made), "dim"))]
    rows = [_row(each) for each in made.differences]
    lines += indented(table([_HEADER, *rows], width=width - 2))
    checks = list(_checks(made))
    if checks:
        lines += [line(), line(("checks", "dim")), *indented(table(checks))]
    for change in made.causes:
        lines += [line(), *_cause(change, width)]
    for name, report in (("before", before), ("after", after)):
        if report.faults is not None:
            lines += [
                line(),
                line((f"faults that seed {report.worst_seed} fails by, {name}", "dim")),
            ]
            lines += indented(fault_lines(report))
    for name, report in (("before", before), ("after", after)):
        if report.idle:
            lines += [line(), line((f"faults that never struck, {name}", "dim"))]
            lines += indented(idle_lines(report, width - 2))
    for name, report in (("before", before), ("after", after)):
        if report.replay:
            lines += [line(), line(f"replay the worst run {name}: ", (report.replay, "bold"))]
    return lines


def verdict_word(made: Comparison) -> str:
    """The verdict in a word or a few."""
    return WORDS[made.verdict]


def verdict_texts(made: Comparison) -> list[str]:
    """What the verdict rests on: checks, and the figures that differ for sure."""
    texts = []
    if made.before.holds != made.after.holds:
        texts.append("the checks hold after, and did not before" if made.after.holds
                     else "the checks held before, and do not after")  # fmt: skip
    for word in SURE:
        found = made.of(word)
        told = [f"{each.name} {difference_text(each)}" for each in found[:MOST_TOLD]]
        more = [f"{len(found) - MOST_TOLD} more"] if len(found) > MOST_TOLD else []
        if told:
            texts.append(f"{word}: {', '.join([*told, *more])}")
    if not texts and len(made.seeds) == 1:
        texts.append("one seed says nothing of how sure a difference is: run more")
    return texts


def paired_text(made: Comparison) -> str:
    """What differences are judged by."""
    if not made.seeds:
        return "no seed is in both: means are compared by their intervals alone"
    seeds = counted(len(made.seeds), "seed")
    return f"means over {seeds}, each with the same random numbers in both"


def difference_text(each: Difference) -> str:
    """``−12 (−15.2 to −9.1)``: by pairs where there are any, else from mean to mean."""
    if each.before is None or each.after is None:
        return "only after" if each.before is None else "only before"
    if each.paired is None:
        return signed(each.after.mean - each.before.mean, each.unit)
    text = signed(each.paired.mean, each.unit)
    if each.paired.least == each.paired.most:
        return text
    low, high = signed(each.paired.low, each.unit), signed(each.paired.high, each.unit)
    return f"{text} ({low} to {high})"


def overlap_text(each: Difference) -> str:
    """Whether the intervals of the two means overlap."""
    if each.before is None or each.after is None:
        return ""
    return "overlap" if each.overlap else "apart"


def mean_text(figure: Figure | None) -> str:
    """``12.4 (10.1 to 14.7)``."""
    if figure is None:
        return "–"
    mean = amount(figure.mean, figure.unit)
    return mean if figure.least == figure.most else f"{mean} ({interval_text(figure)})"


def comparison_document(before: Report, after: Report) -> Document:
    """Two reports side by side; `paired` is the second less the first, seed by seed."""
    made = compare(before, after)
    return document(
        "comparison",
        verdict=made.verdict,
        before=_report(before),
        after=_report(after),
        seeds=list(made.seeds),
        figures=[_difference(each) for each in made.differences],
        causes=[_cause_change(each) for each in made.causes],
    )


def _verdict(name: str, report: Report, width: int) -> Iterator[Line]:
    word: Part = ("holds", "good") if report.holds else ("does not hold", "bad")
    yield line((f"{name:<8}", "dim"), word, ": ", (report.title, "bold"))
    for text in wrap(verdict(report), width - 8):
        yield line(" " * 8, text)


def _row(each: Difference) -> Line:
    style = STYLE[each.judgement]
    return line(
        each.name, _mean(each.before), _mean(each.after), difference_text(each),
        overlap_text(each), (each.judgement, style),
    )  # fmt: skip


def _mean(figure: Figure | None) -> str:
    return "–" if figure is None else amount(figure.mean, figure.unit)


def _checks(made: Comparison) -> Iterator[Line]:
    """Checks that one of the two fails."""
    first = {check.text: check for check in checks_of(made.before)}
    second = {check.text: check for check in checks_of(made.after)}
    for text in dict.fromkeys((*second, *first)):
        found = [side.get(text) for side in (first, second)]
        if all(check is None or check.holds for check in found):
            continue
        words = [
            "not asked" if check is None else "holds" if check.holds
            else f"fails in {check.failed} of {check.runs}"
            for check in found
        ]  # fmt: skip
        good = found[1] is None or found[1].holds
        yield line((text, "bold"), f"{words[0]} →", (words[1], "good" if good else "bad"))


def _cause(change: CauseChange, width: int) -> Iterator[Line]:
    cause = change.cause
    if change.after is None:
        yield line(
            ("gone ", "good"), (cause.code, "dim"), f" service/{cause.service}  {lost(cause)}"
        )
        return
    before = f", before {lost(change.before)}" if change.before else ""
    word: Part = ("new", "bad") if change.before is None else ("stays", "warn")
    yield line(word)
    yield from indented(cause_lines(change.after, width - 2, before))


def _report(report: Report) -> dict[str, Any]:
    return {
        "title": report.title, "holds": report.holds, "runs": len(report.runs),
        "worst_seed": report.worst_seed, "replay": report.replay or None,
        "checks": [check_document(check) for check in checks_of(report)],
        "faults": None if report.faults is None else list(report.faults),
        "never_struck": list(report.idle),
    }  # fmt: skip


def _difference(each: Difference) -> dict[str, Any]:
    paired = each.paired
    return {
        "name": each.name, "unit": each.unit or None,
        "before": each.before and figure_document(each.before),
        "after": each.after and figure_document(each.after),
        "paired": paired and {
            "seeds": len(paired.by_seed), "mean": paired.mean,
            "confidence95": [paired.low, paired.high],
        },
        "intervals_overlap": each.overlap,
        "judgement": each.judgement,
    }  # fmt: skip


def _cause_change(change: CauseChange) -> dict[str, Any]:
    return {
        "what": change.what,
        "before": change.before and cause_document(change.before),
        "after": change.after and cause_document(change.after),
    }

"""A rehearsal, or two side by side, as a comment on a pull request: GitHub-flavoured Markdown."""

import re
from collections.abc import Iterable, Iterator, Sequence

from reconciler.model.comparison import Comparison, compare
from reconciler.model.rehearsal import Cause, Report
from reconciler.views.lines import rendered, text_of
from reconciler.views.rehearsal_comparison import (
    difference_text,
    mean_text,
    overlap_text,
    paired_text,
    verdict_texts,
    verdict_word,
)
from reconciler.views.rehearsal_facts import (
    NO_FAULT,
    amount,
    budgets_of,
    by_origin,
    checks_of,
    headlines,
    interval_text,
    lost,
    seeds_of,
    sentence,
    verdict,
    verdicts_of,
    violations_of,
)
from reconciler.views.rehearsal_timeline import timeline_lines
from reconciler.views.values import counted

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])")
# Names and numbers of issues become links, and people are called, after all escapes are gone.
_CALLS = re.compile(r"([@#])(?=\w)")
_BEGINS = re.compile(r"^(\s*\d*)([-+=.)])")  # a list, or the line below a heading
_WIDTH = 100
_LONGEST_COMMAND = 4_000
_LONGEST = 2_000  # of a text of a file's, in a comment


MOST = 60_000  # characters; GitHub takes 65,536 in a comment, and counts some of ours twice
_LEFT_OUT = "What does not fit a comment is left out: {}. The page of `--html` has it."


def rehearsal_markdown(report: Report) -> str:
    """Verdict, the few numbers, the causes; everything else folded away."""
    runs = counted(len(report.runs), "run")
    plan = block("\n".join(map(text_of, report.plan))) if report.plan else ""
    return _fitting(
        [_title(report), _headlines(report)],
        [("how runs ended", text) for text in _ended(report)]
        + [("causes", text) for text in _causes(report)]
        + [
            ("faults", _faults(report)), ("faults that never struck", _idle(report)),
            ("checks", folded("Checks", _checks(report))),
            ("figures", folded(f"Figures over {runs}", _figures(report))),
            ("what it rests on", folded(_assumed(report), _assumptions(report))),
            ("budgets", folded("Budgets", _budgets(report))),
            ("what changes", folded("What changes", plan)),
            ("the worst run",
             folded(f"The worst run, seed {report.worst_seed}", _picture(report))),
        ],
        [_replay(report)],
    )  # fmt: skip


def comparison_markdown(before: Report, after: Report) -> str:
    """What the second has better or worse than the first."""
    made = compare(before, after)
    than = f"Compared with {md(before.title)}: {_word(before)}, {verdict(before)}."
    pair = (("before", before), ("after", after))
    return _fitting(
        [_compared(made), _title(after), than],
        [
            ("what is different", f"{sentence(paired_text(made))}:\n\n{_differences(made)}"),
            *(("causes", text) for text in _cause_changes(made)),
            *(("faults", _faults(report, f" {name}")) for name, report in pair),
            *(("faults that never struck", _idle(report, f", {name}")) for name, report in pair),
            ("checks", folded("Checks", _checks(after))),
        ],
        [_replay(after)],
    )


def _replay(report: Report) -> str:
    if len(report.replay) > _LONGEST_COMMAND:
        return f"The worst run is that of seed {report.worst_seed}."
    return f"Replay the worst run: {code(report.replay)}" if report.replay else ""


def _fitting(first: Sequence[str], parts: Sequence[tuple[str, str]], last: Sequence[str]) -> str:
    """All of it, or as many parts as a comment takes, in their order, and what is left out."""
    names = dict.fromkeys(name for name, _ in parts)
    note = _LEFT_OUT.format(", ".join(names))
    room = MOST - sum(len(text) + 2 for text in (*first, *last, note))
    kept, out = [], []
    for name, text in parts:
        if len(text) + 2 <= room:
            kept.append(text)
            room -= len(text) + 2
        else:
            out.append(name)
    told = _LEFT_OUT.format(", ".join(dict.fromkeys(out))) if out else ""
    return "\n\n".join(text for text in (*first, *kept, told, *last) if text) + "\n"


# -- pieces of Markdown -------------------------------------------------------------------------


def md(text: str) -> str:
    """A text that is shown as it is: no markup, no link, nobody called."""
    shown = text_of(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")
    escaped = _CALLS.sub("\\1\u200b", _SPECIAL.sub(r"\\\1", shown))
    return _BEGINS.sub(r"\1\\\2", escaped)


def code(text: str) -> str:
    """A code span; in a table too, where a bar would end the cell."""
    shown = text_of(text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def block(text: str) -> str:
    """A block of text as it is."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(longest + 1, 3)
    return f"{fence}text\n{text}\n{fence}"


def rows(head: Sequence[str], found: Iterable[Sequence[str]]) -> str:
    """A table, of cells that are Markdown already; nothing where it has no row."""
    made = [f"| {' | '.join(cells)} |" for cells in found]
    if not made:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *made])


def folded(title: str, content: str) -> str:
    """Content that opens at a click; nothing where there is none. `title` is our own words."""
    if not content:
        return ""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _strong(text: str, is_bad: bool) -> str:
    return f"**{text}**" if is_bad else text


def _cell(text: str) -> str:
    return code(text).replace("|", "\\|")


# -- a report's parts ---------------------------------------------------------------------------


def _word(report: Report) -> str:
    return "holds" if report.holds else "does not hold"


def _title(report: Report) -> str:
    mark = "✅" if report.holds else "❌"
    return f"### {mark} {md(report.title)} {_word(report)}\n\n{sentence(verdict(report))}"


def _ended(report: Report) -> Iterator[str]:
    for text, count in verdicts_of(report).items():
        yield f"{md(text)} in {counted(count, 'run')}"


def _headlines(report: Report) -> str:
    return rows(
        ["", "", ""],
        [
            (md(each.name), _strong(md(each.value), each.is_bad), md(each.note))
            for each in headlines(report)
        ],
    )


def _causes(report: Report) -> Iterator[str]:
    runs = counted(len(report.runs), "run")
    for cause in report.causes:
        yield _cause(cause, f", in {seeds_of(report, cause)} of {runs}")


def _cause(cause: Cause, tail: str) -> str:
    name = code(f"service/{cause.service}") if cause.service else "all services"
    place = [code(str(cause.position))] if cause.position else []
    place += [code(cause.path)] if cause.path else []
    lines = [f"**{md(cause.code)}** {name}: {lost(cause)}{tail}", " ".join(place), md(cause.text)]
    lines += [f"**Fix:** {md(cause.fix)}"] if cause.fix else []
    return "  \n".join(text for text in lines if text)


def _faults(report: Report, name: str = "") -> str:
    """The faults without which the worst run would not fail as it does."""
    if report.faults is None:
        return ""
    found = "\n".join(f"- {md(text)}" for text in report.faults) or f"- {NO_FAULT}"
    return f"Faults that seed {report.worst_seed} fails by{name}:\n\n{found}"


def _idle(report: Report, name: str = "") -> str:
    found = "\n".join(f"- {md(text)}" for text in report.idle)
    return f"Faults that never struck{name}:\n\n{found}" if found else ""


def _compared(made: Comparison) -> str:
    """The verdict on the change, and what it rests on."""
    mark = {"better": "🟢", "worse": "🔴", "mixed": "🟡", "none": "⚪"}[made.verdict]
    title = f"## {mark} {sentence(verdict_word(made))}"
    return "\n\n".join([title, *(sentence(md(text)) for text in verdict_texts(made))])


def _checks(report: Report) -> str:
    found = [
        (_cell(text), "**happened**", f"never may, in {counted(count, 'run')}", "")
        for text, count in violations_of(report).items()
    ]
    for check in checks_of(report):
        word = "holds" if check.holds else "**fails**"
        runs = "" if check.holds else f"in {check.failed} of {check.runs}"
        found.append((_cell(check.text), word, f"{md(check.value)} (seed {check.seed})", runs))
    return rows(["check", "", "worst value", "runs"], found)


def _figures(report: Report) -> str:
    found = []
    for each in report.figures:
        numbers = (each.least, each.median, each.p90, each.most)
        mean = amount(each.mean, each.unit)
        if each.least != each.most:
            mean += f" ({interval_text(each)})"
        found.append([md(each.name), *(md(amount(n, each.unit)) for n in numbers), md(mean)])
    return rows(["figure", "least", "median", "p90", "most", "mean (95% confidence)"], found)


def _assumed(report: Report) -> str:
    count = len(by_origin(report.assumptions)["assumed"])
    return f"What this rests on: {counted(count, 'value')} assumed"


def _assumptions(report: Report) -> str:
    found = by_origin(report.assumptions).items()
    return rows(
        ["what", "value", "by whom"],
        [(md(a.what), md(a.value), origin) for origin, every in found for a in every],
    )


def _budgets(report: Report) -> str:
    return rows(
        ["budget", "most used", "limit"],
        [
            (md(name), f"**{used:g}**" if used > limit else f"{used:g}", f"{limit:g}")
            for name, (used, limit) in budgets_of(report).items()
        ],
    )


def _picture(report: Report) -> str:
    return block(rendered(timeline_lines(report.worst, width=_WIDTH), colour=False).rstrip("\n"))


def _differences(made: Comparison) -> str:
    found = []
    for each in made.differences:
        word = f"**{each.judgement}**" if each.judgement in ("better", "worse") else each.judgement
        texts = (mean_text(each.before), mean_text(each.after), difference_text(each))
        found.append([md(each.name), *map(md, texts), overlap_text(each), word])
    head = ["figure", "before", "after", "difference (95% confidence)", "intervals", "so it is"]
    return rows(head, found)


def _cause_changes(made: Comparison) -> Iterator[str]:
    for change in made.causes:
        if change.after is None:
            cause = change.cause
            yield f"Gone: {md(cause.code)} {code('service/' + cause.service)}, {lost(cause)}"
        elif change.before is None:
            yield f"New: {_cause(change.after, '')}"
        else:
            yield f"Stays: {_cause(change.after, f', before {lost(change.before)}')}"

"""A rehearsal, or two side by side, as one HTML page that needs nothing but itself."""

from collections.abc import Iterable, Sequence

from reconciler.model.rehearsal import Cause, Figure, Report
from reconciler.views.rehearsal_embedded import STATES, embedded, left_out
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
    sentence,
    since,
    verdict,
    verdicts_of,
    violations_of,
)
from reconciler.views.rehearsal_graph import MOST_NODES, graph_svg
from reconciler.views.rehearsal_markup import Html, el, joined, page
from reconciler.views.values import counted

MOST_NAMES = 500  # instances of a cause
MOST_PRINTED = 60  # instances of a cause that paper shows
_MARKS = "Marks above the time: ▲ a change, ✕ a fault, ● a rollout's step, ▼ a drop, ■ a verdict"
_WHOLE = " the whole run, not only while something happens"


def rehearsal_html(report: Report) -> str:
    """The page of one rehearsal."""
    body = joined(
        header(report),
        section("What changes", *(el("pre", text) for text in ["\n".join(report.plan)] if text)),
        section("Causes", *_causes(report)),
        section(f"Faults that seed {report.worst_seed} fails by", faults(report)),
        section("Faults that never struck", idle(report)),
        section("What happened", *timeline([report], ["run-0"])),
        section("Checks", checks(report)),
        section(f"Figures over {counted(len(report.runs), 'run')}", _figures(report.figures)),
        section("Budgets", _budgets(report)),
        section("What this rests on", _assumptions(report)),
        section("What needs what", *_graph(report)),
        section("Replay", *replay("The worst run again:", report)),
    )
    return page(f"{report.title}: {_word(report)}", body, embedded([report]))


def section(title: str, *children: Html | None) -> Html | None:
    """A heading and what stands below it; nothing where that is nothing."""
    there = [child for child in children if child]
    return el("section", el("h2", title), *there) if there else None


def _word(report: Report) -> str:
    return "holds" if report.holds else "does not hold"


def header(report: Report, before: str = "") -> Html:
    """The verdict, and the few numbers that a reader wants first."""
    mark = "✓ Holds" if report.holds else "✕ Does not hold"
    kind = "verdict" if report.holds else "verdict bad"
    ended = [
        el("p", f"{text} in {counted(count, 'run')}", cls="bad")
        for text, count in verdicts_of(report).items()
    ]
    words = el(
        "div", el("p", el("span", mark, cls="word"), f" · {before}" if before else ""),
        el("h1", report.title), el("p", sentence(verdict(report)), cls="soft"),
        el("p", sentence(text), cls="soft") if (text := assumed(report)) else None, *ended,
        cls=kind,
    )  # fmt: skip
    cards = [
        el(
            "div", el("dt", each.name),
            el("dd", each.value, cls="value bad" if each.is_bad else "value"),
            el("dd", each.note, cls="note"), cls="card",
        )
        for each in headlines(report)
    ]  # fmt: skip
    return el("header", words, el("dl", *cards, cls="cards"))


def _causes(report: Report) -> list[Html]:
    runs = counted(len(report.runs), "run")
    return [
        cause_html(cause, f"in {seeds_of(report, cause)} of {runs}{since(cause)}")
        for cause in report.causes
    ]


def cause_html(cause: Cause, note: str, kind: str = "") -> Html:
    """What was dropped, the field to blame with its place, why, and the fix."""
    place = joined(
        el("code", str(cause.position)) if cause.position else None,
        " " if cause.position and cause.path else None,
        el("code", cause.path, cls="soft") if cause.path else None,
    )
    who = f"service/{cause.service}" if cause.service else "all services"
    many, names = None, cause.instances[:MOST_NAMES]
    if names:
        left = len(cause.instances) - len(names)
        told = ", ".join(names) + (f" and {left} more" if left else "")
        many = el(
            "details", el("summary", counted(len(cause.instances), "instance")),
            el("p", told, cls="mono"),
            cls="long" if len(cause.instances) > MOST_PRINTED else None,
        )  # fmt: skip
    return el(
        "div",
        el("p", el("code", cause.code), f" {who}: {lost(cause)}"),
        el("p", note, cls="soft"), el("p", place) if place else None, el("p", cause.text),
        el("p", cause.fix, cls="fix") if cause.fix else None, many,
        cls=f"cause {kind}".strip(),
    )  # fmt: skip


def faults(report: Report) -> Html | None:
    """The faults without which the worst run would not fail as it does."""
    if report.faults is None:
        return None
    return el("ul", *(el("li", text) for text in report.faults or (NO_FAULT,)))


def idle(report: Report) -> Html | None:
    """The faults that struck in no run."""
    return el("ul", *(el("li", text) for text in report.idle)) if report.idle else None


def timeline(reports: Sequence[Report], names: Sequence[str]) -> list[Html]:
    """Where the script draws what happened in a run, the same run of each report."""
    legend = [
        el(
            "li",
            el("svg", el("rect", width=22, height=11, rx=2, cls=f"s-{state}"), aria_hidden="true"),
            state,
        )
        for state in STATES
    ]
    note = left_out(reports)
    made = [
        el(
            "div",
            el("label", "Run ", el("select", id="seed")),
            el("label", Html('<input type="checkbox" id="whole">'), _WHOLE), cls="controls",
        ),
        el("p", id="which"),
        el("p", note, cls="soft") if note else Html(),
        el("ul", *legend, cls="legend"),
        el("p", _MARKS, cls="soft"),
        el("noscript", el("p", "The charts need JavaScript; all numbers are below without it.")),
    ]  # fmt: skip
    for name, report in zip(names, reports, strict=True):
        title = el("h3", report.title) if len(reports) > 1 else None
        made.append(el("div", title, el("div", id=name)))
    return made


def table(head: Sequence[str], rows: Iterable[Sequence[Html | None]]) -> Html:
    """A table that scrolls by itself where it is too wide; cells are td elements."""
    return el(
        "div",
        el(
            "table", el("thead", el("tr", *(el("th", text, scope="col") for text in head))),
            el("tbody", *(el("tr", *cells) for cells in rows)),
        ),
        cls="scroll",
    )  # fmt: skip


def checks(report: Report) -> Html | None:
    """Every check, those that fail first, and what must never happen and did."""
    rows = [
        (el("td", el("code", text)), el("td", "✕ happened", cls="word bad"),
         el("td", f"what never may, in {counted(count, 'run')}"), el("td"))
        for text, count in violations_of(report).items()
    ]  # fmt: skip
    for check in checks_of(report):
        word = el("td", "✓ holds" if check.holds else "✕ fails",
                  cls="word good" if check.holds else "word bad")  # fmt: skip
        runs = "" if check.holds else f"{check.failed} of {check.runs}"
        value = f"{check.value} (seed {check.seed})"
        rows.append((el("td", el("code", check.text)), word, el("td", value), el("td", runs)))
    return table(["check", "", "worst value", "fails in runs"], rows) if rows else None


def _figures(figures: Sequence[Figure]) -> Html | None:
    head = ["figure", "least", "median", "p90", "most", "mean (95% confidence)", "every run"]
    rows = []
    for each in figures:
        numbers = (each.least, each.median, each.p90, each.most)
        mean = amount(each.mean, each.unit)
        if each.least != each.most:
            mean += f" ({interval_text(each)})"
        texts = [el("td", amount(number, each.unit)) for number in numbers]
        rows.append([el("td", each.name), *texts, el("td", mean), el("td", strip(each))])
    return table(head, rows) if rows else None


def strip(each: Figure, *, zero: bool = False) -> Html:
    """Every run as a dot, the interval of the mean as a bar; with `zero`, around zero."""
    least, most = min(each.least, each.low), max(each.most, each.high)
    if zero:
        most = max(abs(least), abs(most))
        least = -most
    width = (most - least) or 1.0

    def x(value: float) -> str:
        return f"{4 + 142 * (value - least) / width:.1f}" if most > least else "75"

    wide = max(float(x(each.high)) - float(x(each.low)), 1)
    parts = [
        el("rect", x=x(each.low), y=3, width=f"{wide:.1f}", height=10, cls="sure"),
        el("line", x1=x(each.least), y1=8, x2=x(each.most), y2=8, cls="range"),
    ]  # fmt: skip
    if zero:
        parts.insert(0, el("line", x1=x(0), y1=0, x2=x(0), y2=16, cls="zero"))
    values = sorted(set(each.by_seed.values()))[:400]
    parts += [el("circle", cx=x(value), cy=8, r=2.2, cls="dot") for value in values]
    parts.append(el("line", x1=x(each.mean), y1=2, x2=x(each.mean), y2=14, cls="middle"))
    return el("svg", *parts, cls="strip", viewBox="0 0 150 16", aria_hidden="true")


def _budgets(report: Report) -> Html | None:
    rows = [
        (
            el("td", name), el("td", f"{used:g} of {limit:g}", cls="bad" if used > limit else None),
            el("td", f"{used / limit:.0%}" if limit else ""),
        )
        for name, (used, limit) in budgets_of(report).items()
    ]  # fmt: skip
    return table(["budget", "most that was used", ""], rows) if rows else None


def _assumptions(report: Report) -> Html | None:
    style = {"assumed": "word bad", "given": "word soft", "measured": "word good"}
    rows = [
        (el("td", each.what), el("td", each.value), el("td", origin, cls=style[origin]))
        for origin, found in by_origin(report.assumptions).items()
        for each in found
    ]
    return table(["what", "value", "by whom"], rows) if rows else None


def _graph(report: Report) -> list[Html]:
    nodes = {*report.nodes, *(name for edge in report.edges for name in edge[:2])}
    if not nodes:
        return []
    if len(nodes) > MOST_NODES:
        return [
            el("p", f"{len(nodes)} resources are too many for a picture; see the command graph.")
        ]
    blamed = {f"service/{cause.service}" for cause in report.causes}
    return [el("div", graph_svg(report.nodes, report.edges, blamed), cls="scroll")]


def replay(title: str, report: Report) -> list[Html]:
    """The command that runs the worst seed again."""
    return [el("p", title), el("pre", report.replay)] if report.replay else []

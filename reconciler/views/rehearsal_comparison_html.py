"""Two rehearsals side by side, as one HTML page that needs nothing but itself."""

from collections.abc import Iterable

from reconciler.model.comparison import CauseChange, Comparison, Difference, compare
from reconciler.model.rehearsal import Report
from reconciler.views.rehearsal_comparison import (
    difference_text,
    mean_text,
    overlap_text,
    paired_text,
    verdict_texts,
    verdict_word,
)
from reconciler.views.rehearsal_embedded import embedded
from reconciler.views.rehearsal_facts import lost, sentence
from reconciler.views.rehearsal_html import (
    cause_html,
    checks,
    faults,
    header,
    idle,
    replay,
    section,
    strip,
    table,
    timeline,
)
from reconciler.views.rehearsal_markup import Html, el, joined, page


def comparison_html(before: Report, after: Report) -> str:
    """The page of two rehearsals side by side."""
    made = compare(before, after)
    pair = (("Before", before), ("After", after))
    body = joined(
        _verdict(made),
        el("div", *(header(report, name) for name, report in pair), cls="two"),
        section(
            "What is different",
            el("p", sentence(paired_text(made)), cls="soft"),
            _differences(made.differences),
        ),
        section("Causes", *(_cause_change(change) for change in made.causes)),
        *(
            section(
                f"Faults that seed {report.worst_seed} fails by, {name.lower()}", faults(report)
            )
            for name, report in pair
        ),
        *(
            section(f"Faults that never struck, {name.lower()}", idle(report))
            for name, report in pair
        ),
        section("What happened", *timeline([before, after], ["run-0", "run-1"])),
        section("Checks before", checks(before)),
        section("Checks after", checks(after)),
        section("Replay", *(part for name, report in pair for part in replay(f"{name}:", report))),
    )
    return page(f"{before.title}, {after.title}", body, embedded([before, after]))


def _verdict(made: Comparison) -> Html:
    """What the change does on the whole, and what that rests on."""
    kind = {"better": "good", "worse": "bad", "mixed": "warn", "none": "soft"}[made.verdict]
    texts = [el("p", sentence(text)) for text in verdict_texts(made)]
    return el("div", el("p", sentence(verdict_word(made)), cls=f"word {kind}"), *texts, cls="whole")


def _cause_change(change: CauseChange) -> Html:
    if change.before is None:
        return cause_html(change.cause, "new", "new")
    if change.after is None:
        return cause_html(change.cause, "gone; these were dropped before", "gone")
    return cause_html(change.after, f"stays; before: {lost(change.before)}", "stays")


def _differences(found: Iterable[Difference]) -> Html:
    kinds = {"better": "word good", "worse": "word bad"}
    head = ["figure", "before", "after", "difference (95% confidence)", "every seed",
            "intervals", "so it is"]  # fmt: skip
    rows = [
        (
            el("td", each.name), el("td", mean_text(each.before)), el("td", mean_text(each.after)),
            el("td", difference_text(each)),
            el("td", strip(each.paired, zero=True) if each.paired else None),
            el("td", overlap_text(each)),
            el("td", each.judgement, cls=kinds.get(each.judgement, "word soft")),
        )
        for each in found
    ]  # fmt: skip
    return table(head, rows)

"""Two rehearsals side by side."""

import json
from dataclasses import replace

from inline_snapshot import snapshot

from reconciler.model.comparison import compare
from reconciler.model.rehearsal import Figure, Report
from reconciler.model.statistics import figure
from reconciler.views.documents import written
from reconciler.views.lines import rendered
from reconciler.views.rehearsal_comparison import (
    comparison_document,
    comparison_lines,
    difference_text,
)
from reconciler.views.rehearsal_comparison_html import comparison_html
from reconciler.views.rehearsal_markdown import comparison_markdown
from tests.support import golden
from tests.views.rehearsals import report


def judged(before: Report, after: Report) -> dict[str, str]:
    return {each.name: each.judgement for each in compare(before, after).differences}


def test_a_comparison_tells_figures_checks_and_causes_of_both() -> None:
    lines = comparison_lines(report(), report(grace_s=45))
    golden.check("views/comparison.txt", rendered(lines, colour=False))


def test_a_cause_is_gone_or_new_or_stays() -> None:
    bad, good = report(3), report(3, grace_s=45)
    assert [c.what for c in compare(bad, good).causes] == ["gone"]
    assert [c.what for c in compare(good, bad).causes] == ["new"]
    assert [c.what for c in compare(bad, bad).causes] == ["stays"]
    for pair in ((bad, good), (good, bad), (bad, bad)):
        assert rendered(comparison_lines(*pair), colour=False).count("R622") == 1


def test_the_verdict_goes_by_checks_then_by_losses_then_by_the_rest() -> None:
    bad, good = report(), report(grace_s=45)
    assert (compare(bad, good).verdict, compare(good, bad).verdict) == ("better", "worse")
    assert compare(bad, bad).verdict == "none"
    fewer = changed(bad, "requests dropped", -5)
    assert compare(bad, fewer).verdict == "better" and compare(fewer, bad).verdict == "worse"
    assert compare(bad, changed(fewer, "sessions cut", 5)).verdict == "mixed"
    # What is lost goes before all else; where that stays, all else counts.
    assert compare(bad, changed(fewer, "time to convergence", 60)).verdict == "better"
    assert compare(bad, changed(bad, "time to convergence", 60)).verdict == "worse"


def changed(made: Report, name: str, by: float) -> Report:
    """A report in which one figure is another by so much, in each run, give or take."""

    def shifted(each: Figure) -> Figure:
        if each.name != name:
            return each
        values = {seed: value + by + seed % 2 for seed, value in each.by_seed.items()}
        return figure(each.name, each.unit, values)

    return replace(made, figures=tuple(map(shifted, made.figures)))


def test_a_single_seed_is_said_to_be_unsure() -> None:
    one = rendered(comparison_lines(report(1), changed(report(1), "sessions cut", 3)), colour=False)
    assert one.startswith("no difference that shows") and "run more" in one


def test_faults_that_matter_are_told_of_both() -> None:
    failing = replace(report(2), faults=("crash of service/web at 40s",))
    lines = rendered(comparison_lines(failing, replace(report(2), faults=())), colour=False)
    assert "fails by, before\n  crash of service/web at 40s" in lines
    assert "fails by, after\n  none: it fails without them" in lines
    said = comparison_document(failing, report(2))
    assert said["before"]["faults"] == ["crash of service/web at 40s"]
    assert said["after"]["faults"] is None


def test_faults_that_never_struck_are_told_of_both() -> None:
    made, text = report(2), "crash of service/web at 5m"
    before = replace(made, runs=tuple(replace(each, idle=(text,)) for each in made.runs))
    lines = rendered(comparison_lines(before, made), colour=False)
    assert f"faults that never struck, before\n  {text}\n" in lines
    assert "never struck, after" not in lines
    said = comparison_document(before, made)
    assert said["before"]["never_struck"] == [text] and said["after"]["never_struck"] == []
    page, comment = comparison_html(before, made), comparison_markdown(before, made)
    assert text in page and text in comment
    assert "Faults that never struck, before" in page and "never struck, before" in comment


def test_a_report_compared_with_itself_is_the_same_throughout() -> None:
    made = report()
    assert set(judged(made, made).values()) == {"same"}


def test_fewer_dropped_is_better_and_fewer_ready_is_worse() -> None:
    before, after = report(), report(grace_s=45)
    assert judged(before, after)["requests dropped"] == "better"
    assert judged(after, before)["requests dropped"] == "worse"
    more, less = (of({seed: n + seed % 2 for seed in range(8)}) for n in (5, 2))
    assert judged(more, less) == {"web: least ready": "worse"}
    assert judged(less, more) == {"web: least ready": "better"}


def test_pairs_tell_apart_what_overlapping_intervals_do_not() -> None:
    noise = {seed: float(seed * 37 % 101) for seed in range(20)}
    before = of(noise, "requests dropped")
    after = of({seed: value - 2 + seed % 2 for seed, value in noise.items()}, "requests dropped")
    found = compare(before, after).differences[0]
    assert (found.overlap, found.judgement) == (True, "better")
    assert difference_text(found) == snapshot("−1.5 (−1.7 to −1.3)")


def test_one_pair_is_no_proof() -> None:
    assert set(judged(of({1: 4.0}), of({1: 9.0})).values()) == {"unclear"}


def test_without_a_seed_in_common_the_intervals_decide() -> None:
    low = of({seed: float(seed % 3) for seed in range(10)}, "requests dropped")
    high = of({seed + 100: 50.0 + seed % 3 for seed in range(10)}, "requests dropped")
    found = compare(low, high).differences[0]
    assert (found.paired, found.overlap, found.judgement) == (None, False, "worse")


def test_a_figure_that_only_one_has_is_told_as_such() -> None:
    full, empty = of({0: 1.0, 1: 2.0}), replace(report(2), figures=())
    assert difference_text(compare(empty, full).differences[0]) == "only after"
    assert difference_text(compare(full, empty).differences[0]) == "only before"


def test_the_document_is_versioned_and_pairs_by_seed() -> None:
    made = json.loads(written(comparison_document(report(4), report(4, grace_s=45)), "json"))
    assert made["format"] == "reconciler.comparison/1"
    assert made["seeds"] == [0, 1, 2, 3]
    assert made["before"]["holds"] is False and made["after"]["holds"] is True
    dropped = made["figures"][0]
    assert (dropped["name"], dropped["judgement"]) == ("requests dropped", "better")
    assert dropped["paired"]["mean"] == dropped["after"]["mean"] - dropped["before"]["mean"]
    assert [each["what"] for each in made["causes"]] == ["gone"]


def of(values: dict[int, float], name: str = "web: least ready") -> Report:
    from reconciler.model.statistics import figure

    made: Figure = figure(name, "", values)
    runs = tuple(replace(each, seed=seed) for each, seed in zip(
        report(len(values)).runs, values, strict=True))  # fmt: skip
    return replace(report(1), runs=runs, figures=(made,), worst_seed=next(iter(values)))

"""A rehearsal as a comment on a pull request."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.model.rehearsal import Report
from reconciler.views.rehearsal_markdown import block, code, comparison_markdown, md
from reconciler.views.rehearsal_markdown import rehearsal_markdown as markdown
from tests.support import golden
from tests.views.rehearsals import HOSTILE, hostile, report


def test_a_comment_has_a_short_table_the_causes_and_the_rest_folded_away() -> None:
    golden.check("views/rehearsal.md", markdown(report()))


def test_a_comparison_has_what_is_different_and_what_became_of_causes() -> None:
    golden.check("views/comparison.md", comparison_markdown(report(), report(grace_s=45)))


def test_a_rehearsal_that_holds_says_so_first() -> None:
    made = markdown(report(3, grace_s=45))
    assert made.startswith("### ✅ shop since main\\~1 holds\n\nAll checks held in 3 runs;")


def enormous() -> Report:
    """More of everything than a comment has room for."""
    one = report(2)
    causes = tuple(replace(one.causes[0], service=f"web-{n}", text="x" * 3_000) for n in range(40))
    figures = tuple(replace(one.figures[0], name=f"web-{n}: p99") for n in range(2_000))
    return replace(
        one, title="😀" * 5_000, causes=causes, figures=figures,
        plan=("~ service/web" * 5,) * 2_000,
        replay=f"reconciler simulate {'x' * 70_000}", faults=("crash " * 40,) * 400,
    )  # fmt: skip


@pytest.mark.parametrize("made", [markdown, lambda one: comparison_markdown(one, one)])
def test_a_comment_is_never_longer_than_github_takes(made: Callable[[Report], str]) -> None:
    text = made(enormous())
    assert len(text.encode("utf-16-le")) // 2 <= 65_536
    assert "does not hold" in text and "What does not fit a comment is left out: " in text
    assert text.count("<details>") == text.count("</details>")
    assert text.rstrip().endswith("seed 0.")
    assert "left out" not in made(report(3))


def test_the_faults_that_matter_are_told() -> None:
    failing = replace(report(2), faults=("crash of service/web at 40s", "<b>"))
    for text in (markdown(failing), comparison_markdown(failing, report(2))):
        assert "\n- crash of service/web at 40s\n- \\<b\\>\n" in text
    assert "fails by" not in markdown(report(2))
    assert "\n- none: it fails without them\n" in markdown(replace(failing, faults=()))


def test_folds_are_closed_and_stand_apart_from_the_text() -> None:
    made = markdown(report(3))
    assert made.count("<details>") == made.count("\n\n</details>") > 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web_1 *bold* [a](b)", r"web\_1 \*bold\* \[a\](b)"),
        ("<b>&amp;|", r"\<b\>\&amp;\|"),
        ("@someone #12 # no", "@\u200bsomeone #\u200b12 # no"),
        ("- a list", r"\- a list"),
        ("1. a list", r"1\. a list"),
        ("two\nlines", r"two\\nlines"),
    ],
)
def test_a_text_of_a_users_file_is_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert md(text) == shown


def test_code_holds_any_number_of_backticks() -> None:
    assert code("plain") == "`plain`"
    assert code("a ``b`` c") == "``` a ``b`` c ```"
    assert block("```") == "````text\n```\n````"


def test_no_cell_of_a_users_file_ends_its_row() -> None:
    made = replace(report(1), assumptions=(hostile().assumptions[0],))
    row = next(line for line in markdown(made).splitlines() if line.endswith("| assumed |"))
    assert row.replace("\\|", "").count("|") == 4


def test_no_text_of_a_users_file_is_markup_outside_of_code() -> None:
    prose = re.sub(r"(```).*?\1|(`+).*?\2", "", markdown(hostile()), flags=re.DOTALL)
    assert not re.search(r"(?<!\\)<(?!/?details>|/?summary>)", prose)
    assert HOSTILE.split("(")[0].replace("<", "\\<").replace(">", "\\>") in prose

"""Diagnostics with their line, a caret, the reason and the fix."""

from collections.abc import Sequence

import pytest

from reconciler.views.diagnostics import (
    brief_lines,
    diagnostic_document,
    diagnostics_lines,
    summary_line,
    without_secrets,
)
from reconciler.views.lines import rendered
from tests.support import golden
from tests.views.samples import SOURCE, diagnostics


def source(name: str) -> Sequence[str]:
    return SOURCE if name == "state/shop.yaml" else ()


def test_each_shows_its_line_with_a_caret_its_reason_and_its_fix() -> None:
    made = rendered(diagnostics_lines(diagnostics(), source), colour=False)
    golden.check("views/diagnostics.txt", made)


def test_a_secret_in_the_line_is_not_repeated() -> None:
    made = rendered(diagnostics_lines(diagnostics(), source), colour=False)
    assert "hunter2" not in made
    assert "DB_PASSWORD: ***" in made


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  API_KEY: abc", "  API_KEY: ***"),
        ("  - TOKEN=abc def", "  - TOKEN=***"),
        ("url: amqp://me:pw@host/x", "url: amqp://me:***@host/x"),
        ("image: web:1", "image: web:1"),
        ("depends_on: {db: healthy}", "depends_on: {db: healthy}"),
    ],
)
def test_values_of_what_sounds_secret_are_masked(line: str, shown: str) -> None:
    assert without_secrets(line) == shown


def test_long_reasons_are_wrapped_below_one_another() -> None:
    from dataclasses import replace

    wordy = replace(diagnostics()[1], detail="word " * 60)
    lines = rendered(diagnostics_lines([wordy], source, width=60), colour=False).splitlines()
    assert max(map(len, lines)) <= 60
    assert sum("word" in line for line in lines) > 4


def test_a_brief_one_takes_one_line() -> None:
    lines = rendered(brief_lines(diagnostics()), colour=False).splitlines()
    assert lines[2] == (
        "warning[R210] state/shop.yaml:4:1: web:latest may be another image tomorrow"
    )
    assert lines[4] == "error[R400]: the engine does not answer"
    assert len(lines) == 5


def test_the_summary_counts_what_is_there_and_nothing_else() -> None:
    found = diagnostics()
    assert rendered([summary_line(found)], colour=False) == "3 errors, 1 warning, 1 waived\n"
    assert rendered([summary_line(found[:1])], colour=False) == "1 error\n"
    assert summary_line([]) == ()


def test_a_document_has_every_key_whether_or_not_it_holds_something() -> None:
    first, last = diagnostic_document(diagnostics()[0]), diagnostic_document(diagnostics()[-1])
    assert first.keys() == last.keys()
    assert first["position"] == {"file": "state/shop.yaml", "line": 2, "column": 5}
    assert last["position"] is None

"""The made parts of the reference are up to date."""

from pathlib import Path

import pytest

from reconciler.spec.pages import PARTS, code_entries, field_tables, replaced, type_text, update
from reconciler.spec.schema import nouns
from reconciler.spec.written import written
from tests.spec.helpers import loaded

DOCS = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("page", PARTS)
def test_the_committed_page_is_what_the_model_says(page: str, tmp_path: Path) -> None:
    for name in PARTS:
        (tmp_path / name).write_text((DOCS / name).read_text())
    update(str(tmp_path))
    assert (tmp_path / page).read_text() == (DOCS / page).read_text()


def test_a_part_is_replaced_between_its_marks() -> None:
    page = "a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb\n"
    assert replaced(page, "x", "new\n") == "a\n<!-- begin: x -->\n\nnew\n\n<!-- end: x -->\nb\n"


def test_every_noun_has_a_table_and_every_link_leads_to_one() -> None:
    import re

    text = field_tables()
    titles = {line.removeprefix("### ").lower() for line in text.splitlines() if line[:4] == "### "}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= titles
    assert len(titles) == len(nouns())


def test_an_entry_says_what_to_do() -> None:
    from reconciler.spec.codes import Code

    entry = code_entries({"R199": Code("Title", "Why.", "do this")})
    assert "### R199\n\n**Title.** Why.\n\nFix: do this.\n" in entry


def test_types_are_told_in_words() -> None:
    from reconciler.model.units import DurationNs

    told = [
        type_text(annotation)
        for annotation in (int, DurationNs, DurationNs | None, tuple[str, ...])
    ]
    assert told == ["whole number", "duration", "duration", "list of text"]


def test_what_is_written_reads_back_as_the_same() -> None:
    import json

    from reconciler.model.stack import Declared

    first = loaded("""\
        services:
          web: {image: a, ports: ["8080-8081:80/h2"], termination: {grace: 1m30s},
                resources: {limits: {cpu: 250m, memory: 1536Mi}}, environment: {A: 1.10}}
        """).stack.declared
    again = loaded(json.dumps({**written(first, Declared), "name": "t"})).stack.declared
    assert again == first

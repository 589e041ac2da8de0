"""Reference pages say what the code says."""

import re

from reconciler.cli.exits import MEANINGS
from reconciler.views.rehearsal_comparison import comparison_document
from reconciler.views.rehearsal_document import rehearsal_document
from tests.docs.console import ROOT
from tests.views.rehearsals import report


def test_the_page_of_exit_codes_lists_them_all_as_they_are() -> None:
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == MEANINGS


def test_the_page_of_reports_lists_every_key_of_both_documents() -> None:
    page = (ROOT / "docs" / "reference" / "rehearsal-report.md").read_text()
    for name, made in (
        ("rehearsal", rehearsal_document(report(1))),
        ("comparison", comparison_document(report(1), report(1))),
    ):
        part = page.partition(f"<!-- begin: {name} -->")[2].partition(f"<!-- end: {name} -->")[0]
        listed = re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
        assert ["format", *listed] == list(made)
        assert made["format"] in page

"""Reference pages say what the code says."""

import re

from reconciler.cli.exits import MEANINGS
from tests.docs.console import ROOT


def test_the_page_of_exit_codes_lists_them_all_as_they_are() -> None:
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == MEANINGS

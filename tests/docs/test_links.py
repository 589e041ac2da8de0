"""Links of pages that the documentation's own build does not read."""

import re
from pathlib import Path

import pytest

from tests.docs import console

_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_a_link_to_a_file_leads_to_one(name: str) -> None:
    page: Path = console.ROOT / name
    links = [link.partition("#")[0] for link in _LINK.findall(page.read_text())]
    local = [link for link in links if link and not link.startswith("http")]
    assert [link for link in local if not (page.parent / link).exists()] == []

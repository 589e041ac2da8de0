from pathlib import Path

import pytest

from reconciler.spec.checks import CHECKS, PARTS, WAIVER_RULES, Rule, reference_page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "checks.md"


def test_the_page_in_the_documentation_is_what_the_tables_say() -> None:
    assert PAGE.read_text() == reference_page()


@pytest.mark.parametrize("rule", [*CHECKS, *PARTS, *WAIVER_RULES], ids=lambda rule: rule.code)
def test_every_code_has_an_entry(rule: Rule) -> None:
    assert reference_page().count(f"\n### {rule.code}\n\n**{rule.title}**") == 1

"""What `validate` knows beyond the schema."""

from reconciler.spec.checks.base import Check, Finding, Rule
from reconciler.spec.checks.page import reference_page
from reconciler.spec.checks.run import check
from reconciler.spec.checks.support import PARTS, unsupported
from reconciler.spec.checks.table import CHECKS, WAIVER_RULES

__all__ = [
    "CHECKS",
    "PARTS",
    "WAIVER_RULES",
    "Check",
    "Finding",
    "Rule",
    "check",
    "reference_page",
    "unsupported",
]

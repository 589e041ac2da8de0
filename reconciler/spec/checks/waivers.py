"""From a finding to what people see of it, waived or not."""

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.stack import Stack
from reconciler.spec.checks.base import Finding, Rule


def told(stack: Stack, rule: Rule, finding: Finding, *, waivable: bool = True) -> Diagnostic:
    """The diagnostic, at its place in the file; a waiver keeps the severity."""
    waiver = stack.declared.checks.get(rule.code) if waivable else None
    return Diagnostic(
        code=rule.code,
        summary=finding.summary,
        detail=rule.detail,
        hint=finding.hint or rule.fix,
        position=stack.positions.find(finding.path),
        severity=rule.severity,
        waived=waiver.allow if waiver is not None and waiver.allow.strip() else None,
    )

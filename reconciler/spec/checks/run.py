"""Run the checks."""

from collections.abc import Collection, Iterator
from difflib import SequenceMatcher

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.stack import Stack
from reconciler.spec.checks.base import Finding, Rule
from reconciler.spec.checks.support import PARTS
from reconciler.spec.checks.table import CHECKS, NO_REASON, UNKNOWN_CODE, UNUSED_WAIVER
from reconciler.spec.checks.waivers import told

LONGEST_CODE = 6  # beyond, a number is no slip of the finger
LEAST_LIKENESS = 0.6


def check(stack: Stack) -> list[Diagnostic]:
    """Everything that the checks find, waived or not, sorted by position."""
    made = [told(stack, each, finding) for each in CHECKS for finding in each.find(stack)]
    if stack.declared.checks:
        made += _about_waivers(stack, {diagnostic.code for diagnostic in made})
    return sorted(made, key=lambda diagnostic: diagnostic.sort_key)


def _about_waivers(stack: Stack, fired: Collection[str]) -> Iterator[Diagnostic]:
    checks = {each.code: each for each in CHECKS}
    # What a target does not act on is known where the target is: those waivers stay.
    known: dict[str, Rule] = {**checks, **{part.code: part for part in PARTS}}
    for code, waiver in stack.declared.checks.items():
        finding = Finding(("checks", code), f"{code} is waived and does not fire")
        rule = UNUSED_WAIVER
        if code not in known:
            said = f"{code!r} is no check"
            if (near := _nearest(code, known)) is not None:
                said += f"; the nearest is {near} ({known[near].title.rstrip('.')})"
            rule, finding = UNKNOWN_CODE, Finding(("checks", code), said)
        elif not waiver.allow.strip():
            path = ("checks", code, "allow")
            rule, finding = NO_REASON, Finding(path, f"{code} is waived without a reason")
        elif code in fired or code not in checks:
            continue
        yield told(stack, rule, finding, waivable=False)


def _nearest(code: str, known: Collection[str]) -> str | None:
    """The code nearest in number, or in spelling where there is none."""
    text = code.strip().upper()
    if text[:1] == "R" and text[1:].isdecimal() and len(text) <= LONGEST_CODE:
        return min(sorted(known), key=lambda other: abs(int(other[1:]) - int(text[1:])))
    likeness = {other: SequenceMatcher(None, text, other).ratio() for other in sorted(known)}
    best = max(likeness, key=lambda other: (likeness[other], other[:3] == text[:3]))
    return best if likeness[best] >= LEAST_LIKENESS else None

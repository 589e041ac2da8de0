"""The reference page of the checks, written from their tables.

``python -c "from reconciler.spec.checks import reference_page as p; print(p(), end='')"``
"""

from collections.abc import Iterable

from reconciler.spec.checks.base import Rule
from reconciler.spec.checks.support import PARTS
from reconciler.spec.checks.table import CHECKS, WAIVER_RULES

_HEAD = """\
# Checks

`validate` knows more than the schema. An **error** is what cannot work, or surely loses data,
requests or sessions: nothing is planned while one stands. A **warning** is the rest. Each code
keeps its meaning for good.

A check that is meant to fire gets a waiver with its reason, for the whole stack:

```yaml
checks:
  R210: {allow: "as the vendor ships it"}
```

A waived finding is still shown, with its severity and the reason, and stops nothing.

A check tells what it can see in the file. Where it guesses (a path, a variable's name), it says
so in its reason.
"""

_SECTIONS = (
    ("Ending: grace and drains", "R200", "R209"),
    ("Probes, and what waits for them", "R210", "R229"),
    ("Traffic", "R230", "R239"),
    ("Instances and rollouts", "R240", "R254"),
    ("Budgets, nodes and memory", "R255", "R269"),
    ("Host ports and names", "R270", "R279"),
    ("Images, secrets and reach", "R280", "R289"),
    ("Metrics", "R290", "R296"),
    ("Waivers", "R297", "R299"),
)

_SUPPORT = """\
## What a target does not act on

Asking a target for what it does not do is never passed over in silence. These depend on the
target, and are told by `validate --target`, `plan` and `apply`. They can be waived like checks.
"""


def reference_page() -> str:
    """The page as Markdown."""
    rules = sorted((*CHECKS, *WAIVER_RULES), key=lambda rule: rule.code)
    parts = [_HEAD, _overview((*rules, *PARTS))]
    for title, first, last in _SECTIONS:
        parts.append(f"## {title}\n")
        parts += [_entry(rule) for rule in rules if first <= rule.code <= last]
    parts.append(_SUPPORT)
    parts += [_entry(part) + f"\nFeatures: {_features(part.features)}.\n" for part in PARTS]
    return "\n".join(parts)


def _overview(rules: Iterable[Rule]) -> str:
    rows = [f"| [{r.code}](#{r.code.lower()}) | {r.severity} | {r.title} |" for r in rules]
    return "\n".join(["| code | severity | finding |", "| --- | --- | --- |", *rows, ""])


def _entry(rule: Rule) -> str:
    source = f"\nSource: {rule.source}.\n" if rule.source else ""
    return (
        f"### {rule.code}\n\n**{rule.title}** ({rule.severity})\n\n{rule.why}\n\n"
        f"Fix: {rule.fix}.\n{source}"
    )


def _features(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))

"""Where the findings of a load are collected."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError, Position, Severity
from reconciler.spec.codes import CODES
from reconciler.spec.scenario_codes import SCENARIO_CODES
from reconciler.spec.tree import NOWHERE, position

_FIXES = {code: entry.fix for code, entry in {**CODES, **SCENARIO_CODES}.items()}


@dataclass
class Report:
    """Findings so far, and the names of the files that places refer to.

    `what` is what is read, as messages call it.
    """

    files: list[str] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    has_placeholders: bool = False
    what: str = "the state"

    def add(
        self,
        code: str,
        summary: str,
        at: int = NOWHERE,
        *,
        detail: str = "",
        hint: str = "",
        severity: Severity = "error",
    ) -> None:
        """Note a finding; without a hint of its own it gets the code's."""
        self.found.append(
            Diagnostic(
                code=code,
                summary=summary,
                detail=detail,
                hint=hint or _FIXES[code],
                position=self.position(at),
                severity=severity,
            )
        )

    def position(self, at: int) -> Position | None:
        """A place as people read it."""
        return position(at, self.files)

    @property
    def errors(self) -> list[Diagnostic]:
        """The findings that stop a plan."""
        return [finding for finding in self.found if finding.is_error]

    @property
    def warnings(self) -> list[Diagnostic]:
        """The findings that do not."""
        return [finding for finding in self.found if not finding.is_error]

    def stop(self) -> None:
        """Raise everything found, if any of it is an error."""
        if self.errors:
            raise DiagnosticsError(self.found)


def nearest(name: str, known: Iterable[str]) -> str:
    """`` (did you mean 'web'?)``, or nothing."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""

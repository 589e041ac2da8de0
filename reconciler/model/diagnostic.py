"""Diagnostics for users' mistakes, and the outside world's errors."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding: what, why, where, and what to do. `waived` holds a waiver's reason."""

    code: str
    summary: str
    detail: str = ""
    hint: str = ""
    position: Position | None = None
    severity: Severity = "error"
    waived: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether it stops a plan."""
        return self.severity == "error" and self.waived is None

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """By place, then by code."""
        at = self.position or Position("", 0, 0)
        return (at.file, at.line, at.column, self.code, self.summary)


class DiagnosticsError(Exception):
    """The user's mistakes, collected."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        self.diagnostics = sorted(diagnostics, key=lambda d: d.sort_key)
        super().__init__("; ".join(d.summary for d in self.diagnostics))


ErrorKind = Literal["retryable", "conflict", "terminal", "unreachable"]


class TargetError(Exception):
    """The outside world said no, or nothing.

    `retryable` may go well later; `conflict` means look again; `terminal` needs a person;
    `unreachable` means that the target itself does not answer.
    """

    def __init__(self, kind: ErrorKind, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.code = code
        self.message = message
        self.hint = hint

    def diagnostic(self) -> Diagnostic:
        """As it is shown to people."""
        return Diagnostic(code=self.code, summary=self.message, hint=self.hint)

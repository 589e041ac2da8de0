"""Diagnostics for people: the code, the line itself with a caret, the reason and the fix."""

import re
from collections.abc import Callable, Iterable, Sequence
from textwrap import wrap
from typing import Any

from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.views.lines import Line, Part, Style, line, text_of
from reconciler.views.values import counted

# Gives a file's lines; empty where it cannot be read any more.
Source = Callable[[str], Sequence[str]]

# Sentences are hard to read when they are longer, and of no use when they are shorter.
_WIDTH_MOST = 100
_ROOM_LEAST = 30

_SECRET_VALUE = re.compile(
    r"((?:pass|secret|token|credential|private|api_?key|\bkey\b)[\w.-]*[\"']?\s*[:=]\s*)(\S.*)",
    re.IGNORECASE,
)
_ADDRESS_PASSWORD = re.compile(r"(://[^/\s:@]*:)([^@\s]+)(?=@)")


def diagnostics_lines(
    found: Iterable[Diagnostic], source: Source, *, width: int | None = None
) -> list[Line]:
    """Each diagnostic with its line, its reason and its fix, wrapped to `width` cells."""
    made: list[Line] = []
    for diagnostic in found:
        made += [*_one(diagnostic, source, min(width or _WIDTH_MOST, _WIDTH_MOST)), line()]
    return made


def brief_lines(found: Iterable[Diagnostic]) -> list[Line]:
    """Each diagnostic on a line of its own, for those who know them."""
    made = []
    for diagnostic in found:
        word, style = _severity(diagnostic)
        place = f" {diagnostic.position}:" if diagnostic.position else ":"
        made.append(line((f"{word}[{diagnostic.code}]", style), f"{place} {diagnostic.summary}"))
    return made


def summary_line(found: Sequence[Diagnostic]) -> Line:
    """``2 errors, 1 warning, 1 waived``; an empty line when there is nothing."""
    errors = sum(d.is_error for d in found)
    waived = sum(d.waived is not None for d in found)
    warnings = len(found) - errors - waived
    parts: list[Part] = []
    if errors:
        parts.append((counted(errors, "error"), "bad"))
    if warnings:
        parts.append((counted(warnings, "warning"), "warn"))
    if waived:
        parts.append((f"{waived} waived", "dim"))
    spaced: list[Part] = []
    for part in parts:
        spaced += [", ", part] if spaced else [part]
    return tuple(spaced)


def diagnostic_document(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic for machines; line and column count from 1."""
    at = diagnostic.position
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "hint": diagnostic.hint,
        "position": at and {"file": at.file, "line": at.line, "column": at.column},
        "waived": diagnostic.waived,
    }


def without_secrets(text: str) -> str:
    """A line of the desired state, with the value masked where its key tells of a secret."""
    masked = _SECRET_VALUE.sub(r"\1***", text)
    return _ADDRESS_PASSWORD.sub(r"\1***", masked)


def _one(diagnostic: Diagnostic, source: Source, width: int) -> list[Line]:
    word, style = _severity(diagnostic)
    made = [line((f"{word}[{diagnostic.code}]", style), (f": {diagnostic.summary}", "bold"))]
    position = diagnostic.position
    gutter = " "
    if position is not None:
        gutter = " " * len(str(position.line))
        made.append(line(gutter, ("--> ", "dim"), str(position)))
        made += _excerpt(position, source, style)
    for label, text in (
        ("reason", diagnostic.detail),
        ("fix", diagnostic.hint),
        ("waived", diagnostic.waived or ""),
    ):
        room = max(width - len(gutter) - len(label) - 5, _ROOM_LEAST)
        pieces = [piece for part in text.splitlines() for piece in wrap(part, room)]
        for index, piece in enumerate(pieces):
            mark = f"= {label}: " if index == 0 else " " * (len(label) + 4)
            made.append(line(f"{gutter} ", (mark, "dim"), piece))
    return made


def _severity(diagnostic: Diagnostic) -> tuple[str, Style]:
    if diagnostic.waived is not None:
        return "waived", "dim"
    return ("error", "bad") if diagnostic.severity == "error" else ("warning", "warn")


def _excerpt(position: Position, source: Source, style: Style) -> list[Line]:
    lines = source(position.file)
    if not 1 <= position.line <= len(lines):
        return []
    number, raw = str(position.line), lines[position.line - 1].rstrip()
    # The caret stands below what is shown, and a tab is shown wider than it is counted.
    before = len(text_of(raw[: position.column - 1]))
    bar: Part = (" | ", "dim")
    return [
        line(" " * len(number), (" |", "dim")),
        line((number, "dim"), bar, without_secrets(raw)),
        line(" " * len(number), bar, " " * before, ("^", style)),
    ]

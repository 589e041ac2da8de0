"""Lines of styled text: what every view yields, and how it becomes plain or coloured.

Texts come from files, engines and logs: control characters are shown, never obeyed, so
that no log line can move a cursor or forge a result.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

Style = Literal["add", "change", "replace", "delete", "good", "bad", "warn", "dim", "bold"]
Part = str | tuple[str, Style]
Line = tuple[Part, ...]

# Select Graphic Rendition parameters, ECMA-48 §8.3.117.
_SGR: dict[Style, str] = {
    "add": "32", "change": "33", "replace": "35", "delete": "31",
    "good": "32", "bad": "1;31", "warn": "33", "dim": "2", "bold": "1",
}  # fmt: skip


def line(*parts: Part) -> Line:
    """A line of these parts."""
    return parts


def indented(lines: Iterable[Line], spaces: int = 2) -> list[Line]:
    """The lines, moved to the right; empty ones stay empty."""
    margin = " " * spaces
    return [(margin, *parts) if parts else parts for parts in lines]


def text_of(part: Part) -> str:
    """What is written, control characters made visible."""
    text = part if isinstance(part, str) else part[0]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _visible(c) for c in text)


def plain(parts: Line) -> str:
    """The line without its styles."""
    return "".join(text_of(part) for part in parts)


def rendered(lines: Iterable[Line], *, colour: bool) -> str:
    """All lines as text, each with its end."""
    return "".join(_line(parts, colour) + "\n" for parts in lines)


def table(rows: Sequence[Line], *, gap: int = 2, width: int | None = None) -> list[Line]:
    """Rows of one part a column, aligned; the last column is cut to `width` cells."""
    widths = [max(_cells(text_of(cell)) for cell in column) for column in zip(*rows, strict=True)]
    made = []
    for row in rows:
        parts: list[Part] = []
        for cell, cells in zip(row[:-1], widths, strict=False):
            parts += [cell, " " * (cells - _cells(text_of(cell)) + gap)]
        used = sum(widths[:-1]) + gap * (len(row) - 1)
        parts.append(cut(row[-1], None if width is None else max(width - used, 8)))
        made.append(tuple(parts))
    return made


def cut(part: Part, width: int | None) -> Part:
    """The part, shortened with an ellipsis where it is wider than `width` cells."""
    text = text_of(part)
    if width is None or _cells(text) <= width:
        return part
    from rich.cells import set_cell_size

    short = set_cell_size(text, width - 1).rstrip() + "…"
    return short if isinstance(part, str) else (short, part[1])


def _line(parts: Line, colour: bool) -> str:
    if not colour:
        text = "".join([part if isinstance(part, str) else part[0] for part in parts])
        return text_of(text).rstrip()
    return "".join(
        text_of(part)
        if isinstance(part, str) or not part[0]
        else f"\x1b[{_SGR[part[1]]}m{text_of(part)}\x1b[0m"
        for part in parts
    ).rstrip(" ")


def _cells(text: str) -> int:
    """How many columns of a terminal it takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _visible(character: str) -> str:
    if character == "\t":
        return "    "
    return character.encode("unicode_escape", "backslashreplace").decode()

"""Reports in files, or on standard output in place of the text."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

from reconciler.cli.console import Console
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError

UNWRITABLE = "R713"
DASH = "-"

Made = tuple[Path | None, Callable[[], str]]  # where to, if anywhere, and what


def refuse_unwritable(paths: Iterable[Path]) -> None:
    """R713 for each path that nothing can be written to, all at once."""
    found = [(path, why) for path in paths if str(path) != DASH and (why := _hindrance(path))]
    if found:
        raise DiagnosticsError([_diagnostic(path, why) for path, why in found])


def _hindrance(path: Path) -> str:
    """Why it cannot be written; empty where nothing is known to be in the way."""
    if path.exists():
        return "" if os.access(path, os.W_OK) else "it may not be written to"
    folder = path.parent
    if not folder.exists():
        return f"there is no directory {folder}"
    if not folder.is_dir():
        return f"{folder} is no directory"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"{folder} may not be written to"


def show_or_save(console: Console, html: Made, markdown: Made, show: Callable[[], None]) -> None:
    """Write the files; what goes to standard output goes there in place of what `show` shows."""
    if DASH not in (str(html[0]), str(markdown[0])):
        show()
    for path, make in (html, markdown):
        if path is not None and str(path) == DASH:
            console.out.write(make())
        elif path is not None:
            save(path, make())
    console.out.flush()


def save(path: Path, text: str) -> None:
    """Write a file; R713 where that fails."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        _refuse(path, error.strerror or str(error))


def _refuse(path: Path, why: str) -> NoReturn:
    raise DiagnosticsError([_diagnostic(path, why)])


def _diagnostic(path: Path, why: str) -> Diagnostic:
    return Diagnostic(UNWRITABLE, f"{path} cannot be written: {why}", hint="choose another file")

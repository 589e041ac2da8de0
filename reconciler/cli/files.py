"""Files that commands write and read for the user."""

import os
from pathlib import Path

from reconciler.cli import exits
from reconciler.model.diagnostic import Diagnostic

UNREADABLE = "R701"
UNWRITABLE = "R702"


def write_file(path: Path, text: str) -> None:
    """Write `text` whole or not at all: a reader never sees half a file."""
    target = path.resolve()
    try:
        if target.exists() and not target.is_file():  # a pipe, a terminal
            target.write_text(text, encoding="utf-8")
            return
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with partial.open("x", encoding="utf-8") as stream:
                stream.write(text)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise exits.Stop(exits.ERROR, [_about(path, "written", error, UNWRITABLE)]) from None


def read_file(path: Path) -> str:
    """The text of a file that the user named."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise exits.Stop(exits.ERROR, [_about(path, "read", error, UNREADABLE)]) from None
    except ValueError:
        broken = Diagnostic(UNREADABLE, f"{path} is not UTF-8 text")
        raise exits.Stop(exits.ERROR, [broken]) from None


def _about(path: Path, verb: str, error: OSError, code: str) -> Diagnostic:
    return Diagnostic(code, f"{path} cannot be {verb}: {error.strerror or error}")

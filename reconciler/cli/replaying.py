"""The one command that runs a seed again in another process, as text for a shell."""

import shlex
import tempfile
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.cli.rehearsing import Wanted
    from reconciler.rehearsal.observation import Seen


def command_of(words: Iterable[str], variables: Mapping[str, str] | None = None) -> str:
    """The words after the first quoted for a POSIX shell, then the variables.

    A variable whose name is that of a secret is taken from the shell's own environment, and
    what it holds is told nobody: a report is shown to many.
    """
    from reconciler.spec.checks.exposure import SECRET_NAME

    program, *rest = words
    made = [program, *map(shlex.quote, rest)]
    for name, value in (variables or {}).items():
        is_secret = SECRET_NAME.search(name) is not None
        made += ["--var", f'{name}="${name}"' if is_secret else shlex.quote(f"{name}={value}")]
    return " ".join(made)


def saved(seen: "Seen", wanted: "Wanted", kept: list[str], holds: bool) -> str:
    """Where what was observed is kept, once; empty where it need not be, or cannot.

    What runs changes, so what fails on it is replayed from what was seen: in the file that
    was asked for, else in a temporary one, which the system removes in its time.
    """
    from reconciler.cli.files import write_file
    from reconciler.rehearsal.observation import encode

    if kept or (holds and wanted.save is None):
        return kept[0] if kept else ""
    if wanted.save is not None:
        write_file(wanted.save, encode(seen))
        kept.append(str(wanted.save))
        return kept[0]
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix="reconciler-", suffix=".json", delete=False
        ) as file:
            file.write(encode(seen))
    except OSError:
        return ""
    kept.append(file.name)
    return file.name

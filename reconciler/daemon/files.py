"""Watching the desired state: files and directories, by the operating system's own events."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

# Editors and `git checkout` touch a file several times: wait until it has been quiet.
QUIET_MS = 300
SUFFIXES = (".yaml", ".yml")


def changes(
    paths: Sequence[str], others: Sequence[str], ended: threading.Event
) -> Iterator[frozenset[str]]:
    """The paths that changed, each time after a moment of quiet; ends when `ended` is set.

    `paths` are what was named: files and directories of them; `others` are files that they
    read, such as the contents of configs. Directories are watched, not files: an editor that
    saves by renaming leaves a watched file behind.
    """
    from watchfiles import watch

    named = {Path(path).resolve() for path in (*paths, *others) if path != "-"}
    folders = sorted({str(path if path.is_dir() else path.parent) for path in named})
    if not folders:
        return
    for found in watch(
        *folders, debounce=QUIET_MS, step=50, stop_event=ended, recursive=False,
        raise_interrupt=False, yield_on_timeout=False,
    ):  # fmt: skip
        touched = {Path(path).resolve() for _, path in found}
        relevant = {str(path) for path in touched if _matters(path, named)}
        if relevant:
            yield frozenset(relevant)


def _matters(path: Path, named: set[Path]) -> bool:
    return path in named or (path.parent in named and path.suffix in SUFFIXES)

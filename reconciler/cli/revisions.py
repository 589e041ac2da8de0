"""The state as it was in a git revision, laid out in a folder of its own."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError

_GIT_S = 60


@contextmanager
def checked_out(revision: str, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The same paths within a copy of the repository at `revision`, as long as it is open.

    R714 where there is no repository, no such revision, or no such path in it.
    """
    folder = _folder(paths)
    root = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    commit = commit_of(revision, paths)
    with tempfile.TemporaryDirectory(prefix="reconciler-") as copy:
        archive = _git(root, "archive", "--format=tar", commit)
        subprocess.run(["tar", "-x", "-C", copy], input=archive, check=True, timeout=_GIT_S)
        made = [Path(copy) / Path(path).resolve().relative_to(root) for path in paths]
        missing = [path for path, there in zip(paths, made, strict=True) if not there.exists()]
        if missing:
            _refuse(f"{missing[0]} is not there in revision {revision}")
        yield tuple(str(path) for path in made)


def commit_of(revision: str, paths: Sequence[str]) -> str:
    """The commit of a revision, in the repository that holds the paths. R714 as above."""
    words = ("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    return _git(_folder(paths), *words).decode().strip()


def _folder(paths: Sequence[str]) -> Path:
    folder = Path(paths[0]).resolve()
    return folder if folder.is_dir() else folder.parent


def _git(folder: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, timeout=_GIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _refuse(f"git cannot be asked: {error}")
    if done.returncode:
        _refuse(f"git {words[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _refuse(summary: str) -> NoReturn:
    hint = "name a revision of the repository that holds the state, such as HEAD or main"
    raise DiagnosticsError([Diagnostic("R714", summary, hint=hint)])

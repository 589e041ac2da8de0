"""The git commit that the desired state is read from, for the records of what is tried."""

import glob
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

GIT_S = 2.0
DIRTY = "+"
# What a hook of git sets is about the repository of the hook, not that of the state.
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")


def commit_of(paths: Sequence[str], others: Sequence[str] = ()) -> str:
    """The commit of the repository that holds these files and directories of them.

    It ends with ``+`` where they are not as they are in that commit; so it does for `others`,
    files that they read, as far as the repository is about them. Empty where there is no git,
    no repository, no commit yet, or more than one repository: it is told, never needed.
    """
    named = [Path(path).resolve() for path in paths if path != "-"]
    if not named or "-" in paths:
        return ""
    heads = {_head(path if path.is_dir() else path.parent) for path in named}
    head = heads.pop()
    if heads or head is None:
        return ""
    root, commit = head
    read = [path for path in map(Path.resolve, map(Path, others)) if path.is_relative_to(root)]
    # What git ignores is in no commit, whatever it says; a secret is ignored for good reason.
    said = [_git(root, "status", "--porcelain", "--ignored", "--", *map(_pathspec, named))]
    said += [_git(root, "status", "--porcelain", "--", *map(_pathspec, read))] if read else []
    return "" if None in said else commit + DIRTY * any(said)


def _head(folder: Path) -> tuple[str, str] | None:
    said = _git(str(folder), "rev-parse", "--show-toplevel", "HEAD")
    root, _, commit = (said or "").strip().rpartition("\n")
    return (root, commit) if root and commit else None


def _pathspec(path: Path) -> str:
    """What git calls the file, or the files that are read of a directory."""
    if not path.is_dir():
        return f":(literal){path}"
    return f":(glob){glob.escape(str(path))}/*.y*ml"


def _git(folder: str, *words: str) -> str | None:
    environment = {name: text for name, text in os.environ.items() if name not in _FOREIGN}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(
            ["git", "-C", folder, "-c", "core.fsmonitor=false", *words], env=environment,
            capture_output=True, timeout=GIT_S, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout.decode(errors="replace")

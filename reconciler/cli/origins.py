"""What stands for what runs now, or is compared: a saved observation, a state, a git revision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reconciler.cli.files import read_file
from reconciler.cli.loading import load
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.model.diagnostic import Position
    from reconciler.model.stack import Positions, Stack
    from reconciler.rehearsal.observation import Seen


@dataclass(frozen=True, slots=True)
class Origin:
    """One that was named: what it is, and the word that names it again later.

    A file or a directory of that name goes before a revision. A branch moves on, so a revision
    is named by its commit from then on.
    """

    kind: Literal["observed", "state", "revision"]
    word: str

    @property
    def name(self) -> str:
        """What people call it: a commit by its first digits."""
        return self.word[:12] if self.kind == "revision" else self.word


def origin_of(settings: Settings, word: str) -> Origin:
    """What `word` names. R714 where it is neither a path nor a revision."""
    from reconciler.rehearsal.observation import is_observation

    path = Path(word)
    if path.is_file() and is_observation(read_file(path)):
        return Origin("observed", word)
    if path.exists():
        return Origin("state", word)
    from reconciler.cli.revisions import commit_of

    return Origin("revision", commit_of(word, settings.state))


def observed_at(origin: Origin) -> "Seen":
    """The saved observation; a diagnostic where it is damaged."""
    from reconciler.rehearsal.observation import decode

    return decode(read_file(Path(origin.word)), origin.word)


def stack_at(settings: Settings, origin: Origin) -> "Stack":
    """The desired state that was named. Places in a revision are ``COMMIT:FILE``."""
    if origin.kind == "state":
        return load(replace(settings, state=(origin.word,)), resolve=False).stack
    from reconciler.cli.revisions import checked_out

    with checked_out(origin.word, settings.state) as paths:
        stack = load(replace(settings, state=paths), resolve=False).stack
    names = _names(paths, settings.state, origin.name)
    return replace(stack, positions=_Renamed(stack.positions, names))


def _names(copies: Sequence[str], paths: Sequence[str], name: str) -> tuple[tuple[str, str], ...]:
    return tuple((copy, f"{name}:{path}") for copy, path in zip(copies, paths, strict=True))


@dataclass(frozen=True, slots=True)
class _Renamed:
    """Positions in files of a copy that is gone, by the names that a reader knows."""

    positions: "Positions"
    names: tuple[tuple[str, str], ...]

    def find(self, path: tuple[str | int, ...]) -> "Position | None":
        """As `Positions.find`."""
        at = self.positions.find(path)
        if at is None:
            return None
        for copy, name in self.names:
            if at.file.startswith(copy):
                return replace(at, file=name + at.file.removeprefix(copy))
        return at

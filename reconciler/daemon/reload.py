"""The desired state as it changes: each time it can be read, it is wanted."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.controller.interface import Policy, Redesired
from reconciler.daemon import files
from reconciler.model.diagnostic import DiagnosticsError
from reconciler.model.stack import Stack


@dataclass(frozen=True, slots=True)
class Read:
    """A stack as it was read, and the files that hold contents of its configs and secrets.

    `commit` is the git commit that it was read from, if any.
    """

    stack: Stack
    contents: Sequence[str]
    commit: str = ""


def reloads(
    paths: Sequence[str],
    first: Read,
    policy: Policy,
    *,
    read: Callable[[], Read],
    tell: Callable[[str], None],
    refuse: Callable[[DiagnosticsError], None],
    ended: threading.Event,
) -> Iterator[Redesired]:
    """An event for each change of the files that changes what is wanted.

    `read` loads and checks the state anew and raises DiagnosticsError where it cannot be:
    `refuse` hears of it, and what was wanted before stays so. A stack does not change its
    name while it is watched: the name is the scope of what is ours.
    """
    wanted = first
    while not ended.is_set():  # again with the files that are named now, after each change
        touched = next(files.changes(paths, wanted.contents, ended), None)
        if touched is None:
            return
        try:
            found = read()
        except DiagnosticsError as mistakes:
            refuse(mistakes)
            continue
        name = wanted.stack.name
        if found.stack.name != name:
            tell(f"the name is {found.stack.name} now: that is another stack; {name} stays")
        elif found.stack.digest != wanted.stack.digest:
            wanted = found
            tell(f"read again: {', '.join(sorted(touched))}")
            yield Redesired(found.stack, replace(policy, commit=found.commit))

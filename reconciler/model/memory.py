"""Answers that are remembered by what they were asked about, where that cannot be hashed."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MOST = 4096  # answers of one function; all of them go before there are more


def by_identity(function: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
    """A pure function of one object that never changes, asked once for each object.

    The object stays alive while its answer does, so that no other can have its identity.
    """
    known: dict[int, tuple[Asked, Answer]] = {}

    @wraps(function)
    def remembering(asked: Asked) -> Answer:
        found = known.get(id(asked))
        if found is None:
            if len(known) >= MOST:
                known.clear()
            found = known[id(asked)] = asked, function(asked)
        return found[1]

    return remembering

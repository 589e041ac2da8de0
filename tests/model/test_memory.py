"""Answers that are remembered by what they were asked about."""

from reconciler.model import memory
from reconciler.model.memory import by_identity


def test_the_same_object_is_asked_about_once_and_an_equal_one_again() -> None:
    asked: list[object] = []

    @by_identity
    def count(of: list[int]) -> int:
        asked.append(of)
        return len(of)

    one, other = [1], [1]
    assert (count(one), count(one), count(other)) == (1, 1, 1)
    assert len(asked) == 2


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    asked: list[object] = []

    @by_identity
    def note(of: list[int]) -> None:
        asked.append(of)

    first = [0]
    note(first)
    for number in range(memory.MOST):
        note([number])
    note(first)
    assert len(asked) == memory.MOST + 2

"""Whatever is wrong with a state, a scenario or an access log, no command ends in a traceback.

What is tried follows from a number; ``python -m tests.fuzz 1 NUMBER`` replays one, and
``python -m tests.fuzz SECONDS`` hunts on.
"""

from pathlib import Path

import pytest

from tests.fuzz.hunt import attempt

SEEDS = range(240)
APART = 12  # so that a failure is told with few others


@pytest.mark.parametrize("first", range(0, len(SEEDS), APART))
def test_no_input_ends_in_a_traceback_or_without_a_word(first: int, tmp_path: Path) -> None:
    wrong = []
    for seed in SEEDS[first : first + APART]:
        found = attempt(seed, tmp_path)
        if found.wrong:
            wrong.append(f"seed {seed}: {found}")
    assert not wrong, "\n".join(wrong)


def test_what_is_tried_is_often_taken_and_often_refused(tmp_path: Path) -> None:
    codes = [attempt(seed, tmp_path).code for seed in range(1000, 1100)]
    assert codes.count(1) >= 20 and codes.count(0) + codes.count(5) >= 20, codes

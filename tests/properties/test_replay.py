"""One history over processes and hash seeds."""

import os
import subprocess
import sys
from pathlib import Path

from tests.properties import failures, hold

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
from tests.properties.failures import digest_of
from tests.properties.small import FAULTY
for case in FAULTY:
    print(digest_of(case))
"""


def test_the_same_seed_and_faults_give_the_same_history() -> None:
    hold(failures.check_replay)


def test_the_history_is_the_same_in_every_process_and_under_every_hash_seed() -> None:
    histories = {_digests(seed) for seed in ("0", "1", "4242", "random")}
    assert len(histories) == 1, histories
    digests = histories.pop().split()
    assert len(set(digests)) == len(digests) > 5, "cases of their own have their own history"


def _digests(hash_seed: str) -> str:
    env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, timeout=120,
        check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout

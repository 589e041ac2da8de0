"""One history over processes and hash seeds."""

import os
import re
import shlex
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


# A check that fails on every stack of more than one instance, in place of a property's own.
BROKEN = """
import sys
from dataclasses import replace
import tests.properties as properties
from tests.properties.__main__ import main

def check(case):
    total = sum(s.get("replicas", 1) for s in case.after["services"].values())
    assert total <= 1, f"{total} instances"

found = properties.PROPERTIES[1]
properties.PROPERTIES = (replace(found, check=check),)
if len(sys.argv) > 1:
    sys.exit(main(sys.argv[1:]))
properties.hold(check)
"""


def test_a_failure_prints_one_command_that_replays_it_in_another_process() -> None:
    import tests.conftest  # its profile has Hypothesis write the example down

    assert tests.conftest._COMMON.print_blob
    profile = "from hypothesis import settings\nsettings.register_profile('p', print_blob=True, "
    script = profile + "database=None)\nsettings.load_profile('p')\n" + BROKEN
    failed = _run("-c", script)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    (line,) = re.findall(r"replay: python -m tests.properties (replay .*)", failed.stderr)
    again = _run("-c", script, *shlex.split(line))
    assert again.returncode == 1
    said = re.findall(r"\d+ instances", failed.stderr)[-1]
    assert f"AssertionError: {said}" in again.stderr
    # The property's own check passes on that very example.
    held = _run("-m", "tests.properties", *shlex.split(line))
    assert (held.returncode, held.stdout.split("\n")[-2]) == (0, "it holds"), held.stderr
    assert _run("-m", "tests.properties", "replay", "no such").returncode == 2


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], env=env, capture_output=True, text=True, timeout=240,
        check=False, cwd=ROOT,
    )  # fmt: skip

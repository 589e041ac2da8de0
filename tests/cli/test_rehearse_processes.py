"""Seeds on several cores: however it ends, no process and no traceback is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.cli import exits
from reconciler.rehearsal import many
from tests.cli.test_rehearse import write

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks /proc")
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


def children(pid: int) -> list[int]:
    """The workers of a process: its resource tracker is none."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split() if "spawn_main" in commanded(int(word))]


def commanded(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


@pytest.fixture
def running(shop: Path) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """A run that takes long, on two cores, with both of its workers at work."""
    write(shop)
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "simulate", "roll.yaml", "--seeds", "100000",
         "--cores", "2"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(lambda: len(children(process.pid)) == 2)
        yield process, children(process.pid)
    finally:
        process.kill()
        process.communicate()


def all_gone(workers: list[int]) -> bool:
    return not any("spawn_main" in commanded(worker) for worker in workers)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, exits.INTERRUPTED), (signal.SIGTERM, exits.TERMINATED)]
)
def test_an_interruption_ends_it_at_once_and_says_nothing(
    running: tuple["subprocess.Popen[str]", list[int]], number: signal.Signals, code: int
) -> None:
    process, workers = running
    # Ctrl-C of a terminal goes to all of its processes, and SIGTERM to the one that is named.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=PATIENCE_S)
    said = [line for line in err.splitlines() if line.strip() and not line.startswith("warning[")]
    assert (process.returncode, out, said) == (code, "", []), "but for what is found in its state"
    wait_for(lambda: all_gone(workers))


def test_workers_do_not_outlive_a_parent_that_is_killed(
    running: tuple["subprocess.Popen[str]", list[int]],
) -> None:
    process, workers = running
    process.kill()
    assert process.wait(PATIENCE_S) == -signal.SIGKILL
    wait_for(lambda: all_gone(workers))


def test_a_worker_that_is_killed_is_told_and_the_others_end(
    running: tuple["subprocess.Popen[str]", list[int]],
) -> None:
    process, workers = running
    os.kill(workers[0], signal.SIGKILL)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == exits.ERROR
    assert "R715" in err and "Traceback" not in err
    wait_for(lambda: all_gone(workers))


def test_an_end_that_is_asked_for_while_processes_are_made_is_heard_once_they_are() -> None:
    heard: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("the end"))
    try:
        with many._unheard():
            signal.raise_signal(signal.SIGTERM)
            heard.append("made")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == ["made", "the end"]

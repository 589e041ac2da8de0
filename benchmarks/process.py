"""Run a process and tell how long it took and how much memory it had."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Ran:
    """One process from start to end. `peak_bytes` is its largest resident set."""

    wall_s: float
    peak_bytes: int


def run(command: Sequence[str | Path], *, expect: int = 0) -> Ran:
    """Run a command with our package at hand; RuntimeError when it exits otherwise.

    The kernel counts the parent's memory as the child's until the child executes its own
    program, so whoever measures memory must stay small.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    with process.stderr as stream:
        complaint = stream.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != expect:
        shown = " ".join(map(str, command))
        raise RuntimeError(f"exit {process.returncode}: {shown}\n{complaint.decode()[-2000:]}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Ran(wall_s, usage.ru_maxrss * scale)


def python(*arguments: str | Path) -> list[str | Path]:
    """A command for the interpreter that runs this."""
    return [sys.executable, *arguments]

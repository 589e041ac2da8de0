"""Run a process and tell how long it took and how much memory it had."""

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMPORT_ALL = """
import contextlib, importlib, pkgutil, benchmarks, reconciler
for package in (benchmarks, reconciler):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # of what is not installed everywhere
                importlib.import_module(found.name)
"""


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
    environment = environ()
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


def environ() -> dict[str, str]:
    """The environment of what is measured: with our package, and with compiled modules.

    An installed program is compiled. Run from the source, where the environment forbids to
    write bytecode, our modules alone would be compiled anew at every start.
    """
    return {**_plain(), "PYTHONPYCACHEPREFIX": _bytecode()}


def _plain() -> dict[str, str]:
    usual = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**usual, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


@functools.cache
def _bytecode() -> str:
    """A folder with every module compiled, ours and those that we use; gone at the end."""
    folder = tempfile.mkdtemp(prefix="benchmarks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [sys.executable, "-c", IMPORT_ALL]
    subprocess.run(command, cwd=ROOT, env={**_plain(), "PYTHONPYCACHEPREFIX": folder}, check=True)
    return folder


def python(*arguments: str | Path) -> list[str | Path]:
    """A command for the interpreter that runs this."""
    return [sys.executable, *arguments]

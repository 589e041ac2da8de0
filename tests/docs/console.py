"""The commands that the documentation shows, as something that can be run.

A block is fenced as ``console``; a line that begins with ``$ `` is a command, lines right below
it that begin with ``> `` go on with it, and what follows, up to the next command, is what it
prints (each line must come, in this order; ``…`` stands for any text). A command that ends in
``# exit N`` must exit with N, any other with 0. A second word on the fence says where the block
runs:

==========  ===============================================================================
(nothing)   in every test run, on the simulator, one page's blocks after one another
``live``    with the live tests, against a Docker Engine
``fresh``   by the session `fresh`, in a clean copy of the repository
``ci``      by `.ci/run`, which must hold the same words
==========  ===============================================================================
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PLACES = ("", "live", "fresh", "ci")

_FENCE = re.compile(r"^( *)```console(?: +(\S+))?\s*\n(.*?)^\1```\s*$", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"\s+# exit (\d+)$")


@dataclass(frozen=True, slots=True)
class Command:
    """One command of one page, with what it must print and how it must exit."""

    page: str
    line: int
    place: str
    text: str
    prints: tuple[str, ...] = ()
    exit_code: int = 0


def pages() -> list[Path]:
    """Every page that shows commands."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands_of(page: Path, place: str) -> list[Command]:
    """The commands of a page that run in this place."""
    name = str(page.relative_to(ROOT)) if page.is_relative_to(ROOT) else page.name
    text = page.read_text()
    return [
        command
        for match in _FENCE.finditer(text)
        if (match[2] or "") == place
        for command in _commands(name, text.count("\n", 0, match.start(3)) + 1, place, match[3])
    ]


def _commands(page: str, first: int, place: str, block: str) -> list[Command]:
    found: list[Command] = []
    for number, raw in enumerate(block.splitlines(), first):
        line = raw.strip()
        if line.startswith("$ "):
            code = _EXIT.search(line)
            text = _EXIT.sub("", line[2:])
            found.append(Command(page, number, place, text, (), int(code[1]) if code else 0))
        elif line.startswith(">") and found and not found[-1].prints:  # the command goes on
            last = found[-1]
            text = f"{last.text}\n{line[1:].removeprefix(' ')}"
            found[-1] = Command(page, last.line, place, text, (), last.exit_code)
        elif line and found:
            last = found[-1]
            prints = (*last.prints, line)
            found[-1] = Command(page, last.line, place, last.text, prints, last.exit_code)
        elif line:
            raise ValueError(f"{page}:{number}: output before the first command: {line}")
    return found


def places_of(page: Path) -> set[str]:
    """The places that the page's fences name."""
    return {match[2] or "" for match in _FENCE.finditer(page.read_text())}


def run(commands: Sequence[Command], folder: Path, environment: dict[str, str]) -> list[str]:
    """Run the commands in a folder, one after another; what went otherwise than shown."""
    problems: list[str] = []
    for command in commands:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command.text],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False,
        )  # fmt: skip
        where = f"{command.page}:{command.line}: $ {command.text}"
        if done.returncode != command.exit_code:
            problems.append(
                f"{where}\nexit {done.returncode} and not {command.exit_code}:\n{done.stdout}"
            )
        elif (line := missing_line(command.prints, done.stdout)) is not None:
            problems.append(f"{where}\ndoes not print {line!r}:\n{done.stdout}")
    return problems


def missing_line(wanted: Sequence[str], output: str) -> str | None:
    """The first wanted line that the output does not have in its place."""
    lines = iter(line.strip() for line in output.splitlines())
    for line in wanted:
        pattern = re.compile(re.escape(line).replace("…", ".*"))
        if not any(pattern.fullmatch(printed) for printed in lines):
            return line
    return None


def copy_of_state(folder: Path) -> None:
    """What a reader has at hand: the stacks and scenarios of the repository."""
    for name in ("state", "sims", "docs"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)


def reader_environment(home: Path) -> dict[str, str]:
    """Variables of a reader who has installed the project and set nothing else."""
    scripts = home / "bin"
    scripts.mkdir(parents=True)
    shim = scripts / "reconciler"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    shim.chmod(0o755)
    kept = {name: os.environ[name] for name in ("DOCKER_HOST", "LANG") if name in os.environ}
    path = f"{scripts}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {
        **kept,
        "PATH": path,
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }

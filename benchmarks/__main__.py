"""``python -m benchmarks`` lists the figures, ``python -m benchmarks NAME`` measures one."""

import os
import subprocess
import sys

from benchmarks.figure import SHORT, Unavailable
from benchmarks.figures import FIGURES

NOT_MET = 3
USAGE = "usage: python -m benchmarks [NAME | --all]"


def main(arguments: list[str]) -> int:
    """Run the command; 0 when what was measured meets its bar, 3 when not, 64 on misuse."""
    match arguments:
        case []:
            return _list()
        case ["--all"]:
            return _all()
        case [name] if name in FIGURES:
            return _measure(name)
        case [name] if not name.startswith("-"):
            print(f"no figure is called {name!r}; there are {', '.join(FIGURES)}", file=sys.stderr)
            return 64
        case _:
            print(USAGE, file=sys.stderr)
            return 64


def _list() -> int:
    width = max(len(name) for name in FIGURES)
    for name, figure in FIGURES.items():
        print(f"{name:{width}}  {figure.wanted:>14}  {figure.about}")
    return 0


def _all() -> int:
    """Each in a process of its own: what one leaves in memory does not count for the next."""
    command = [sys.executable, "-m", "benchmarks"]
    short = {**os.environ, SHORT: "1"}
    codes = {n: subprocess.run([*command, n], env=short, check=False).returncode for n in FIGURES}
    missed = [name for name, code in codes.items() if code]
    if missed:
        print(f"not met: {', '.join(missed)}", file=sys.stderr)
    broken = any(code not in (0, NOT_MET) for code in codes.values())
    return 1 if broken else NOT_MET if missed else 0


def _measure(name: str) -> int:
    figure = FIGURES[name]
    print(f"{figure.about} ({figure.wanted})", flush=True)
    try:
        measured = figure.measure()
    except Unavailable as why:
        print(f"skipped: {name}: {why}")
        return 0
    if figure.peer is not None and measured.peer_value is not None:
        print(f"  ours {measured.value:.4g} {figure.unit}")
        print(f"  {figure.peer} {measured.peer_value:.4g} {figure.unit}")
    for label, (value, most) in measured.others.items():
        print(f"  {label} {value:.4g} (at most {most:g})")
    for label, text in measured.beside.items():
        print(f"  {label}: {text}")
    print(figure.line(measured), flush=True)
    return 0 if figure.meets(measured) else NOT_MET


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

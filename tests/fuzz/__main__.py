"""``python -m tests.fuzz SECONDS [SEED]``: hunt for tracebacks and endless runs.

A line for each failure, with what replays it: ``python -m tests.fuzz 1 SEED`` begins there.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.hunt import attempt


def main(arguments: list[str]) -> int:
    """Try seed after seed until the time is over; 1 where one failed."""
    seconds, seed = float(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 0
    end, failures, tried = time.monotonic() + seconds, 0, 0
    with TemporaryDirectory() as directory:
        while time.monotonic() < end:
            began = time.monotonic()
            found = attempt(seed, Path(directory))
            took = time.monotonic() - began
            if found.wrong:
                failures += 1
                print(f"seed {seed}: {found}", flush=True)
            elif took > 8:
                print(f"seed {seed}: slow, {took:.0f} s: {found.what}", flush=True)
            seed, tried = seed + 1, tried + 1
    print(f"{tried} tried, {failures} wrong; the next is seed {seed}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

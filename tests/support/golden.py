"""Outputs compared with files. `RECONCILER_GOLDEN=write` writes them anew, to be looked at."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "golden"


def check(name: str, text: str) -> None:
    """Compare `text` with the file `name` under tests/golden."""
    path = FOLDER / name
    if os.environ.get("RECONCILER_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"differs from tests/golden/{name}"

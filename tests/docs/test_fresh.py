"""The README's first steps, in a clean copy, with nothing but Python at hand."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs import console

# What an installer needs to know of this machine's network.
NETWORK = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT", "REQUESTS_CA")


def clean_copy(folder: Path) -> None:
    """The files that a clone would have, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=console.ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        source, target = console.ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


@pytest.mark.fresh
@pytest.mark.parametrize("page", [p for p in console.pages() if console.commands_of(p, "fresh")])
def test_the_first_steps_work_in_a_clean_copy(page: Path, tmp_path: Path) -> None:
    clean_copy(tmp_path / "copy")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "LANG") or name.upper().startswith(NETWORK)
    }
    environment |= {"HOME": str(tmp_path), "NO_COLOR": "1", "COLUMNS": "100"}
    commands = console.commands_of(page, "fresh")
    assert "\n\n".join(console.run(commands, tmp_path / "copy", environment)) == ""

"""Which sources the compiled kernel was made from; read by the build too, so it imports nothing."""

import hashlib
from pathlib import Path


def sources_digest(folder: Path) -> str:
    """A hash of the kernel's one source in a folder: what compiled modules must be made from."""
    files = sorted(each for each in folder.iterdir() if each.suffix in (".py", ".pxd"))
    seen = hashlib.sha256()
    for each in files:
        seen.update(each.name.encode() + b"\0" + each.read_bytes() + b"\0")
    return seen.hexdigest()

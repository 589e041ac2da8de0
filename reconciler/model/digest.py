"""Digests of the content of configs and secrets: names for content, and never the content.

Sixteen hexadecimal digits. A secret's digest is salted with its stack and name and slow to
compute (scrypt, RFC 7914: 8 MiB, about 25 ms), so that a label or a plan that shows it does
not let short secrets be guessed cheaply, nor equal ones be recognised across stacks.
"""

import hashlib
from functools import lru_cache

DIGITS = 16


def config_digest(content: bytes) -> str:
    """SHA-256 of the content."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


@lru_cache(maxsize=4096)
def secret_digest(content: bytes, stack: str, name: str) -> str:
    """Salted scrypt of the content; remembered by this process only."""
    salt = f"{stack}/{name}".encode()
    return hashlib.scrypt(content, salt=salt, n=2**13, r=8, p=1, dklen=32).hex()[:DIGITS]

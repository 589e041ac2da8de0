"""Digests of the content of configs and secrets: names for content, and never the content.

Sixteen hexadecimal digits. A secret's digest is salted with its stack and name and slow to
compute (scrypt, RFC 7914: 8 MiB, about 25 ms), so that a label or a plan that shows it does
not let short secrets be guessed cheaply, nor equal ones be recognised across stacks.
"""

import hashlib

DIGITS = 16

# (salt, SHA-256 of the content) → digest, so that the content itself is not held on to.
_digests: dict[tuple[str, bytes], str] = {}


def config_digest(content: bytes) -> str:
    """SHA-256 of the content."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def secret_digest(content: bytes, stack: str, name: str) -> str:
    """Salted scrypt of the content; remembered by this process only."""
    salt = f"{stack}/{name}"
    key = (salt, hashlib.sha256(content).digest())
    if key not in _digests:
        made = hashlib.scrypt(content, salt=salt.encode(), n=2**13, r=8, p=1, dklen=32)
        _digests[key] = made.hex()[:DIGITS]
    return _digests[key]

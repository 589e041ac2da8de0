"""What a stack's things are called on the engine.

Names are only how people and the engine's uniqueness see them: what a thing is, is read
from its labels.
"""

import hashlib
import re

from reconciler.model.resource import ResourceKey

MAX_NAME = 200
_UNFIT = re.compile(r"[^a-zA-Z0-9_.-]")


def fit(text: str) -> str:
    """`text` as the engine takes it; where that loses something, a digest keeps it unique."""
    clean = _UNFIT.sub("_", text)
    if clean == text and len(text) <= MAX_NAME:
        return text
    mark = hashlib.sha256(text.encode()).hexdigest()[:10]
    return f"{clean[: MAX_NAME - 11]}-{mark}"


def object_name(stack: str, key: ResourceKey) -> str:
    """The engine's name of a network, volume, config or secret.

    Networks and volumes are named as Compose names them; a config ``motd@1f3a`` is the
    volume ``shop.config.motd.1f3a``.
    """
    if key.kind in ("config", "secret"):
        return fit(f"{stack}.{key.kind}.{key.name.replace('@', '.')}")
    return fit(f"{stack}_{key.name}")


def record_name(stack: str, record_id: str) -> str:
    """The name of the volume that is the record ``kind.name.number``."""
    return fit(f"{stack}.rec.{record_id}")

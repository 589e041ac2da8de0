"""The engine's times: RFC 3339 with up to nine decimals, and the integers they become."""

import re
from datetime import datetime

from reconciler.model.units import NS_PER_S

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})")


def parse_time_ns(text: str | None) -> int | None:
    """``2026-11-21T06:44:31.5Z`` → ns since 1970; None for the engine's "never"."""
    match = _TIME.fullmatch(text or "")
    if match is None or match[1].startswith("0001-"):
        return None
    zone = "+00:00" if match[3] == "Z" else match[3]
    seconds = int(datetime.fromisoformat(match[1] + zone).timestamp())
    return seconds * NS_PER_S + int((match[2] or "0").ljust(9, "0"))

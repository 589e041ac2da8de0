"""Values of fields as people read them: durations, sizes, lists, and what is not there."""

import json

from reconciler.model.observed import Value
from reconciler.model.units import format_cpu, format_duration, format_size

_SIZES = ("resources.memory_limit", "resources.memory_request")
_TIMES = ("stop.grace", "stop.pre_stop", "stop.drain")
_PROBES = ("startup.", "liveness.", "readiness.")
_PROBE_TIMES = ("delay", "period", "timeout", "max_age")


def shown(path: str, value: Value) -> str:
    """`value` of the field `path` in the units that the desired state is written in."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _number(path, value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_word(word) for word in value) + "]"
    if path == "image.id":
        return value[: len("sha256:") + 12]
    return _word(value)


def _number(path: str, value: int) -> str:
    probe, _, name = path.partition(".")
    if path in _TIMES or (f"{probe}." in _PROBES and name in _PROBE_TIMES):
        return format_duration(value)
    if path in _SIZES:
        return format_size(value)
    return format_cpu(value) if path == "resources.cpu_limit" else str(value)


def _word(text: str) -> str:
    """Bare where that is plain; quoted where spaces or nothing at all would be missed."""
    if text and text == text.strip() and text.isprintable() and "→" not in text:
        return text
    return json.dumps(text, ensure_ascii=False)


def age(ns: int) -> str:
    """How long ago, in its one or two largest units: ``45s``, ``3m12s``, ``2d4h``."""
    seconds = max(ns, 0) // 1_000_000_000
    for unit, size, below in (("d", 86400, "h"), ("h", 3600, "m"), ("m", 60, "s")):
        if seconds >= size:
            rest = seconds % size // {"h": 3600, "m": 60, "s": 1}[below]
            return f"{seconds // size}{unit}" + (f"{rest}{below}" if rest else "")
    return f"{seconds}s"


def duration(ns: int) -> str:
    """How long something took: ``0.12s``, ``12.3s``, ``3m12s``."""
    seconds = max(ns, 0) / 1_000_000_000
    if seconds < 10:
        return f"{seconds:.2f}s"
    return f"{seconds:.1f}s" if seconds < 60 else age(ns)


def counted(count: int, one: str, many: str = "") -> str:
    """``1 service``, ``2 services``."""
    return f"{count} {one if count == 1 else many or one + 's'}"

"""Durations, sizes, CPU and amounts: what is written, and the integers they become.

Durations are integer nanoseconds, memory integer bytes, CPU integer millicores. Sizes
follow Kubernetes' quantities: ``512Mi`` is binary, ``500M`` decimal
(https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/);
durations follow Go's ``time.ParseDuration`` with ``d`` for days added.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from reconciler.model.noun import Parsed

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

_DURATION_NS = {
    "ns": 1, "us": 1_000, "µs": 1_000, "ms": NS_PER_MS, "s": NS_PER_S,
    "m": 60 * NS_PER_S, "h": 3600 * NS_PER_S, "d": 86400 * NS_PER_S,
}  # fmt: skip
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_SIZE_BYTES = {
    "": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|K|M|G|T|)")
_PERCENT = re.compile(r"(\d{1,4})%")
_CPU = re.compile(r"(\d+)m|(\d+(?:\.\d{1,3})?)")
_REMEMBERED = 4096  # texts of each kind: the services of a stack mostly write the same ones


def parse_duration_ns(value: object) -> int:
    """``"1m30s"`` → 90_000_000_000. A bare 0 is allowed, any other bare number is not."""
    text = str(value).strip() if isinstance(value, str | int) else ""
    found = None if isinstance(value, bool) else _duration_ns(text)
    if found is None:
        raise ValueError(f"not a duration: {value!r}; write it like 30s, 1m30s or 500ms")
    return found


@lru_cache(_REMEMBERED)
def _duration_ns(text: str) -> int | None:
    if text == "0":
        return 0
    end, total = 0, Decimal(0)
    for match in _DURATION_PART.finditer(text):
        if match.start() != end:
            break
        total += Decimal(match[1]) * _DURATION_NS[match[2]]
        end = match.end()
    return int(total) if end == len(text) and end > 0 else None


def format_duration(ns: int) -> str:
    """The shortest exact text: 90_000_000_000 → ``1m30s``."""
    if ns == 0:
        return "0s"
    parts, rest = [], abs(ns)
    for unit in ("d", "h", "m", "s", "ms", "us", "ns"):
        count, rest = divmod(rest, _DURATION_NS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if ns < 0 else "") + "".join(parts)


def parse_size_bytes(value: object) -> int:
    """``"512Mi"`` → 536_870_912; a bare integer is bytes."""
    found = None if isinstance(value, bool) else _size_bytes(str(value).strip())
    if found is None:
        raise ValueError(f"not a size: {value!r}; write it like 512Mi, 1Gi or 500M")
    return found


@lru_cache(_REMEMBERED)
def _size_bytes(text: str) -> int | None:
    match = _SIZE.fullmatch(text)
    return None if match is None else int(Decimal(match[1]) * _SIZE_BYTES[match[2]])


def format_size(size_bytes: int) -> str:
    """The shortest exact text: 536_870_912 → ``512Mi``."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if size_bytes and size_bytes % _SIZE_BYTES[unit] == 0:
            return f"{size_bytes // _SIZE_BYTES[unit]}{unit}"
    return str(size_bytes)


def parse_cpu_m(value: object) -> int:
    """``"250m"`` → 250, ``1`` and ``"1.5"`` → 1000 and 1500 (millicores)."""
    found = None if isinstance(value, bool) else _cpu_m(str(value).strip())
    if found is None:
        raise ValueError(f"not a CPU amount: {value!r}; write it like 250m, 1 or 1.5")
    return found


@lru_cache(_REMEMBERED)
def _cpu_m(text: str) -> int | None:
    match = _CPU.fullmatch(text)
    if match is None:
        return None
    return int(match[1]) if match[1] else int(Decimal(match[2]) * 1000)


def format_cpu(cpu_m: int) -> str:
    """250 → ``250m``, 2000 → ``2``."""
    return f"{cpu_m}m" if cpu_m % 1000 else str(cpu_m // 1000)


def parse_amount(value: object) -> str | int:
    """A count (``1``) or a share (``25%``) of the replicas."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value)):
        return f"{int(match[1])}%"
    raise ValueError(f"not an amount: {value!r}; write a count like 1 or a share like 25%")


def amount_of(value: str | int, total: int, *, up: bool) -> int:
    """`value` of `total`: percentages round up for a surge and down for unavailable.

    Source: kubernetes ``pkg/controller/deployment/util/deployment_util.go``.
    """
    if isinstance(value, int):
        return value
    share = int(value[:-1]) * total
    return -(-share // 100) if up else share // 100


def text_of(value: Any) -> Any:
    """A scalar where text is wanted: YAML's 8080 and true become ``8080`` and ``true``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def words_of(value: Any) -> Any:
    """A command: a list stays, a string is split as a POSIX shell splits words."""
    if not isinstance(value, str):
        return [text_of(word) for word in value] if isinstance(value, list) else value
    import shlex

    return shlex.split(value)


_DURATION_SCHEMA = {
    "type": ["string", "integer"],
    "pattern": r"^(0|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+)$",
}
_SIZE_SCHEMA = {"type": ["string", "integer"], "pattern": r"^\d+(\.\d+)?(Ki|Mi|Gi|Ti|k|K|M|G|T)?$"}
_CPU_SCHEMA = {"type": ["string", "number"], "pattern": r"^(\d+m|\d+(\.\d{1,3})?)$"}
_AMOUNT_SCHEMA = {"type": ["string", "integer"], "pattern": r"^\d+%?$"}
_TEXT_SCHEMA = {"type": ["string", "number", "boolean"]}

DurationNs = Annotated[int, Parsed(parse_duration_ns, _DURATION_SCHEMA)]
SizeBytes = Annotated[int, Parsed(parse_size_bytes, _SIZE_SCHEMA)]
CpuM = Annotated[int, Parsed(parse_cpu_m, _CPU_SCHEMA)]
Amount = Annotated[str | int, Parsed(parse_amount, _AMOUNT_SCHEMA)]
Text = Annotated[str, Parsed(text_of, _TEXT_SCHEMA)]
Words = Annotated[
    tuple[str, ...],
    Parsed(words_of, {"type": ["string", "array"], "items": _TEXT_SCHEMA}),
]

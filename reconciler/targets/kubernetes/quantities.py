"""Kubernetes' quantities and times, as integers.

Grammar: ``k8s.io/apimachinery/pkg/api/resource/quantity.go``. Amounts round up, as they do there.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from reconciler.model.units import NS_PER_S

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?")
_SUFFIXES: Mapping[str, Decimal] = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    **{suffix: Decimal(1000) ** n for n, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Decimal(1024) ** n for n, suffix in enumerate("KMGTPE", 1)},
}  # fmt: skip
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})")


def quantity(value: object) -> Decimal | None:
    """``100m``, ``2``, ``1.5Gi``, ``1e3`` as a number; None where it is none."""
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    number = Decimal(match[1] + (match[2] or ""))
    return number * _SUFFIXES.get(match[3] or "", Decimal(1))


def cpu_m(value: object) -> int | None:
    """An amount of CPU in millicores."""
    found = quantity(value)
    return None if found is None else _up(found * 1000)


def size_bytes(value: object) -> int | None:
    """An amount of memory in bytes."""
    found = quantity(value)
    return None if found is None else _up(found)


def amounts(found: Mapping[str, Any] | None) -> tuple[int | None, int | None]:
    """CPU in millicores and memory in bytes, of ``{cpu: 100m, memory: 64Mi}``."""
    said = found or {}
    return (
        cpu_m(said["cpu"]) if "cpu" in said else None,
        size_bytes(said["memory"]) if "memory" in said else None,
    )


def time_ns(text: object) -> int | None:
    """``2026-11-27T02:13:13Z`` → ns since 1970; None where there is no time."""
    match = _TIME.fullmatch(str(text or ""))
    if match is None:
        return None
    zone = "+00:00" if match[3] == "Z" else match[3]
    seconds = int(datetime.fromisoformat(match[1] + zone).timestamp())
    return seconds * NS_PER_S + int((match[2] or "0").ljust(9, "0"))


def _up(number: Decimal) -> int:
    return int(number.to_integral_value(rounding=ROUND_CEILING))

"""When a probe's verdict flips: computed at once, so that no single probe is an event.

A probe asks at start + delay and then once a period
(kubernetes ``pkg/kubelet/prober/worker.go``).
"""

from dataclasses import dataclass
from functools import lru_cache

from reconciler.model.observed import Fields
from reconciler.model.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class Asking:
    """A probe's times (ns) and thresholds."""

    delay: int
    period: int
    timeout: int
    successes: int
    failures: int

    def passes_at(self, began_ns: int, up_ns: int) -> int:
        """When it counts as passing, if it answers from `up_ns` on."""
        first = self.asks_at(began_ns, up_ns)
        return first + (self.successes - 1) * self.period

    def fails_at(self, began_ns: int, down_ns: int) -> int:
        """When it counts as failing, if it answers nothing from `down_ns` on.

        The last failure is known when its timeout is over.
        """
        first = self.asks_at(began_ns, down_ns)
        return first + (self.failures - 1) * self.period + self.timeout

    def misses(self, began_ns: int, from_ns: int, up_ns: int) -> bool:
        """Whether it fails for good, asking from `from_ns`, before the answer at `up_ns`."""
        span_ns = self.asks_at(began_ns, up_ns) - self.asks_at(began_ns, from_ns)
        return span_ns >= self.failures * self.period

    def asks_at(self, began_ns: int, at_ns: int) -> int:
        """The first time it asks at or after `at_ns`."""
        first = began_ns + self.delay
        if at_ns <= first:
            return first
        return first - (first - at_ns) // self.period * self.period


@lru_cache(maxsize=4096)
def _asking(delay: int, period: int, timeout: int, successes: int, failures: int) -> Asking:
    return Asking(delay, max(period, 1), timeout, max(successes, 1), max(failures, 1))


def asking(fields: Fields, name: str) -> Asking | None:
    """The probe `name` (``readiness``, ``liveness``, ``startup``) of an instance's fields."""
    if f"{name}.kind" not in fields:
        return None
    return _asking(
        _int(fields, f"{name}.delay", 0),
        _int(fields, f"{name}.period", 10 * NS_PER_S),
        _int(fields, f"{name}.timeout", NS_PER_S),
        _int(fields, f"{name}.successes", 1),
        _int(fields, f"{name}.failures", 3),
    )


def _int(fields: Fields, path: str, default: int) -> int:
    value = fields.get(path, default)
    return value if isinstance(value, int) else default

"""When a probe's verdict turns: computed at once, so that no single question is an event.

Three ask, and each counts time in its own way:

- the kubelet at start + delay and then once a period, whatever its answers
  (kubernetes ``pkg/kubelet/prober/worker.go``);
- our own prober likewise, and after `startup` has passed at once
  (`reconciler.targets.docker.prober`);
- Docker's engine one interval after the start and one interval after each answer. A failure
  that began within the start period does not count before the first success, and one success is
  enough (moby ``daemon/health.go``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from reconciler.model.observed import Fields
from reconciler.model.units import NS_PER_MS, NS_PER_S

# What a process does with a question: it answers well, it fails at once, it never answers.
ANSWERS, REFUSES, HANGS = range(3)

Turns = tuple[tuple[int, int], ...]  # from when (ns) it does what, oldest first

NAMES = ("readiness", "liveness", "startup")  # the first with a command is the engine's check

# What one run of a command in a container takes: measured on an engine 20.10, idle.
EXEC_NS = 60 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class Asking:
    """A probe's times (ns) and thresholds; `takes` is how long a good answer takes.

    `apart_ns`: from one question to the next while the answers are good, or refusals.
    """

    delay: int
    period: int
    timeout: int
    successes: int
    failures: int
    by: Literal["kubelet", "prober", "engine"] = "kubelet"
    takes: int = 0
    start_period: int = 0
    apart_ns: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "apart_ns", self.spacing_ns(self.takes))

    def first_ns(self, began_ns: int, from_ns: int) -> int:
        """The first question to a process that began then, if none is asked before `from_ns`."""
        if self.by == "engine":
            return began_ns + self.period
        first = began_ns + self.delay
        if from_ns <= first:
            return first
        return from_ns if self.by == "prober" else _on_grid(first, self.period, from_ns)

    def passes_ns(self, began_ns: int, up_ns: int) -> int:
        """When it first counts as passing, if it is refused until `up_ns` and answered well then.

        As `verdicts` has it, for who is not the engine.
        """
        spacing = self.apart_ns
        asked = began_ns + self.delay
        if up_ns > asked:  # as `_on_grid` has it
            asked -= (asked - up_ns) // spacing * spacing
        return asked + (self.successes - 1) * spacing + self.takes

    def fails_ns(self, began_ns: int, down_ns: int) -> int:
        """When what passes now counts as failing, if it is refused from `down_ns` on; likewise."""
        spacing = self.apart_ns
        asked = _on_grid(began_ns + self.delay, spacing, down_ns)
        return asked + (self.failures - 1) * spacing + self.takes

    def spacing_ns(self, took_ns: int) -> int:
        """From one question to the next, if its answer takes so long."""
        if self.by == "engine":
            return took_ns + self.period
        if self.by == "prober":  # a question that is still open is not asked again
            return -(-max(took_ns, 1) // self.period) * self.period
        return max(self.period, took_ns)

    def verdicts(self, began_ns: int, turns: Turns, from_ns: int = 0) -> Iterator[tuple[int, bool]]:
        """When it counts as passing or failing from then on, as `turns` has the answers.

        Nothing is asked before `from_ns`. Before the first verdict there is none.
        """
        ask, verdict, last, run = self.first_ns(began_ns, from_ns), None, None, 0
        counted_ns = began_ns + self.start_period
        for index, (_, does) in enumerate(turns):
            until = turns[index + 1][0] if index + 1 < len(turns) else None
            took_ns, ok = self.timeout if does == HANGS else self.takes, does == ANSWERS
            spacing, needed = self.spacing_ns(took_ns), self.successes if ok else self.failures
            while until is None or ask < until:
                if verdict is None and not ok and ask < counted_ns:
                    counted = counted_ns if until is None else min(counted_ns, until)
                    ask = _on_grid(ask, spacing, counted)
                    continue
                run, last = (run + 1 if ok == last else 1), ok
                if verdict is not ok and run >= needed:
                    verdict = ok
                    yield ask + took_ns, ok
                if verdict is not ok:
                    ask += spacing
                elif until is None:
                    return
                else:  # it learns nothing more until the answers turn
                    ask = _on_grid(ask, spacing, until)


def _on_grid(first: int, spacing: int, at_ns: int) -> int:
    """The first of `first`, `first` + `spacing`, … that is not before `at_ns`."""
    return first - (first - at_ns) // spacing * spacing if at_ns > first else first


@lru_cache(maxsize=4096)
def _asking(
    delay: int, period: int, timeout: int, successes: int, failures: int,
    by: Literal["kubelet", "prober"], takes: int,
) -> Asking:  # fmt: skip
    return Asking(
        delay, max(period, 1), timeout, max(successes, 1), max(failures, 1), by, takes
    )  # fmt: skip


def asking(fields: Fields, name: str, *, kubelet: bool = True) -> Asking | None:
    """The probe `name` (``readiness``, ``liveness``, ``startup``) of an instance's fields.

    It is asked by the kubelet, or by our own prober.
    """
    kind = fields.get(f"{name}.kind")
    if kind is None:
        return None
    return _asking(
        _int(fields, f"{name}.delay", 0),
        _int(fields, f"{name}.period", 10 * NS_PER_S),
        _int(fields, f"{name}.timeout", NS_PER_S),
        _int(fields, f"{name}.successes", 1),
        _int(fields, f"{name}.failures", 3),
        "kubelet" if kubelet else "prober",
        EXEC_NS if kind == "exec" and not kubelet else 0,
    )


def engine_check(fields: Fields) -> tuple[str, Asking] | None:
    """The probe that is the engine's own health check, by its name: it has room for one.

    As `reconciler.targets.docker.probes` has it: the first with a command, and a start period
    that gives `startup` all its tries.
    """
    for name in NAMES:
        if fields.get(f"{name}.kind") != "exec":
            continue
        probe = asking(fields, name, kubelet=False)
        assert probe is not None
        startup = asking(fields, "startup", kubelet=False)
        tries_ns = startup.delay + startup.period * startup.failures if startup else 0
        return name, Asking(
            0, probe.period, probe.timeout, 1, probe.failures, "engine", EXEC_NS,
            max(probe.delay, tries_ns),
        )  # fmt: skip
    return None


def asks_the_same(fields: Fields, one: str, other: str) -> bool:
    """Whether two probes ask the same question."""
    names = ("kind", "port", "path", "command", "service", "file")
    return all(fields.get(f"{one}.{name}") == fields.get(f"{other}.{name}") for name in names)


def _int(fields: Fields, path: str, default: int) -> int:
    value = fields.get(path, default)
    return value if isinstance(value, int) else default

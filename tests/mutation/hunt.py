"""Hunting mutants: each judge in turn, until one of its examples fails.

The judges are fixed examples, quick enough for every run of the tests. The properties are
the same sentences over generated examples: the honest measure, and slower.
"""

import time
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from tests.mutation import loaded_mutants, shutdown_mutants
from tests.mutation.judges import JUDGES
from tests.mutation.loaded_judges import LOADED_JUDGES
from tests.mutation.mutants import MUTANTS, Mutant, at_work
from tests.mutation.shutdown_judges import SHUTDOWN_JUDGES
from tests.properties import PROPERTIES, Property

__all__ = ["MUTANTS", "Verdict", "hunt", "hunt_by_properties", "loaded_mutants", "shutdown_mutants"]


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant; `judge` is empty when it survived."""

    name: str
    judge: str = ""
    example: str = ""
    examples: int = 0
    took_s: float = 0.0

    @property
    def killed(self) -> bool:
        return bool(self.judge)


def hunt(mutant: Mutant | None) -> Verdict:
    """Run every example until one fails; no mutant at all is the product itself.

    Judges with requests are asked first about what requests show.
    """
    began, count = time.perf_counter(), 0
    name = mutant.name if mutant else "the product"
    judges = (*JUDGES, *SHUTDOWN_JUDGES, *LOADED_JUDGES)
    if mutant is not None and mutant.loaded:
        judges = (*LOADED_JUDGES, *JUDGES, *SHUTDOWN_JUDGES)
    with at_work(mutant):
        for judge in judges:
            for label, check in judge.examples:
                count += 1
                try:
                    check()
                except Exception as error:
                    told = f"{label}: {type(error).__name__}: {error}"
                    return Verdict(name, judge.name, told, count, time.perf_counter() - began)
    return Verdict(name, examples=count, took_s=time.perf_counter() - began)


def hunt_by_properties(mutant: Mutant | None, most: int) -> Verdict:
    """At most so many examples of each property, the same ones each time."""
    began, count = time.perf_counter(), 0
    name = mutant.name if mutant else "the product"
    with at_work(mutant):
        for prop in PROPERTIES:
            error, examples = _first_failure(prop, most)
            count += examples
            if error is not None:
                told = f"{type(error).__name__}: {error}"
                return Verdict(name, prop.name, told, count, time.perf_counter() - began)
    return Verdict(name, examples=count, took_s=time.perf_counter() - began)


def _first_failure(prop: Property, most: int) -> tuple[Exception | None, int]:
    """What the first failing example raised, and how many were tried."""
    failure: list[Exception] = []
    tried = 0

    @settings(
        max_examples=most, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(prop.strategy)
    def each(example: Any) -> None:
        nonlocal tried
        if failure:
            return
        tried += 1
        try:
            prop.check(example)
        except Exception as error:
            failure.append(error)

    each()
    return (failure[0] if failure else None), tried

"""Two reports side by side: what the second does better or worse than the first.

Both are run by the same seeds, which draw the same arrivals and service times in both (common
random numbers): what differs within a seed is due to the change, not to chance, so differences
are judged by pairs. Where no seed is in both, the two confidence intervals are all there is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reconciler.model.rehearsal import Cause, Figure, Report
from reconciler.model.statistics import figure

Judgement = Literal["better", "worse", "same", "different", "unclear"]
Verdict = Literal["better", "worse", "mixed", "none"]

_SURE: tuple[Judgement, Judgement] = ("better", "worse")

# What a change is judged by first; only where none of them moves, by everything else.
_LOSSES = ("requests dropped", "sessions cut")

# Figures of which more is neither good nor bad, and of which more is good; of others less is.
_NEUTRAL = ("most instances",)
_MORE_IS_BETTER = ("least ready",)


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure in both reports; None where a report has none.

    `paired` is the second less the first over the seeds that both have; None without any.
    `overlap`: whether the confidence intervals of the two means overlap.
    """

    name: str
    unit: str
    before: Figure | None
    after: Figure | None
    paired: Figure | None
    overlap: bool
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class CauseChange:
    """One cause in both reports; None where a report has none of it."""

    before: Cause | None
    after: Cause | None

    @property
    def what(self) -> Literal["gone", "new", "stays"]:
        """What became of it."""
        if self.before is None:
            return "new"
        return "gone" if self.after is None else "stays"

    @property
    def cause(self) -> Cause:
        """The newest that is known of it."""
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one report to another."""

    before: Report
    after: Report
    differences: tuple[Difference, ...]
    causes: tuple[CauseChange, ...]
    seeds: tuple[int, ...]  # that both have

    def of(self, judgement: Judgement) -> tuple[Difference, ...]:
        """The differences that are judged so."""
        return tuple(each for each in self.differences if each.judgement == judgement)

    @property
    def verdict(self) -> Verdict:
        """What the second is on the whole; `none` where no difference shows.

        By whether its checks hold where only one of the two does, else by what is lost, else
        by all other figures; `mixed` where some are better and some are worse.
        """
        if self.before.holds != self.after.holds:
            return "better" if self.after.holds else "worse"
        for names in (_LOSSES, tuple(each.name for each in self.differences)):
            better, worse = (any(each.name in names for each in self.of(word)) for word in _SURE)
            if better or worse:
                return "mixed" if better and worse else "better" if better else "worse"
        return "none"


def compare(before: Report, after: Report) -> Comparison:
    """Every figure and every cause of either report beside that of the other."""
    both = {run.seed for run in before.runs} & {run.seed for run in after.runs}
    return Comparison(
        before, after, tuple(_differences(before, after)), _causes(before, after),
        tuple(sorted(both)),
    )  # fmt: skip


def _differences(before: Report, after: Report) -> Iterator[Difference]:
    first = {each.name: each for each in before.figures}
    second = {each.name: each for each in after.figures}
    for name in dict.fromkeys((*second, *first)):
        yield _difference(name, first.get(name), second.get(name))


def _difference(name: str, before: Figure | None, after: Figure | None) -> Difference:
    if before is None or after is None:
        unit = (before or after or _NOTHING).unit
        return Difference(name, unit, before, after, None, False, "unclear")
    seeds = sorted(before.by_seed.keys() & after.by_seed.keys())
    paired = None
    if seeds:
        changes = {seed: after.by_seed[seed] - before.by_seed[seed] for seed in seeds}
        paired = figure(name, before.unit, changes)
    overlap = before.low <= after.high and after.low <= before.high
    return Difference(
        name, before.unit, before, after, paired, overlap,
        _judged(name, before, after, paired, overlap),
    )  # fmt: skip


_NOTHING = Figure("", "", 0, 0, 0, 0, 0, 0, 0)


def _judged(
    name: str, before: Figure, after: Figure, paired: Figure | None, overlap: bool
) -> Judgement:
    """By pairs, sure where the interval of the differences leaves zero out."""
    if paired is not None:
        if paired.least == paired.most == 0:
            return "same"
        # One pair alone has no spread, and so says nothing of how sure it is.
        if len(paired.by_seed) < 2 or paired.low <= 0 <= paired.high:
            return "unclear"
    elif overlap:
        same = (before.least, before.most) == (after.least, after.most)
        return "same" if same and before.least == before.most else "unclear"
    what = name.rpartition(": ")[2]
    if what in _NEUTRAL:
        return "different"
    return "better" if (after.mean > before.mean) == (what in _MORE_IS_BETTER) else "worse"


def _causes(before: Report, after: Report) -> tuple[CauseChange, ...]:
    """New ones first, then those that stay, then those that are gone."""
    first = {_name(cause): cause for cause in before.causes}
    second = {_name(cause): cause for cause in after.causes}
    made = [
        CauseChange(first.get(key), second.get(key)) for key in dict.fromkeys((*second, *first))
    ]
    order = {"new": 0, "stays": 1, "gone": 2}
    return tuple(sorted(made, key=lambda change: order[change.what]))


def _name(cause: Cause) -> tuple[str, str]:
    return cause.code, cause.service

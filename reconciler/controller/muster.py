"""The instances of one service sorted and counted, a stretch of ordinals at a time.

What becomes of an instance depends on those of its own ordinal and on nothing else, so a stretch
in which nothing has changed is as it was: a look at thousands of instances of which a few have
changed costs about as much as those few. All of it can be lost, and is found again.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import TypeVar

from reconciler.diff.fit import Fit, Template
from reconciler.model.observed import Instance
from reconciler.plan.progress import arrived_ns
from reconciler.plan.roster import Fitting, Roster, roster_of

STRETCH_BITS = 5  # ordinals of one stretch, as a power of two
_id_of, _ordinal_of = attrgetter("id"), attrgetter("ordinal")
NOBODY: frozenset[str] = frozenset()
T = TypeVar("T")


@dataclass(slots=True)  # not frozen: one is made at each look at what changes
class Stretch:
    """The instances of some ordinals. `leaving`: those of them that are being stopped.

    `unfit` of the old do not fit or are above the ordinals asked for; `surplus` would fit, and are
    more than one at their ordinal. `ready` holds the ids of those that are, of current and old,
    and since when; `latest_ns` is the last of that.
    """

    template: Template
    replicas: int
    instances: tuple[Instance, ...]
    ids: frozenset[str]
    leaving: frozenset[str]
    roster: Roster
    unfit: tuple[Fit, ...]
    surplus: tuple[Fit, ...]
    stirring: tuple[Fit, ...]
    loose: tuple[Fit, ...]
    ready: tuple[str, ...]
    ready_ns: tuple[int, ...]
    latest_ns: int
    current_ready: int
    current_running: int
    old_ready: int
    is_replacing: bool
    arrived_ns: int


@dataclass(slots=True)  # not frozen: one is made at each look at what changes
class Muster:
    """All of a service's instances. `stirring`: current ones that do not just run and live.

    `loose`: current ones with something to change in place. `is_replacing`: some of the old do
    not fit. `arrived_ns`: when a current one came or became ready last.
    """

    roster: Roster
    stretches: Mapping[int, Stretch]
    stirring: tuple[Fit, ...]
    loose: tuple[Fit, ...]
    current_ready: int
    current_running: int
    old_ready: int
    is_replacing: bool
    arrived_ns: int

    def available(self, min_ready_ns: int, now_ns: int) -> tuple[frozenset[str], int | None]:
        """(who has been ready for long enough, when the next one will have been)."""
        latest_ns, found, next_ns = now_ns - min_ready_ns, [], None
        for each in self.stretches.values():
            if not each.ready or each.latest_ns <= latest_ns:
                found.append(each.ready)
                continue
            times = list(zip(each.ready, each.ready_ns, strict=True))
            found.append(tuple(id for id, since_ns in times if since_ns <= latest_ns))
            first_ns = min(since_ns for _, since_ns in times if since_ns > latest_ns)
            next_ns = first_ns if next_ns is None else min(next_ns, first_ns)
        wake_ns = None if next_ns is None else next_ns + min_ready_ns
        return frozenset(chain.from_iterable(found)), wake_ns


def mustered(
    template: Template, instances: tuple[Instance, ...], replicas: int,
    leaving: Collection[str], fitting: Fitting, known: Mapping[int, Stretch],
) -> Muster:  # fmt: skip
    """All of them; `instances` by their ordinals, `known` the stretches of the last time."""
    stretches: dict[int, Stretch] = {}
    first, leaves = 0, frozenset(leaving) if leaving else NOBODY
    while first < len(instances):
        number = instances[first].ordinal >> STRETCH_BITS
        end = len(instances)
        if instances[-1].ordinal >> STRETCH_BITS != number:
            end = bisect_left(instances, (number + 1) << STRETCH_BITS, first, key=_ordinal_of)
        part = instances[first:end]
        found = known.get(number)
        if found is None or not _holds(found, template, replicas, part, leaves):
            found = _stretch(template, replicas, part, leaves, fitting)
        stretches[number] = found
        first = end
    return _together(stretches)


def _holds(
    known: Stretch, template: Template, replicas: int, part: tuple[Instance, ...],
    leaving: frozenset[str],
) -> bool:  # fmt: skip
    return (
        known.template is template
        and known.replicas == replicas
        and known.instances == part
        and (known.leaving == leaving & known.ids if leaving else not known.leaving)
    )


def _stretch(
    template: Template, replicas: int, part: tuple[Instance, ...], leaving: frozenset[str],
    fitting: Fitting,
) -> Stretch:  # fmt: skip
    ids = frozenset(map(_id_of, part))
    leaving &= ids
    roster = roster_of(template, part, replicas, leaving, fitting)
    stirring, loose, ready, times = [], [], [], []
    current_ready = old_ready = 0
    for one in roster.current:
        instance = one.instance
        if instance.phase != "running" or not instance.live:
            stirring.append(one)
        if one.in_place:
            loose.append(one)
        if instance.ready:
            current_ready += 1
            if instance.ready_since_ns is not None:
                ready.append(instance.id)
                times.append(instance.ready_since_ns)
    ended = sum(not one.instance.is_running for one in stirring)
    is_replacing = False
    unfit: list[Fit] = []
    surplus: list[Fit] = []
    for one in roster.old:
        instance = one.instance
        is_replacing = is_replacing or bool(one.replacing)
        fits = not one.replacing and instance.ordinal < replicas
        (surplus if fits else unfit).append(one)
        if instance.ready:
            old_ready += 1
            if instance.ready_since_ns is not None:
                ready.append(instance.id)
                times.append(instance.ready_since_ns)
    return Stretch(
        template, replicas, part, ids, leaving, roster, tuple(unfit), tuple(surplus),
        tuple(stirring), tuple(loose), tuple(ready), tuple(times), max(times, default=0),
        current_ready, len(roster.current) - ended, old_ready, is_replacing,
        arrived_ns(roster.current),
    )  # fmt: skip


def _together(stretches: Mapping[int, Stretch]) -> Muster:
    found = list(stretches.values())
    if len(found) == 1:
        (one,) = found
        return Muster(
            one.roster, stretches, one.stirring, one.loose, one.current_ready,
            one.current_running, one.old_ready, one.is_replacing, one.arrived_ns,
        )  # fmt: skip
    roster = Roster(
        _all(found, lambda each: each.roster.current),
        _all(found, lambda each: each.unfit) + _all(found, lambda each: each.surplus),
        _all(found, lambda each: each.roster.past),
        _all(found, lambda each: each.roster.leaving),
    )
    return Muster(
        roster, stretches,
        _all(found, lambda each: each.stirring), _all(found, lambda each: each.loose),
        sum(each.current_ready for each in found), sum(each.current_running for each in found),
        sum(each.old_ready for each in found), any(each.is_replacing for each in found),
        max((each.arrived_ns for each in found), default=0),
    )  # fmt: skip


def _all(found: Iterable[Stretch], part: Callable[[Stretch], tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(chain.from_iterable(map(part, found)))

"""The instances of a workload, sorted by what is to become of them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from reconciler.diff.fit import Fit, Template, fit
from reconciler.model.observed import Instance
from reconciler.plan.restarting import is_spent

Fitting = Callable[[Template, Instance], Fit]


@dataclass(frozen=True, slots=True)
class Roster:
    """One service's instances. Each instance is in exactly one of the lists.

    `current`: as wanted, one for each ordinal. `old`: to be replaced, or surplus.
    `past`: ended, kept for its logs until its successor is ready. `leaving`: being stopped.
    """

    current: tuple[Fit, ...] = ()
    old: tuple[Fit, ...] = ()
    past: tuple[Instance, ...] = ()
    leaving: tuple[Instance, ...] = ()

    @property
    def ready(self) -> int:
        """Current instances that may get traffic."""
        return sum(f.instance.ready for f in self.current)


def roster_of(
    template: Template,
    instances: Iterable[Instance],
    replicas: int,
    leaving: Collection[str] = (),
    fitting: Fitting = fit,
) -> Roster:
    """Sort the instances. `leaving` are the ids already being stopped.

    `fitting` compares one instance with the template; a caller may remember what it said.

    Of several as wanted at one ordinal the newest attempt counts, and of two copies of one the
    untouched: an ended one before it is its past, and anything else beside it is surplus.
    """
    # Where nothing is ever restarted, disarmed is how it is wanted, and ended is how it stays.
    restarts = template.fields.get("restart.policy") != "never"
    fits: dict[int, list[Fit]] = {}
    old: list[Fit] = []
    past: list[Instance] = []
    gone: list[Instance] = []
    for instance in instances:
        if instance.id in leaving or instance.phase == "removing":
            gone.append(instance)
            continue
        found, ordinal = fitting(template, instance), instance.ordinal
        if found.replacing or ordinal >= replicas:
            old.append(found)
        elif ordinal in fits:
            fits[ordinal].append(found)
        else:
            fits[ordinal] = [found]
    current: list[Fit] = []
    for ordinal in sorted(fits):
        ranked = fits[ordinal]
        if len(ranked) > 1:
            ranked.sort(key=_newest_last)
        newest = ranked[-1]
        if newest.instance.phase == "running" or not restarts or not is_spent(newest.instance):
            current.append(newest)
            ranked.pop()
        for other in ranked:
            if other.instance.has_ended:
                past.append(other.instance)
            else:
                old.append(other)
    return Roster(tuple(current), tuple(old), tuple(past), tuple(gone))


def _newest_last(fit: Fit) -> tuple[int, bool, str]:
    return fit.instance.attempt, not fit.in_place, fit.instance.id

"""What was tried of a workload, as its records tell it."""

from dataclasses import dataclass

from reconciler.diff.fit import fit
from reconciler.model.record import Revision
from reconciler.model.resource import ResourceKey
from reconciler.plan.standing import Standing
from reconciler.plan.view import View


@dataclass(frozen=True, slots=True)
class Try:
    """One turn of a revision: its last fact, and when the turn began."""

    fact: Revision
    began_ns: int


@dataclass(frozen=True, slots=True)
class History:
    """The turns of one workload, newest first; what is wanted of it, and what runs.

    `held` says why what is wanted does not run.
    """

    key: ResourceKey
    wanted: str
    running: frozenset[str]
    tries: tuple[Try, ...] = ()
    held: str = ""


def history_of(key: ResourceKey, standing: Standing, view: View) -> History:
    """Read the facts. A turn is what was noted of one revision without another in between."""
    tries: list[Try] = []
    for fact in standing.facts:
        last = tries[-1] if tries else None
        goes_on = last is not None and (
            last.fact.revision == fact.revision and last.fact.outcome == "candidate"
        )
        if last is not None and goes_on:
            tries[-1] = Try(fact, last.began_ns)
        else:
            tries.append(Try(fact, fact.when_ns))
    template = standing.effective or standing.wanted
    running = set()
    for instance in view.of(key):
        if not instance.is_running:
            continue
        if instance.revision:
            running.add(instance.revision)
        elif fit(template, instance).is_current:  # adopted: made by somebody else
            running.add(template.revision)
    held = standing.failed.reason if standing.failed and not _goes_on(standing) else ""
    return History(key, standing.wanted.revision, frozenset(running), tuple(reversed(tries)), held)


def _goes_on(standing: Standing) -> bool:
    return standing.effective is standing.wanted

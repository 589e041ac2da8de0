"""How many calls of each kind a change takes when nothing fails.

This is what "the calls made are the calls planned" is held to.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from reconciler.diff.fit import Fit
from reconciler.model.observed import Instance
from reconciler.model.record import Record
from reconciler.plan.restarting import may_start_again
from reconciler.plan.roster import Roster
from reconciler.plan.shape import Shape
from reconciler.plan.standing import HISTORY_FACTS, Standing


def calls_of_rollout(
    standing: Standing, roster: Roster, shape: Shape, pulls: int, in_place: Iterable[Fit]
) -> Mapping[str, int]:
    """The calls that bring a service to its effective template."""
    create = shape.replicas - len(roster.current)
    calls = {
        "create": create,
        "start": create + sum(may_start_again(f.instance) for f in roster.current),
        "pull": pulls if create else 0,
        "update": sum(bool(f.in_place) for f in in_place),
        "remove": len(roster.past),
        **calls_of_facts(standing, is_done=not create and is_settled(roster)),
    }
    for instance in (*(f.instance for f in roster.old), *roster.leaving):
        for kind, count in calls_of_stop(instance).items():
            calls[kind] = calls.get(kind, 0) + count
    return {kind: calls[kind] for kind in sorted(calls) if calls[kind]}


def is_settled(roster: Roster) -> bool:
    """Whether everything that runs is as wanted, ready, and alone."""
    others = roster.old or roster.leaving or roster.past
    return not others and all(f.instance.ready and not f.in_place for f in roster.current)


def calls_of_facts(standing: Standing, *, is_done: bool = False) -> Mapping[str, int]:
    """The records that a change of revision writes and drops; what is done is only confirmed."""
    if standing.is_rolled_back or standing.is_good_noted:
        return {}
    written = 1 if standing.is_candidate_noted or is_done else 2
    surplus = max(0, len(standing.facts) + written - HISTORY_FACTS)
    return {"record": written, "forget": surplus}


def calls_of_stop(instance: Instance) -> Mapping[str, int]:
    """The calls that end one instance that obeys its signal."""
    if not instance.is_running:
        return {"remove": 1}
    armed = instance.armed and instance.fields.get("restart.policy", "never") != "never"
    routed = {"route": 1} if instance.routed else {}
    return {"update": int(armed), **routed, "signal": 1, "remove": 1}


def calls_of_removal(instances: Iterable[Instance], records: Iterable[Record]) -> Mapping[str, int]:
    """The calls that remove a workload and what is remembered of it."""
    calls: Counter[str] = Counter()
    for instance in instances:
        calls.update(calls_of_stop(instance))
    calls["forget"] += sum(1 for _ in records)
    return {kind: count for kind, count in sorted(calls.items()) if count}

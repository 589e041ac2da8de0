"""Kubernetes' arithmetic of rolling updates. Pure functions over counts.

Source: kubernetes ``pkg/controller/deployment/{rolling,sync}.go`` and
``pkg/controller/deployment/util/deployment_util.go``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model.units import amount_of


@dataclass(frozen=True, slots=True)
class Counts:
    """One replica set: the pods it should have, and how many of its pods are available."""

    spec: int
    available: int


def fenceposts(surge: str | int, unavailable: str | int, replicas: int) -> tuple[int, int]:
    """(surge, unavailable) as counts: ResolveFenceposts, then MaxUnavailable's cap."""
    if replicas == 0:
        return 0, 0
    up = amount_of(surge, replicas, up=True)
    down = amount_of(unavailable, replicas, up=False)
    if up == 0 and down == 0:
        down = 1
    return up, min(down, replicas)


def new_spec(new: Counts, total_spec: int, replicas: int, surge: int) -> int:
    """What the new set should have now: NewRSNewReplicas."""
    if new.spec >= replicas:
        return replicas
    most = replicas + surge
    if total_spec >= most:
        return new.spec
    return new.spec + min(most - total_spec, replicas - new.spec)


def old_specs(
    new: Counts, old: Sequence[Counts], replicas: int, unavailable: int
) -> tuple[int, ...]:
    """What the old sets, oldest first, should have now: reconcileOldReplicaSets.

    Unready pods go first, then ready ones down to the least that must be available.
    """
    specs = [each.spec for each in old]
    least = replicas - unavailable
    total = new.spec + sum(specs)
    most_down = total - least - (new.spec - new.available)
    if sum(specs) == 0 or most_down <= 0:
        return tuple(specs)
    cleaned = 0
    for index, each in enumerate(old):
        take = min(most_down - cleaned, each.spec - each.available)
        if take > 0:
            specs[index] -= take
            cleaned += take
    available = new.available + sum(each.available for each in old)
    left = max(0, available - least)
    for index, spec in enumerate(specs):
        take = min(spec, left)
        specs[index] -= take
        left -= take
    return tuple(specs)


def proportional(
    specs: Sequence[int], replicas: int, surge: int, annotated_most: int
) -> tuple[int, ...]:
    """The sets, biggest first, after a change of `replicas` in the middle of a rollout.

    GetProportion: each set keeps its share of desired + surge, rounded half away from zero;
    what rounding leaves over goes to the biggest.
    """
    most = replicas + surge if replicas > 0 else 0
    to_add = most - sum(specs)
    made, added = [], 0
    for spec in specs:
        share = 0
        if spec and to_add:
            share = _rounded(spec * most, max(annotated_most, 1)) - spec
            allowed = to_add - added
            share = min(share, allowed) if to_add > 0 else max(share, allowed)
        made.append(spec + share)
        added += share
    if made and to_add != added:
        made[0] = max(0, made[0] + to_add - added)
    return tuple(made)


def _rounded(top: int, bottom: int) -> int:
    return (2 * top + bottom) // (2 * bottom)

"""Which pods of a replica set go first: kubernetes ``ActivePodsWithRanks``.

Source: kubernetes ``pkg/controller/controller_utils.go``, and ``replica_set.go`` for the ranks.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cmp_to_key

from reconciler.model.units import NS_PER_S
from reconciler.sim.site import Site
from reconciler.sim.things import Container


def first_to_go(
    pods: Sequence[Container], related: Sequence[Container], site: Site | None, now_ns: int,
    *, log_scale: bool,
) -> list[Container]:  # fmt: skip
    """`pods` in the order in which they are deleted.

    `related` are all pods of the same owner: one whose node has more of them goes before one
    whose node has fewer. `log_scale`: ages in the same power of two count as equal, and then
    the id decides.
    """
    nodes: Counter[str] = Counter()
    placed = site.placed if site is not None else {}
    if placed:
        nodes.update(placed[pod.id] for pod in related if pod.id in placed)

    def compare(one: Container, other: Container) -> int:
        return _compare(one, other, nodes, placed, now_ns if log_scale else None)

    return sorted(pods, key=cmp_to_key(compare))


def _compare(
    one: Container, other: Container, nodes: Counter[str], placed: dict[str, str],
    now_ns: int | None,
) -> int:  # fmt: skip
    """Below 0 where `one` goes first. Each line decides what those before it left open."""
    fixed = [
        # Unscheduled; pending before running; not ready; more co-located. A deletion cost is an
        # annotation, which no field of ours sets.
        (one.id in placed) - (other.id in placed) if placed else 0,
        (one.phase == "running") - (other.phase == "running"),
        one.ready - other.ready,
        nodes[placed.get(other.id, "")] - nodes[placed.get(one.id, "")],
    ]
    for difference in fixed:
        if difference:
            return difference
    if one.ready and other.ready:
        younger = _younger(one, other, one.ready_since_ns, other.ready_since_ns, now_ns)
        if younger:
            return younger
    if one.engine_restarts != other.engine_restarts:
        return other.engine_restarts - one.engine_restarts
    return _younger(one, other, one.created_at_ns, other.created_at_ns, now_ns)


def _younger(
    one: Container, other: Container, since: int | None, others: int | None, now_ns: int | None
) -> int:
    """Who is so for a shorter time goes first. The API keeps whole seconds."""
    mine, theirs = (since or 0) // NS_PER_S, (others or 0) // NS_PER_S
    if mine == theirs:
        return 0
    if now_ns is not None:
        by_age = _log2(now_ns - mine * NS_PER_S) - _log2(now_ns - theirs * NS_PER_S)
        return by_age or (-1 if one.id < other.id else 1)
    return theirs - mine


def _log2(age_ns: int) -> int:
    return age_ns.bit_length() - 1 if age_ns > 0 else -1

"""Which pods of a replica set go first: kubernetes ``ActivePodsWithRanks``.

Source: kubernetes ``pkg/controller/controller_utils.go``, and ``replica_set.go`` for the ranks.
Each rule decides what those before it left open. What all leave open Kubernetes leaves to its
sort; here the id decides where ages are compared by their logarithm, else the order given.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter

from reconciler.model.units import NS_PER_S
from reconciler.sim.site import Site
from reconciler.sim.things import Container

Coarse = tuple[bool, bool, bool, int, int]

_id_of = attrgetter("id")


def first_to_go(
    pods: Sequence[Container], related: Iterable[Container], site: Site | None, now_ns: int,
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

    ranks = {
        second: _log2(now_ns - second * NS_PER_S) if log_scale else -second
        for second in _ready_seconds(pods)
    }

    def coarse(pod: Container) -> Coarse:
        """Unscheduled; pending before running; not ready; more co-located; ready for less long.

        A deletion cost is an annotation, which no field of ours sets.
        """
        for_long = ranks[_second(pod.ready_since_ns)] if pod.ready else 0
        where = placed.get(pod.id) if placed else None
        beside = 0 if where is None else -nodes[where]
        return where is not None, pod.phase == "running", pod.ready, beside, for_long

    if not log_scale:
        return sorted(pods, key=lambda pod: (*coarse(pod), *_exact(pod)))
    groups: dict[Coarse, list[Container]] = {}
    alike: dict[tuple[bool, int], list[Container]] = {}  # without nodes: what runs and is ready
    for pod in pods:
        if placed or pod.phase != "running":
            groups.setdefault(coarse(pod), []).append(pod)
            continue
        ready = pod.ready
        state = ready, (pod.ready_since_ns or 0) // NS_PER_S if ready else 0
        same = alike.get(state)
        if same is None:
            same = alike[state] = groups.setdefault(coarse(pod), [])
        same.append(pod)
    return [pod for rank in sorted(groups) for pod in _within(groups[rank], now_ns)]


def settled_until_ns(pods: Sequence[Container], now_ns: int) -> int:
    """Until when no age of these passes a power of two, so that their order stays."""
    seconds = _created_seconds(pods) | _ready_seconds(pods)
    ages = ((second * NS_PER_S, now_ns - second * NS_PER_S) for second in seconds)
    return min(
        (since_ns + (1 << age_ns.bit_length() if age_ns > 0 else 1) for since_ns, age_ns in ages),
        default=now_ns,
    )


def _exact(pod: Container) -> tuple[int, int]:
    """More restarts go first, then the younger."""
    return -pod.engine_restarts, -_second(pod.created_at_ns)


def _within(pods: list[Container], now_ns: int) -> list[Container]:
    """Pods that the first rules take for equal, in their order.

    Those that became ready in different seconds go by id; those of one second by restarts and
    age first. Together that is no order, and Kubernetes leaves to its sort what comes of it;
    here those of one second share out the places that their ids have among all.
    """
    by_id = sorted(pods, key=_id_of)
    restarts = {pod.engine_restarts for pod in pods}
    ages = {_log2(now_ns - second * NS_PER_S) for second in _created_seconds(pods)}
    if len(restarts) == len(ages) == 1:
        return by_id
    classes: dict[int | None, list[Container]] = {}
    for pod in by_id:
        classes.setdefault(_ready_second(pod), []).append(pod)
    sorted_classes = {
        second: iter(sorted(same, key=lambda pod: (-pod.engine_restarts, _age(pod, now_ns))))
        for second, same in classes.items()
    }
    return [next(sorted_classes[_ready_second(pod)]) for pod in by_id]


def _created_seconds(pods: Sequence[Container]) -> set[int]:
    return {pod.created_at_ns // NS_PER_S for pod in pods}


def _ready_seconds(pods: Sequence[Container]) -> set[int]:
    return {(pod.ready_since_ns or 0) // NS_PER_S for pod in pods if pod.ready}


def _ready_second(pod: Container) -> int | None:
    return _second(pod.ready_since_ns) if pod.ready else None


def _age(pod: Container, now_ns: int) -> int:
    return _log2(now_ns - _second(pod.created_at_ns) * NS_PER_S)


def _second(at_ns: int | None) -> int:
    """The API keeps whole seconds."""
    return (at_ns or 0) // NS_PER_S


def _log2(age_ns: int) -> int:
    return age_ns.bit_length() - 1 if age_ns > 0 else -1

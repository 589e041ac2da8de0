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

State = tuple[str | None, bool, int | None]  # its node, whether it runs, ready in which second
Coarse = tuple[bool, bool, bool, int, int]

_id_of = attrgetter("id")


def first_to_go(
    pods: Sequence[Container], related: Iterable[str], site: Site | None, now_ns: int,
    *, log_scale: bool, most: int | None = None,
) -> list[Container]:  # fmt: skip
    """`pods` in the order in which they are deleted; with `most`, as many of the first ones.

    `related` are the ids of all pods of the same owner: one whose node has more of them goes
    before one whose node has fewer. `log_scale`: ages in the same power of two count as equal,
    and then the id decides.
    """
    placed = site.placed if site is not None else {}
    nodes = Counter(map(placed.get, related)) if placed else Counter()

    def coarse(state: State) -> Coarse:
        """Unscheduled; pending before running; not ready; more co-located; ready for less long.

        A deletion cost is an annotation, which no field of ours sets.
        """
        where, running, second = state
        for_long = 0
        if second is not None:
            for_long = _log2(now_ns - second * NS_PER_S) if log_scale else -second
        beside = 0 if where is None else -nodes[where]
        return where is not None, running, second is not None, beside, for_long

    groups: dict[Coarse, list[Container]] = {}
    alike: dict[State, list[Container]] = {}  # the group of each state
    for pod in pods:
        second = (pod.ready_since_ns or 0) // NS_PER_S if pod.ready else None
        state = placed.get(pod.id), pod.phase == "running", second
        same = alike.get(state)
        if same is None:
            same = alike[state] = groups.setdefault(coarse(state), [])
        same.append(pod)
    order: list[Container] = []
    for rank in sorted(groups):
        order += _within(groups[rank], now_ns) if log_scale else sorted(groups[rank], key=_exact)
        if most is not None and len(order) >= most:
            break
    return order[:most]


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

"""Which pods of a replica set go first: kubernetes ``ActivePodsWithRanks``.

Source: kubernetes ``pkg/controller/controller_utils.go``, and ``replica_set.go`` for the ranks.
Each rule decides what those before it left open. What all leave open Kubernetes leaves to its
sort; here the id decides where ages are compared by their logarithm, else the order given.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    alike: dict[State, list[Container]] = {}
    for pod in pods:
        alike.setdefault(_state(pod, placed.get(pod.id)), []).append(pod)
    places = None if log_scale else {pod.id: place for place, pod in enumerate(pods)}
    return _in_order(alike, nodes, now_ns, places, most)


def _state(pod: Container, where: str | None) -> State:
    second = (pod.ready_since_ns or 0) // NS_PER_S if pod.ready else None
    return where, pod.phase == "running", second


def _in_order(
    alike: Mapping[State, Iterable[Container]], nodes: Mapping[str | None, int], now_ns: int,
    places: Mapping[str, int] | None, most: int | None,
) -> list[Container]:  # fmt: skip
    """The pods of each state, put in order; by `places` what no rule decides, else by log_scale."""

    def coarse(state: State) -> Coarse:
        """Unscheduled; pending before running; not ready; more co-located; ready for less long.

        A deletion cost is an annotation, which no field of ours sets.
        """
        where, running, second = state
        for_long = 0
        if second is not None:
            for_long = _log2(now_ns - second * NS_PER_S) if places is None else -second
        beside = 0 if where is None else -nodes[where]
        return where is not None, running, second is not None, beside, for_long

    groups: dict[Coarse, list[State]] = {}
    for state in alike:
        groups.setdefault(coarse(state), []).append(state)
    order: list[Container] = []
    for rank in sorted(groups):
        same = [pod for state in groups[rank] for pod in alike[state]]
        if places is None:
            order += _within(same, now_ns)
        else:
            same.sort(key=lambda pod: places[pod.id])
            order += sorted(same, key=_exact)
        if most is not None and len(order) >= most:
            break
    return order[:most]


class Ranked:
    """The pods of one set on nodes, by what ranks them first, kept as they change.

    So that a look at who is to go costs as much as there are states, and not pods. A pod that
    lives stays on the node that it was put on.
    """

    def __init__(self, pods: Iterable[Container]) -> None:
        self.nodes: Counter[str | None] = Counter()  # how many each has
        self._alike: dict[State, dict[str, Container]] = {}
        self._state: dict[str, State] = {}
        self._changed: dict[str, Container] = {}
        self._places: dict[str, int] = {}  # in which order they were made
        self._made = 0
        for pod in pods:
            self.see(pod)

    def see(self, pod: Container) -> None:
        """A pod that lives is new, or has changed."""
        self._changed[pod.id] = pod
        if pod.id not in self._places:
            self._made += 1
            self._places[pod.id] = self._made

    def forget(self, id: str) -> None:
        """A pod ends, or is gone."""
        self._changed.pop(id, None)
        self._places.pop(id, None)
        state = self._state.pop(id, None)
        if state is not None:
            self._out(id, state)

    def settle(self, site: Site) -> None:
        """Take in what has changed; what is on no node yet may have one the next time."""
        waiting: dict[str, Container] = {}
        for id, pod in self._changed.items():
            where = site.placed.get(id)
            if where is None:
                waiting[id] = pod
            before, state = self._state.get(id), _state(pod, where)
            if before == state:
                continue
            if before is not None:
                self._out(id, before)
            self._state[id] = state
            self._alike.setdefault(state, {})[id] = pod
            self.nodes[where] += 1
        self._changed = waiting

    def first_to_go(
        self, nodes: Mapping[str | None, int], now_ns: int, *, log_scale: bool, most: int
    ) -> list[Container]:
        """As the function of this name; the order given is that in which they were made."""
        alike = {state: same.values() for state, same in self._alike.items()}
        return _in_order(alike, nodes, now_ns, None if log_scale else self._places, most)

    def _out(self, id: str, state: State) -> None:
        same = self._alike[state]
        del same[id]
        if not same:
            del self._alike[state]
        self.nodes[state[0]] -= 1


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

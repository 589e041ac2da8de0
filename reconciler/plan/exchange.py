"""Which instances come and which go next: an ordered table of rules, first match wins.

The arithmetic is Kubernetes' (``pkg/controller/deployment/rolling.go``): each look scales
the new up or the old down, never both; counts are of instances that are not on their way
out. Where instances hold host ports, one makes room for its successor first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reconciler.diff.fit import Fit
from reconciler.model.observed import Instance
from reconciler.plan.shape import Shape


@dataclass(frozen=True, slots=True)
class Situation:
    """The instances of a service as the rules see them.

    `current` need no replacement, one for each ordinal; `old` do, or are surplus;
    `leaving` are being stopped. `available` holds the ids of those ready long enough.
    `evict`: whatever holds the old form of something must go first. `reserved` ordinals are
    those of unhealthy instances that have yet to end: their successors' delay counts from then.
    `lingering` counts those chosen to go that no call has reached yet: they still stand.
    """

    shape: Shape
    current: tuple[Fit, ...]
    old: tuple[Fit, ...]
    leaving: tuple[Instance, ...]
    available: frozenset[str]
    evict: bool = False
    reserved: frozenset[int] = frozenset()
    lingering: int = 0

    @property
    def total(self) -> int:
        """Instances that are not on their way out."""
        return len(self.current) + len(self.old)

    def count_available(self, fits: Sequence[Fit]) -> int:
        """How many of these are available."""
        return sum([f.instance.id in self.available for f in fits])

    def missing(self) -> tuple[int, ...]:
        """Ordinals that no current instance has, whose host ports are free."""
        taken = {f.instance.ordinal for f in self.current} | self.reserved
        if self.shape.holds_ports:
            held = [f.instance for f in self.old] + list(self.leaving)
            taken |= {i.ordinal for i in held if i.is_running}
        return tuple(o for o in range(self.shape.replicas) if o not in taken)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What comes and what goes next, and the rule that says so."""

    create: tuple[int, ...] = ()
    stop: tuple[Instance, ...] = ()
    rule: str = ""


NOTHING = Exchange()
Rule = Callable[[Situation], Exchange]


def exchange(situation: Situation) -> Exchange:
    """The first rule that has something to do."""
    for rule in RULES:
        found = rule(situation)
        if found.create or found.stop:
            return found
    return NOTHING


def _evicted(s: Situation) -> Exchange:
    """A network is replaced: everything on the old one makes way, whatever the floor."""
    return Exchange(stop=_instances(s.old), rule="evict") if s.evict else NOTHING


def _never_acted(s: Situation) -> Exchange:
    """What has ended or never started, and is not wanted as it is, costs nothing to remove."""
    idle = [f.instance for f in s.old if not f.instance.is_running]
    return Exchange(stop=tuple(idle), rule="idle") if idle else NOTHING


def _recreate(s: Situation) -> Exchange:
    """All of the old go before the first of the new comes."""
    if s.shape.way != "recreate":
        return NOTHING
    if s.old:
        return Exchange(stop=_instances(s.old), rule="recreate")
    if any(i.is_running for i in s.leaving):
        return NOTHING
    return Exchange(create=s.missing(), rule="recreate")


def _scale_up(s: Situation) -> Exchange:
    """New ones, as far as the surge allows."""
    if s.shape.way != "rolling" or s.evict:
        return NOTHING
    room = s.shape.replicas + s.shape.surge - s.total - s.lingering
    if room <= 0:
        return NOTHING
    return Exchange(create=s.missing()[:room], rule="scale up")


def _unready_old(s: Situation) -> Exchange:
    """Old ones that serve nobody go first, oldest ordinal first.

    Source: ``cleanupUnhealthyReplicas``.
    """
    if s.shape.way != "rolling" or not s.old:
        return NOTHING
    new_unavailable = len(s.current) - s.count_available(s.current)
    most = s.total - s.shape.least_available - new_unavailable
    if most <= 0:
        return NOTHING
    unready = [f.instance for f in _by_urgency(s) if f.instance.id not in s.available]
    return Exchange(stop=tuple(unready[:most]), rule="unready old")


def _ready_old(s: Situation) -> Exchange:
    """Old ones that serve, down to the floor.

    Source: ``scaleDownOldReplicaSetsForRollingUpdate``.
    """
    if s.shape.way != "rolling" or not s.old:
        return NOTHING
    most = s.count_available([*s.current, *s.old]) - s.shape.least_available
    if most <= 0:
        return NOTHING
    ready = [f.instance for f in _by_urgency(s) if f.instance.id in s.available]
    return Exchange(stop=tuple(ready[:most]), rule="ready old")


RULES: tuple[Rule, ...] = (
    _evicted,
    _never_acted,
    _recreate,
    _scale_up,
    _unready_old,
    _ready_old,
)


def _by_urgency(s: Situation) -> list[Fit]:
    # A disarmed one was chosen before, perhaps by a reconciler that was killed: choosing it
    # again keeps the floor. Then those whose successor serves; then by ordinal.
    served = {f.instance.ordinal for f in s.current if f.instance.id in s.available}
    return sorted(
        s.old,
        key=lambda f: (
            f.instance.armed,
            f.instance.ordinal not in served,
            f.instance.ordinal,
            f.instance.id,
        ),
    )


def _instances(fits: Sequence[Fit]) -> tuple[Instance, ...]:
    return tuple(f.instance for f in fits)

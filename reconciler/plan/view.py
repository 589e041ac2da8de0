"""The newest that is known of each resource, gathered from observations."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter, eq, lt

from reconciler.model.observed import Adoptable, Foreign, Instance, Observed, ObservedObject
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey

FEW = 32  # instances, which are sorted at once
_KEY_OF, _ORDINAL_OF = attrgetter("key"), attrgetter("ordinal")
_BY_ORDINAL = attrgetter("ordinal", "attempt", "id")
# The records of the newest observation, and the same by name: few looks bring new ones.
Sorted = tuple[tuple[Record, ...], Mapping[str, tuple[Record, ...]]]


@dataclass(slots=True)
class View:
    """What runs, by resource. Records are by name: those of one workload, or of the stack."""

    objects: dict[ResourceKey, ObservedObject] = field(default_factory=dict)
    instances: dict[ResourceKey, tuple[Instance, ...]] = field(default_factory=dict)
    records: dict[str, tuple[Record, ...]] = field(default_factory=dict)
    images: dict[str, str | None] = field(default_factory=dict)
    foreign: tuple[Foreign, ...] = ()
    unobservable: dict[ResourceKey, str] = field(default_factory=dict)
    adoptable: dict[ResourceKey, tuple[Adoptable, ...]] = field(default_factory=dict)
    now_ns: int = 0
    _sorted: Sorted = field(default=((), {}), repr=False, compare=False)

    def of(self, key: ResourceKey) -> tuple[Instance, ...]:
        """The instances of one workload, in the order of their ordinals."""
        return self.instances.get(key, ())

    def records_of(self, key: ResourceKey) -> tuple[Record, ...]:
        """The records about one resource."""
        return self.records.get(str(key), ())

    def known(self, key: ResourceKey) -> tuple[object, ...]:
        """All that is known of one resource, to be compared with what is known later."""
        return (
            self.instances.get(key), self.records.get(str(key)), self.objects.get(key),
            self.unobservable.get(key),
        )  # fmt: skip

    def keys(self) -> set[ResourceKey]:
        """Everything that is ours and there."""
        named = {ResourceKey.parse(name) for name in self.records if "/" in name}
        owned = {key for key, found in self.objects.items() if found.owned}
        return owned | set(self.instances) | named

    def take(self, observed: Observed, keys: Collection[ResourceKey] | None = None) -> None:
        """Replace what is known of the keys in scope (only those in `keys`, where given)."""
        scope, self.now_ns = observed.scope, observed.target_now_ns
        if scope.keys is None and keys is None:
            self._take_all(observed)
            return
        wanted = set(keys if keys is not None else scope.keys or ())
        self._forget(wanted)
        for key, found in observed.objects.items():
            if key in wanted:
                self.objects[key] = found
        self.instances.update(_instances(observed, wanted))
        self._take_records(observed.records, wanted)
        self.images.update(observed.images)
        if observed.adoptable:
            self.adoptable.update(_adoptable(observed, wanted))
        for key, why in observed.unobservable.items():
            if key in wanted:
                self.unobservable[key] = why

    def _take_records(self, records: tuple[Record, ...], wanted: set[ResourceKey]) -> None:
        if records is not self._sorted[0]:
            self._sorted = records, _by_name(records)
        by_name = self._sorted[1]
        for key in wanted:
            found = by_name.get(str(key))
            if found is not None:
                self.records[str(key)] = found

    def _take_all(self, observed: Observed) -> None:
        self.objects = dict(observed.objects)
        self.instances = _instances(observed, None)
        self._sorted = observed.records, _by_name(observed.records)
        self.records = dict(self._sorted[1])
        self.images = dict(observed.images)
        self.foreign = observed.foreign
        self.unobservable = dict(observed.unobservable)
        self.adoptable = _adoptable(observed, None)

    def _forget(self, keys: set[ResourceKey]) -> None:
        for key in keys:
            self.objects.pop(key, None)
            self.instances.pop(key, None)
            self.records.pop(str(key), None)
            self.unobservable.pop(key, None)
            self.adoptable.pop(key, None)


def view_of(observed: Observed) -> View:
    """What one whole observation tells."""
    view = View()
    view.take(observed)
    return view


def told_of(observed: Observed) -> list[ResourceKey]:
    """Every resource of ours that an observation tells of, in order."""
    named = {ResourceKey.parse(r.name) for r in observed.records if "/" in r.name}
    owned = {key for key, found in observed.objects.items() if found.owned}
    return sorted(named | owned | {i.key for i in observed.instances})


def _instances(
    observed: Observed, wanted: set[ResourceKey] | None
) -> dict[ResourceKey, tuple[Instance, ...]]:
    """By key, each in order. Those of one workload mostly come together."""
    grouped: dict[ResourceKey, list[Instance]] = {}
    for key, found in groupby(observed.instances, key=_KEY_OF):
        grouped.setdefault(key, []).extend(found)
    return {
        key: _in_order(found) for key, found in grouped.items() if wanted is None or key in wanted
    }


def _in_order(instances: list[Instance]) -> tuple[Instance, ...]:
    """By ordinal, attempt and id; where a cluster numbers them as it makes them, they are so.

    To sort by a number is cheap, by all three is not: that is left to those of one ordinal.
    """
    if len(instances) < FEW:
        instances.sort(key=_BY_ORDINAL)
        return tuple(instances)
    ordinals = list(map(_ORDINAL_OF, instances))
    if all(map(lt, ordinals, islice(ordinals, 1, None))):
        return tuple(instances)
    instances.sort(key=_ORDINAL_OF)
    ordinals.sort()
    if any(map(eq, ordinals, islice(ordinals, 1, None))):
        first = 0
        for many in Counter(ordinals).values():
            if many > 1:
                instances[first : first + many] = sorted(
                    instances[first : first + many], key=_BY_ORDINAL
                )
            first += many
    return tuple(instances)


def _adoptable(
    observed: Observed, wanted: set[ResourceKey] | None
) -> dict[ResourceKey, tuple[Adoptable, ...]]:
    grouped: dict[ResourceKey, tuple[Adoptable, ...]] = {}
    for each in observed.adoptable:
        if wanted is None or each.key in wanted:
            grouped[each.key] = (*grouped.get(each.key, ()), each)
    return grouped


def _by_name(records: tuple[Record, ...]) -> Mapping[str, tuple[Record, ...]]:
    grouped: dict[str, list[Record]] = {}
    for record in records:
        grouped.setdefault(record.name, []).append(record)
    return {name: tuple(sorted(found, key=lambda r: r.seq)) for name, found in grouped.items()}

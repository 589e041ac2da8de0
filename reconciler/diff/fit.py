"""How well an instance fits what is wanted of it."""

from dataclasses import dataclass
from functools import cached_property

from reconciler.diff.fields import Delta, deltas
from reconciler.model.fields import for_ordinal, is_in_place
from reconciler.model.observed import Fields, Instance
from reconciler.model.resource import ResourceKey


@dataclass(frozen=True)
class Template:
    """What every instance of a workload should be.

    `image_id` is the image that the reference stands for, where that is known; `pinned`
    tells that instances must be made of exactly this image (a rollback, after its tag moved).
    `evicting` are networks about to be made anew: what is on the old one has to leave it.
    """

    key: ResourceKey
    fields: Fields
    revision: str
    in_place: tuple[str, ...] = ()
    image_id: str | None = None
    pinned: bool = False
    evicting: tuple[str, ...] = ()

    @cached_property
    def holds_ports(self) -> bool:
        """Whether ordinals may differ in their host ports."""
        return any(path.startswith("ports.") for path in self.fields)

    def for_ordinal(self, ordinal: int) -> Fields:
        """What the instance with this ordinal should be."""
        return for_ordinal(self.fields, ordinal) if self.holds_ports else self.fields

    @property
    def image(self) -> str:
        """The image reference."""
        image = self.fields.get("image", "")
        assert isinstance(image, str)
        return image


@dataclass(frozen=True, slots=True)
class Fit:
    """An instance, and what would have to change for it to be as wanted."""

    instance: Instance
    replacing: tuple[Delta, ...] = ()
    in_place: tuple[Delta, ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether it need not be replaced."""
        return not self.replacing


def fit(template: Template, instance: Instance) -> Fit:
    """Compare an instance with its template: with what is live, not with a stored hash."""
    found = deltas(template.for_ordinal(instance.ordinal), instance.fields, instance.defaults)
    if template.image_id and instance.image_id and template.image_id != instance.image_id:
        found = (*found, Delta("image.id", instance.image_id, template.image_id))
    if template.evicting:
        found = (*found, *_evictions(template, instance))
    if not found:
        return Fit(instance)
    loose = tuple(d for d in found if is_in_place(d.path, template.in_place))
    fixed = tuple(d for d in found if not is_in_place(d.path, template.in_place))
    return Fit(instance, fixed, loose)


def _evictions(template: Template, instance: Instance) -> tuple[Delta, ...]:
    networks = instance.fields.get("networks")
    held = networks if isinstance(networks, tuple) else ()
    return tuple(
        Delta(f"networks.{name}", "as it was", "made anew")
        for name in template.evicting
        if name in held
    )

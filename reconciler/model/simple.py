"""Frozen data as what JSON has: mappings, lists, texts and numbers."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from reconciler.model.resource import ResourceKey

DERIVED = ("frozen", "placing")  # kept beside what they follow from, to be quick


def plain(value: Any) -> Any:
    """The value as JSON has it: a resource's key is its text, what has no order is sorted."""
    if isinstance(value, ResourceKey):
        return str(value)
    if is_dataclass(value):
        names = (f.name for f in fields(value) if f.name not in DERIVED)
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    return value

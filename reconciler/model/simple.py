"""Frozen data as what JSON has: mappings, lists, texts and numbers; and back by its types."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from reconciler.model.resource import ResourceKey

DERIVED = ("frozen", "reading", "placing")  # kept beside what they follow from, to be quick


def plain(value: Any) -> Any:
    """The value as JSON has it: a resource's key is its text, what has no order is sorted."""
    if isinstance(value, ResourceKey):
        return str(value)
    if is_dataclass(value):
        names = (f.name for f in fields(value) if f.name not in DERIVED)
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, frozenset):
        return [plain(each) for each in sorted(value)]
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    return value


def restored(hint: Any, data: Any) -> Any:
    """A value of the type `hint` from what `plain` made of one.

    TypeError, ValueError or KeyError where `data` is of another shape. What was left out has its
    default; what nobody asked for is refused.
    """
    if hint is ResourceKey:
        return ResourceKey.parse(data)
    if isinstance(hint, type) and is_dataclass(hint):
        hints = _hints(hint)
        return hint(**{name: restored(hints[name], value) for name, value in data.items()})
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _one_of(args, data)
    if origin is tuple:
        return _tuple(args, data)
    if origin is frozenset:
        return frozenset(restored(args[0], each) for each in _checked(list, data))
    if origin is not None and origin is not Literal and issubclass(origin, Mapping):
        key, value = args
        items = _checked(dict, data).items()
        return {restored(key, name): restored(value, each) for name, each in items}
    if origin is Literal:
        if data not in args:
            raise ValueError(f"{data!r} is none of {args}")
        return data
    return data if hint is Any else _checked((int, float) if hint is float else hint, data)


@lru_cache(maxsize=256)
def _hints(cls: Any) -> Mapping[str, Any]:
    return get_type_hints(cls)


def _one_of(options: tuple[Any, ...], data: Any) -> Any:
    """The first of the options that the data is one of."""
    for option in options:
        try:
            return restored(NoneType if option is None else option, data)
        except (TypeError, ValueError, KeyError, AttributeError):
            continue
    raise TypeError(f"{data!r} is none of {options}")


def _tuple(args: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    values = _checked(list, data)
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(restored(args[0], each) for each in values)
    return tuple(restored(hint, each) for hint, each in zip(args, values, strict=True))


def _checked(kind: Any, data: Any) -> Any:
    """The data, which is of this kind; true is no number."""
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise TypeError(f"{data!r} is no {getattr(kind, '__name__', kind)}")
    return data

"""Values of the model as a state file writes them: ``30s``, ``512Mi``, ``250m``."""

import dataclasses
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from reconciler.model.noun import Parsed
from reconciler.model.units import (
    format_cpu,
    format_duration,
    format_size,
    parse_cpu_m,
    parse_duration_ns,
    parse_size_bytes,
)
from reconciler.spec.explain import bare_type, hints

_FORMAT: dict[Callable[[Any], Any], Callable[[int], str]] = {
    parse_duration_ns: format_duration,
    parse_size_bytes: format_size,
    parse_cpu_m: format_cpu,
}


def written(value: Any, annotation: Any = Any) -> Any:
    """`value` of this type as plain data that reads back as the same value.

    Fields without a value, and empty ones, are left out.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        types_of = hints(type(value))
        made = {name: written(getattr(value, name), types_of[name]) for name in types_of}
        return {name: part for name, part in made.items() if part not in (None, [], {}, "")}
    if isinstance(value, int) and not isinstance(value, bool):
        for parsed in parsers(annotation):
            if parsed.parse in _FORMAT:
                return _FORMAT[parsed.parse](value)
        return value
    arguments = get_args(bare_type(annotation))
    if isinstance(value, Mapping):
        inner = arguments[1] if len(arguments) == 2 else Any
        return {name: written(part, inner) for name, part in value.items()}
    if isinstance(value, list | tuple):
        inner = arguments[0] if arguments else Any
        return [written(part, inner) for part in value]
    return value


def parsers(annotation: Any) -> Iterator[Parsed]:
    """The shorthands that a type accepts, outermost first."""
    if get_origin(annotation) is Annotated:
        inner, *notes = get_args(annotation)
        yield from (note for note in reversed(notes) if isinstance(note, Parsed))
        yield from parsers(inner)
    elif get_origin(annotation) in (Union, types.UnionType):
        for argument in get_args(annotation):
            yield from parsers(argument)

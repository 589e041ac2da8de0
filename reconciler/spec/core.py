"""From the nouns' annotations to pydantic's core schema, and to a validator that runs it.

pydantic's own way from the one to the other knows every annotation there is, and takes a
good part of a short command's time; nouns use a dozen. A test holds that both ways make the
same schema. Scalars are strict: ``"3"`` is no number, and ``no`` is not false.
"""

import dataclasses
import types
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic_core import SchemaValidator, core_schema

from reconciler.model.noun import Parsed
from reconciler.spec.explain import hints

CoreSchema = Any  # one of pydantic's many typed dictionaries
Definitions = dict[str, CoreSchema]

_SCALARS: Mapping[Any, CoreSchema] = {
    Any: {"type": "any"},
    str: {"type": "str", "strict": True},
    int: {"type": "int", "strict": True},
    float: {"type": "float", "strict": True},
    bool: {"type": "bool", "strict": True},
}


@cache
def validator(kind: type) -> SchemaValidator:
    """A validator of a noun."""
    return SchemaValidator(schema_of(kind))


def schema_of(annotation: Any) -> CoreSchema:
    """The core schema of a noun, or of what a field is annotated with; nouns come once."""
    definitions: Definitions = {}
    top = _of(annotation, definitions)
    return core_schema.definitions_schema(top, list(definitions.values()))


def _of(annotation: Any, definitions: Definitions) -> CoreSchema:
    """The schema of what a field is annotated with; nouns go to `definitions`."""
    scalar = _SCALARS.get(annotation) if isinstance(annotation, type) else None
    if scalar is not None or annotation is Any:
        return scalar or _SCALARS[Any]
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _noun(annotation, definitions)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:], definitions)
    if origin in (Union, types.UnionType):
        return _union(arguments, definitions)
    if origin is Literal:
        return core_schema.literal_schema(list(arguments))
    if origin is tuple and arguments[1:] == (...,):
        inner = _of(arguments[0], definitions)
        return core_schema.tuple_schema([inner], variadic_item_index=0)
    assert origin is Mapping, annotation
    keys, values = (_of(argument, definitions) for argument in arguments)
    return core_schema.dict_schema(keys, values, strict=False)


def _annotated(inner: Any, notes: tuple[Any, ...], definitions: Definitions) -> CoreSchema:
    made = _of(inner, definitions)
    for note in notes:
        assert isinstance(note, Parsed), note
        made = core_schema.no_info_before_validator_function(note.parse, made)
    return made


def _union(arguments: tuple[Any, ...], definitions: Definitions) -> CoreSchema:
    choices = [_of(each, definitions) for each in arguments if each is not types.NoneType]
    made = choices[0] if len(choices) == 1 else core_schema.union_schema(choices)
    return core_schema.nullable_schema(made) if types.NoneType in arguments else made


def _noun(kind: type, definitions: Definitions) -> CoreSchema:
    ref = f"{kind.__module__}.{kind.__qualname__}"
    if ref not in definitions:
        definitions[ref] = {}  # a place, in case that it holds itself
        types_of, fields = hints(kind), dataclasses.fields(kind)
        arguments = core_schema.dataclass_args_schema(
            kind.__name__, [_field(each, types_of[each.name], definitions) for each in fields]
        )
        definitions[ref] = core_schema.dataclass_schema(
            kind, arguments, [each.name for each in fields], ref=ref, slots=True,
            config={"title": kind.__name__, "extra_fields_behavior": "forbid"},
        )  # fmt: skip
    return core_schema.definition_reference_schema(ref)


def _field(field: Any, annotation: Any, definitions: Definitions) -> Any:
    made = _of(annotation, definitions)
    if field.default_factory is not dataclasses.MISSING:
        made = core_schema.with_default_schema(made, default_factory=field.default_factory)
    elif field.default is not dataclasses.MISSING:
        made = core_schema.with_default_schema(made, default=field.default)
    return core_schema.dataclass_field(field.name, made)

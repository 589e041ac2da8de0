"""How the nouns of the model are declared: frozen, slotted, keyword-only, described.

A noun is a plain dataclass, so the core needs no validation library. The attributes
that pydantic looks for (``__pydantic_config__`` here, ``__get_pydantic_core_schema__``
on :class:`Parsed`) are plain data and plain methods: `reconciler.spec` validates YAML
straight into these classes, and nothing in this package imports pydantic.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def about(text: str, *examples: object) -> Any: ...
@overload
def about(text: str, *examples: object, default: T) -> T: ...
@overload
def about(text: str, *examples: object, default_factory: Callable[[], T]) -> T: ...
def about(
    text: str,
    *examples: object,
    default: Any = dataclasses.MISSING,
    default_factory: Any = dataclasses.MISSING,
) -> Any:
    """A field with its description and examples, as the JSON Schema shows them."""
    metadata = {"description": text, "examples": list(examples)}
    if default_factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=default_factory, metadata=metadata)
    if default is not dataclasses.MISSING:
        return dataclasses.field(default=default, metadata=metadata)
    return dataclasses.field(metadata=metadata)


@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(about, dataclasses.field)
)
def noun(cls: type[T]) -> type[T]:
    """Make `cls` a frozen, slotted, keyword-only dataclass that refuses unknown keys."""
    made = dataclasses.dataclass(frozen=True, slots=True, kw_only=True)(cls)
    made.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]
    return made


class Parsed:
    """An annotation: text or shorthand that `parse` turns into the annotated type.

    `parse` takes what YAML gave and returns what the annotated type accepts; it raises
    ``ValueError`` with a sentence for people. `schema` is what an editor is told of the
    written form; with `also`, the annotated type's own schema is allowed beside it.
    """

    def __init__(
        self, parse: Callable[[Any], Any], schema: dict[str, Any], *, also: bool = False
    ) -> None:
        self.parse = parse
        self.schema = schema
        self.also = also

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """pydantic's hook; a core schema is a plain dictionary."""
        return {
            "type": "function-before",
            "function": {"type": "no-info", "function": self.parse},
            "schema": handler(source),
        }

    def __get_pydantic_json_schema__(self, core: Any, handler: Callable[[Any], Any]) -> Any:
        """pydantic's hook for the exported JSON Schema."""
        if not self.also:
            return dict(self.schema)
        return {"anyOf": [dict(self.schema), handler(core["schema"])]}


def listed(names: Sequence[str]) -> str:
    """`a, b and c`, for messages."""
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]

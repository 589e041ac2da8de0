"""JSON Schema, draft 7: the keywords that the exported schemas use."""

import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def subschemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key not in ("examples", "default"):
                yield from subschemas(value)
    elif isinstance(node, list):
        for item in node:
            yield from subschemas(item)


def errors(schema: Schema, value: Any, whole: Schema) -> list[str]:
    """What is wrong with `value` by `schema`, a part of the `whole`."""
    found = []
    if "$ref" in schema:
        return errors(whole["definitions"][schema["$ref"].rpartition("/")[2]], value, whole)
    for part in schema.get("allOf", []):
        found += errors(part, value, whole)
    options = schema.get("anyOf", [])
    if options and not any(errors(option, value, whole) == [] for option in options):
        found.append(f"{value!r} fits none of {len(options)}")
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(is_a(value, kind) for kind in kinds):
        return [*found, f"{value!r} is no {kinds}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{value!r} is none of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{value!r} is not {schema['const']!r}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        found.append(f"{value!r} does not match {schema['pattern']}")
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        found += [e for item in value for e in errors(schema["items"], item, whole)]
    if isinstance(value, dict):
        found += mapping_errors(schema, value, whole)
    return found


def mapping_errors(schema: Schema, value: dict[str, Any], whole: Schema) -> list[str]:
    found = [f"{name!r} is missing" for name in schema.get("required", []) if name not in value]
    more = schema.get("additionalProperties", True)
    for name, part in value.items():
        if name in schema.get("properties", {}):
            found += errors(schema["properties"][name], part, whole)
        elif more is False:
            found.append(f"{name!r} is unknown")
        elif isinstance(more, dict):
            found += errors(more, part, whole)
    return found


def is_a(value: Any, kind: str) -> bool:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "object": isinstance(value, dict), "array": isinstance(value, list),
        "string": isinstance(value, str), "boolean": isinstance(value, bool), "null": value is None,
        "number": numeric, "integer": numeric and isinstance(value, int),
    }[kind]  # fmt: skip

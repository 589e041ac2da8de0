"""The JSON Schemas of state files and scenarios: draft 7, as yaml-language-server reads it.

It is made from the model: descriptions, examples and defaults are the fields' own. What
validation cannot say to an editor is added: placeholders fit everywhere, and parts of a stack
(`defaults`, overlays, templates) need nothing and may remove anything by null.
"""

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import TypeAdapter

from reconciler.model.scenario import Scenario
from reconciler.model.stack import Declared
from reconciler.spec.explain import bare_type, hints
from reconciler.spec.vocabulary import Vocabulary
from reconciler.spec.written import written

Schema = dict[str, Any]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_REF = "#/definitions/"
_PARTIAL = "Partial"
_PLACEHOLDER: Schema = {"type": "string", "pattern": r"\$\{"}
_NULL: Schema = {"type": "null"}


def json_schema() -> Schema:
    """The schema of one state file."""
    definitions: dict[str, Schema] = {}
    stack = _of(Declared, definitions)
    vocabulary = _of(Vocabulary, definitions)
    kinds = {kind.__name__: kind for kind in nouns()}
    for schema in _objects([stack, vocabulary, definitions]):
        _defaults(schema, kinds[schema["title"]])
    stack["properties"]["name"]["description"] += " The stem of the file where it is not written."
    definitions.update(_partials(definitions))
    partial_stack = _partial(stack)
    _open_ends(definitions, vocabulary, partial_stack)
    properties = {**stack["properties"], **vocabulary["properties"]}
    whole = {
        "$schema": _DRAFT,
        "title": "Desired state",
        "description": "What should run, as `reconciler` reads it.",
        "type": "object",
        "additionalProperties": False,
        "properties": dict(sorted(properties.items(), key=lambda item: item[0] != "name")),
        "definitions": dict(sorted(definitions.items())),
    }
    _finish(whole)
    return whole


def scenario_schema() -> Schema:
    """The schema of one scenario file."""
    definitions: dict[str, Schema] = {}
    scenario = _of(Scenario, definitions)
    kinds = {kind.__name__: kind for kind in nouns((Scenario,))}
    for schema in _objects([scenario, definitions]):
        _defaults(schema, kinds[schema["title"]])
    whole = {
        **scenario,
        "$schema": _DRAFT,
        "title": "Scenario",
        "description": "What is rehearsed, as `reconciler simulate` reads it.",
        "definitions": dict(sorted(definitions.items())),
    }
    _wrap_references(whole)
    return whole


def nouns(roots: tuple[type, ...] = (Declared, Vocabulary)) -> list[type]:
    """Every noun that a state file can hold, in the order in which fields lead to them."""
    made: list[type] = []
    for root in roots:
        made += [kind for kind in _reached(root) if kind not in made]
    return made


def _reached(kind: type) -> list[type]:
    found = [kind]
    for root in found:
        for annotation in hints(root).values():
            found += [inner for inner in dict.fromkeys(_nouns_in(annotation)) if inner not in found]
    return found


def _nouns_in(annotation: Any) -> Iterator[type]:
    bare = bare_type(annotation)
    if dataclasses.is_dataclass(bare) and isinstance(bare, type):
        yield bare
    for argument in get_args(bare):
        yield from _nouns_in(argument)


def _of(kind: type, definitions: dict[str, Schema]) -> Schema:
    made: Schema = TypeAdapter(kind).json_schema(ref_template=_REF + "{model}")
    definitions.update(made.pop("$defs", {}))
    return made


def _objects(node: Any) -> Iterator[Schema]:
    """Every schema of a mapping with known keys; pydantic writes some where they are used."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield node
        for key, value in node.items():
            if key not in ("examples", "default"):
                yield from _objects(value)
    elif isinstance(node, list):
        for item in node:
            yield from _objects(item)


def _defaults(schema: Schema, kind: type) -> None:
    """Defaults as a file would write them; none where the default is nothing."""
    for field in dataclasses.fields(kind):
        property_ = schema["properties"][field.name]
        property_.pop("default", None)
        property_.pop("title", None)
        value = field.default
        if field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        if value not in (dataclasses.MISSING, None, "", (), {}):
            text = written(value, hints(kind)[field.name])
            if text not in ({}, []):
                property_["default"] = text


def _partials(definitions: dict[str, Schema]) -> dict[str, Schema]:
    return {_PARTIAL + name: _partial(schema) for name, schema in definitions.items()}


def _partial(schema: Schema) -> Schema:
    """The same, with nothing required, nothing preset, and null for whatever is removed."""
    made: Schema = _repointed(copy.deepcopy(schema))
    made.pop("required", None)
    for name, property_ in made.get("properties", {}).items():
        property_.pop("default", None)
        told: Schema = {
            key: property_.pop(key) for key in ("description", "examples") if key in property_
        }
        made["properties"][name] = {"anyOf": [property_, _NULL], **told}
    if "title" in made:
        made["title"] = _PARTIAL + made["title"]
    return made


def _repointed(node: Any) -> Any:
    """References to definitions as references to their partial forms; mappings take null."""
    if isinstance(node, list):
        return [_repointed(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {}
    for key, value in node.items():
        if key == "$ref":
            made[key] = value.replace(_REF, _REF + _PARTIAL)
        elif key == "additionalProperties" and isinstance(value, dict):
            made[key] = {"anyOf": [_repointed(value), _NULL]}
        else:
            made[key] = value if key in ("examples", "default") else _repointed(value)
    return made


def _open_ends(definitions: dict[str, Schema], vocabulary: Schema, partial_stack: Schema) -> None:
    """What the classes cannot say: parts of services, overlays, templates of services."""
    part: Schema = {"$ref": f"{_REF}{_PARTIAL}Service"}
    for holder, name in (
        (vocabulary, "defaults"), (definitions["Template"], "service"),
        (definitions["App"], "service"),
    ):  # fmt: skip
        told = holder["properties"][name]
        holder["properties"][name] = {
            "allOf": [part], "description": told["description"], "examples": told["examples"],
        }  # fmt: skip
    environment = definitions["Environment"]
    sections = {k: v for k, v in partial_stack["properties"].items() if k != "name"}
    environment["properties"] |= {**sections, "defaults": vocabulary["properties"]["defaults"]}
    extra = {
        "template": {
            "type": "string",
            "description": "Template that the service is laid over.",
            "examples": ["app"],
        },
        "parameters": {
            "type": "object",
            "description": "Values of the template's parameters.",
            "examples": [{"stage": "testing"}],
        },
    }
    for name in ("Service", f"{_PARTIAL}Service"):
        definitions[name]["properties"] |= copy.deepcopy(extra)
    # Environments are never laid over one another, nor are templates.
    for name in ("Environment", "Template", "App", "Parameter", "Variable"):
        definitions.pop(_PARTIAL + name, None)


def _finish(whole: Schema) -> None:
    for schema in list(_objects(whole)):
        for name, property_ in schema["properties"].items():
            schema["properties"][name] = _property(property_)
    _wrap_references(whole)


def _property(schema: Schema) -> Schema:
    """A property that takes a placeholder where its own type would refuse one."""
    if not _refuses_placeholders(schema):
        return schema
    told: Schema = {
        key: schema.pop(key) for key in ("description", "examples", "default") if key in schema
    }
    options: list[Schema] = schema["anyOf"] if list(schema) == ["anyOf"] else [schema]
    return {"anyOf": [*options, _PLACEHOLDER], **told}


def _refuses_placeholders(schema: Schema) -> bool:
    options = schema.get("anyOf", [schema])
    scalar = any(
        option.get("type") in ("integer", "number", "boolean") or "enum" in option
        or "const" in option or "pattern" in option
        for option in options
    )  # fmt: skip
    free = any(option.get("type") == "string" and len(option) == 1 for option in options)
    return scalar and not free


def _wrap_references(node: Any) -> None:
    """Draft 7 ignores what stands beside ``$ref``: move the reference into ``allOf``."""
    if isinstance(node, list):
        for item in node:
            _wrap_references(item)
    elif isinstance(node, dict):
        if "$ref" in node and len(node) > 1:
            node["allOf"] = [{"$ref": node.pop("$ref")}]
        for key, value in node.items():
            if key not in ("examples", "default"):
                _wrap_references(value)

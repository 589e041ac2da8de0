"""The exported schema, and the examples that it shows."""

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import SchemaValidator

from reconciler.spec.core import schema_of
from reconciler.spec.explain import hints
from reconciler.spec.schema import json_schema, nouns
from reconciler.spec.vocabulary import Vocabulary
from reconciler.spec.yaml import read_yaml
from tests.spec import draft7
from tests.spec.helpers import loaded, parsed

SCHEMA = json_schema()
STATE = Path(__file__).parents[2] / "state"


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in draft7.subschemas(SCHEMA):
        if isinstance(schema.get("properties"), dict):
            for name, property_ in schema["properties"].items():
                yield f"{schema.get('title', '')}.{name}", property_


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with `value`."""
    return draft7.errors(schema, value, SCHEMA)


def test_it_is_draft_7_and_refers_only_to_what_is_there() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    references = {s["$ref"] for s in draft7.subschemas(SCHEMA) if isinstance(s.get("$ref"), str)}
    assert references == {f"#/definitions/{name}" for name in SCHEMA["definitions"]} & references
    assert all(ref.rpartition("/")[2] in SCHEMA["definitions"] for ref in references)
    assert all(re.fullmatch(r"\w+", name) for name in SCHEMA["definitions"])
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_nothing_stands_beside_a_reference() -> None:
    assert [
        s for s in draft7.subschemas(SCHEMA) if isinstance(s.get("$ref"), str) and len(s) > 1
    ] == []


def test_every_property_has_a_description_and_an_example() -> None:
    lacking = [n for n, p in properties() if not p.get("description") or not p.get("examples")]
    assert lacking == []


def test_every_example_and_default_of_the_schema_fits_it() -> None:
    wrong = {
        name: found
        for name, property_ in properties()
        for value in [
            *property_["examples"],
            *([property_["default"]] if "default" in property_ else []),
        ]
        if (found := errors(property_, value))
    }
    assert wrong == {}


def test_defaults_are_as_a_file_writes_them() -> None:
    defaults = {name: p["default"] for name, p in properties() if "default" in p}
    assert defaults["Termination.grace"] == "30s"
    assert defaults["Service.termination"] == {
        "signal": "SIGTERM", "pre_stop": "0s", "drain": "0s", "grace": "30s",
    }  # fmt: skip
    assert [v for v in defaults.values() if isinstance(v, int) and v >= 1_000_000] == []


@pytest.mark.parametrize("kind", nouns())
def test_every_example_of_the_model_is_valid(kind: type) -> None:
    for field in dataclasses.fields(kind):
        if (kind, field.name) == (Vocabulary, "environments"):
            continue  # overlays are checked apart: the schema has them
        validator = SchemaValidator(schema_of(hints(kind)[field.name]))
        for example in field.metadata["examples"]:
            validator.validate_python(example)
        assert field.metadata["examples"]


@pytest.mark.parametrize("path", sorted(STATE.rglob("*.yaml")), ids=lambda path: path.name)
def test_the_states_of_this_repository_fit_it(path: Path) -> None:
    _, report = parsed("")
    [document] = read_yaml(path.read_bytes(), 0, report)
    assert errors(SCHEMA, document) == []


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("services: {a: {image: a, replicas: '${N:-2}'}}", True),
        ("services: {a: {image: a, replicas: many}}", False),
        ("services: {a: {image: a, ports: ['8080:80', 90, {container: 1}]}}", True),
        ("services: {a: {image: a, imagee: b}}", False),
        ("services: {a: {template: t, parameters: {x: 1}}}", True),
        ("environments: {e: {services: {a: {replicas: null}, b: null}}}", True),
        ("environments: {e: {services: {a: {replcas: 1}}}}", False),
        ("environments: {e: {readiness: {}}}", False),
        ("defaults: {readiness: {http: {path: /x}}}", True),
        ("defaults: {imag: x}", False),
        ("name: 5", False),
    ],
)
def test_editors_accept_and_refuse_what_a_load_does(text: str, fits: bool) -> None:
    documents, _ = parsed(text)
    assert (errors(SCHEMA, documents[0]) == []) == fits


def test_a_whole_small_state_fits_and_loads() -> None:
    text = "services: {a: {image: a, termination: {grace: 45s}}}\nnetworks: {n: {}}"
    assert errors(SCHEMA, parsed(text)[0][0]) == []
    assert loaded(text).stack.name == "t"

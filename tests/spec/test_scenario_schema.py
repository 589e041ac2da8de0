"""The exported schema of scenarios, and the examples that it shows."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import SchemaValidator

from reconciler.model.scenario import Scenario
from reconciler.spec.core import schema_of
from reconciler.spec.explain import hints
from reconciler.spec.schema import nouns, scenario_schema
from reconciler.spec.yaml import read_yaml
from tests.spec import draft7
from tests.spec.helpers import parsed

SCHEMA = scenario_schema()
SIMS = Path(__file__).parents[2] / "sims"


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in draft7.subschemas(SCHEMA):
        for name, property_ in schema.get("properties", {}).items():
            yield f"{schema['title']}.{name}", property_


def errors(value: Any, schema: dict[str, Any] = SCHEMA) -> list[str]:
    return draft7.errors(schema, value, SCHEMA)


def test_it_is_draft_7_and_plain_json() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    told = {schema["title"] for schema in draft7.subschemas(SCHEMA) if "properties" in schema}
    assert told == {kind.__name__ for kind in nouns((Scenario,))}


def test_every_property_has_a_description_and_an_example() -> None:
    lacking = [n for n, p in properties() if not p.get("description") or not p.get("examples")]
    assert lacking == []


def test_every_example_and_default_fits_it() -> None:
    wrong = {}
    for name, property_ in properties():
        values = [*property_["examples"], property_.get("default", property_["examples"][0])]
        if found := [each for value in values for each in errors(value, property_)]:
            wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize("kind", nouns((Scenario,)))
def test_every_example_of_the_model_is_valid(kind: type) -> None:
    for field in dataclasses.fields(kind):
        validator = SchemaValidator(schema_of(hints(kind)[field.name]))
        for example in field.metadata["examples"]:
            validator.validate_python(example)
        assert field.metadata["examples"]


@pytest.mark.parametrize("path", sorted(SIMS.rglob("*.yaml")), ids=lambda path: path.name)
def test_the_scenarios_of_this_repository_fit_it(path: Path) -> None:
    _, report = parsed("")
    [document] = read_yaml(path.read_bytes(), 0, report)
    assert errors(document) == []


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("{state: a}", True),
        ("{}", False),
        ("{state: a, traffic: [{service: a, service_time: 20ms}]}", True),
        ("{state: a, traffic: [{service: a, service_time: {median: 1s, p99: 2s}}]}", True),
        ("{state: a, traffic: [{service: a, service_time: soon}]}", False),
        ("{state: a, traffic: [{service: a, sevice_time: 1s}]}", False),
        ("{state: a, faults: [{kind: crush}]}", False),
        ("{state: a, set: {a.b: null}, changes: [{at: 1s, set: {c: [1]}}]}", True),
        ("{state: a, seeds: many}", False),
    ],
)
def test_editors_accept_and_refuse_what_a_load_does(text: str, fits: bool) -> None:
    assert (errors(parsed(text)[0][0]) == []) == fits

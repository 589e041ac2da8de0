"""Our own way from the nouns to a core schema, held against pydantic's."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from reconciler.model.service import Service
from reconciler.model.stack import Declared
from reconciler.spec.core import schema_of
from reconciler.spec.schema import nouns
from reconciler.spec.vocabulary import Vocabulary

STRICT = ("int", "float", "bool", "str")
# What validation does not read: names of definitions, the exported schema, defaults said aloud.
UNREAD = {"ref", "metadata", "computed_fields"}
USUAL = {
    "init": True, "frozen": False, "post_init": False, "collect_init_only": False,
    "default_factory_takes_data": False,
}  # fmt: skip


def resolved(schema: Any) -> Any:
    """A core schema with each reference replaced by what it stands for."""
    known = {each["ref"]: each for each in schema.get("definitions", ())}
    return plain(schema["schema"] if "definitions" in schema else schema, known)


def plain(node: Any, known: dict[str, Any]) -> Any:
    if isinstance(node, list | tuple):
        return [plain(item, known) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "definition-ref":
        return plain(known[node["schema_ref"]], known)
    made = {
        key: value if key in ("default", "function") else plain(value, known)
        for key, value in node.items()
        if key not in UNREAD and not (key in USUAL and value == USUAL[key])
    }
    if isinstance(made.get("fields"), dict):
        made["fields"] = list(made["fields"].values())
    return made | {"strict": True} if made.get("type") in STRICT else made


@pytest.mark.parametrize("kind", [*nouns(), Service])
def test_a_noun_has_the_schema_that_pydantic_makes_of_it(kind: type) -> None:
    assert resolved(schema_of(kind)) == resolved(TypeAdapter(kind).core_schema)


def test_scalars_are_strict_everywhere() -> None:
    seen: dict[str, int] = dict.fromkeys(STRICT, 0)
    for kind in (Declared, Vocabulary):
        nodes: list[Any] = [schema_of(kind)]
        for node in nodes:
            if isinstance(node, dict):
                if node.get("type") in STRICT:
                    seen[node["type"]] += 1
                    assert node["strict"] is True
                nodes += node.values()
            elif isinstance(node, list | tuple):
                nodes += node
    assert all(seen.values())

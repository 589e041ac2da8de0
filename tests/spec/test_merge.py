"""Parts of a stack laid over one another."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.spec.merge import merge
from reconciler.spec.tree import Map, Seq, locate, position
from tests.spec.helpers import document


def laid(base: str, over: str) -> object:
    return merge(document(base), document(over))


def test_mappings_merge_by_key_at_every_depth() -> None:
    assert laid("a: {b: 1, c: {d: 2}}", "a: {c: {e: 3}}\nf: 4") == {
        "a": {"b": 1, "c": {"d": 2, "e": 3}}, "f": 4,
    }  # fmt: skip


def test_null_removes_what_it_meets_and_stays_where_it_meets_nothing() -> None:
    assert laid("a: 1\nb: {c: 1}", "a: null\nb: {c: ~, d: ~}") == {"b": {"d": None}}


def test_a_null_that_meets_nothing_can_be_told_of() -> None:
    told = []
    over = document("b: {c: ~}\nn: {x: {y: ~}}")
    made = merge(document("a: 1\nb: {}"), over, dropped=lambda path, at: told.append(path))
    assert made == {"a": 1, "b": {}, "n": {"x": {"y": None}}}
    assert told == [("b", "c")]


@pytest.mark.parametrize(
    ("base", "over", "made"),
    [
        ("ports: ['8080:80', 9090]", "ports: ['8081:80']", ["8081:80", 9090]),
        ("ports: ['80']", "ports: ['80/udp']", ["80", "80/udp"]),
        ("ports: [{container: 80, host: 1}]", "ports: [{container: 80, protocol: h2}]",
         [{"container": 80, "host": 1, "protocol": "h2"}]),
        ("volumes: ['a:/x', 'b:/y']", "volumes: ['c:/y']", ["a:/x", "c:/y"]),
        ("configs: ['a:/x']", "configs: [{source: b, target: /x}]",
         [{"source": "b", "target": "/x"}]),
        ("secrets: [a]", "secrets: ['b:/a', c]", ["b:/a", "c"]),
        ("command: [a, b]", "command: [c]", ["c"]),
        ("networks: [a]", "networks: [b]", ["b"]),
        ("environment: [A=1, B=2]", "environment: {B: 3}", {"A": "1", "B": 3}),
        ("environment: {A: 1}", "environment: [A=2]", {"A": "2"}),
        ("depends_on: [a, b]", "depends_on: {b: started}", {"a": "healthy", "b": "started"}),
        ("monitors: [{metric: a, above: 1}]", "monitors: [{metric: a, lasting: 1m}]",
         [{"metric": "a", "above": 1, "lasting": "1m"}]),
        ("ports: ['80']", "ports: !override ['90']", ["90"]),
        ("labels: {a: 1}", "labels: !override {b: 2}", {"b": 2}),
    ],
)  # fmt: skip
def test_lists_merge_by_what_their_items_are_called(base: str, over: str, made: object) -> None:
    result = laid(base, over)
    assert isinstance(result, Map)
    assert next(iter(result.values())) == made


def test_items_that_make_no_sense_are_kept_for_the_validator() -> None:
    made = laid("ports: ['x:y', 80]", "ports: ['z', {host: 1}]")
    assert made == {"ports": ["x:y", 80, "z", {"host": 1}]}


def test_places_stay_those_of_the_file_that_each_part_came_from() -> None:
    base = document("a:\n  b: 1\n  c: 2\n")
    over = document("\n\n\na:\n  c: 3\n  d: 4\n")
    made = merge(base, over)
    lines = {}
    for path in [("a",), ("a", "b"), ("a", "c"), ("a", "d")]:
        found = position(locate(made, path, key=True), ["f"])
        lines[path] = found.line if found else 0
    assert lines == {("a",): 1, ("a", "b"): 2, ("a", "c"): 5, ("a", "d"): 6}


NAMED = ["ports", "volumes", "environment", "depends_on"]


def trees(*more: str) -> st.SearchStrategy[object]:
    names = st.sampled_from(["a", "b", *more])
    scalars = st.sampled_from([None, 1, "80", "A=1", "x:/y", "z", True])
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    )


def as_nodes(value: object) -> object:
    if isinstance(value, dict):
        made = Map(0)
        for key, inner in value.items():
            made.put(key, as_nodes(inner), 0)
        return made
    if isinstance(value, list):
        items = Seq(0)
        for inner in value:
            items.put(as_nodes(inner), 0)
        return items
    return value


@given(trees(*NAMED), trees(*NAMED))
def test_laying_over_changes_neither_part(base: object, over: object) -> None:
    first, second = as_nodes({"r": base}), as_nodes({"r": over})
    before = copy.deepcopy((base, over))
    merge(first, second)
    assert (first, second) == ({"r": before[0]}, {"r": before[1]})


@given(st.lists(st.integers(1, 9)), st.lists(st.integers(1, 9)))
def test_merged_items_are_those_of_both_each_once(base: list[int], over: list[int]) -> None:
    made = merge(as_nodes({"ports": base}), as_nodes({"ports": over}))
    assert made == {"ports": list(dict.fromkeys([*base, *over]))}
    assert merge(made, as_nodes({"ports": over})) == made


@given(trees())
def test_laying_the_same_over_twice_is_laying_it_over_once(over: object) -> None:
    once = merge(as_nodes({"a": {"b": 1}}), as_nodes({"r": over}))
    assert merge(once, as_nodes({"r": over})) in (once, _without_nulls(once))


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return value

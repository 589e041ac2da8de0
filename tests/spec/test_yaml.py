"""Reading YAML: values, places, and what is refused."""

import gc
import time

import pytest

from reconciler.spec.tree import Map, Seq, is_whole, locate, position
from reconciler.spec.yaml import MAX_DEPTH, MAX_FILE_BYTES, bulk
from tests.spec.helpers import at, document, parsed


def test_mappings_and_lists_know_where_their_entries_stand() -> None:
    tree = document("""\
        a: 1
        b:
          - x
          - {c: d}
        """)
    found = {
        path: position(locate(tree, path), ["f"]) for path in [("a",), ("b", 0), ("b", 1, "c")]
    }
    assert {path: (p.line, p.column) for path, p in found.items() if p} == {
        ("a",): (1, 4), ("b", 0): (3, 5), ("b", 1, "c"): (4, 9),
    }  # fmt: skip


def test_what_is_not_there_is_found_at_the_nearest_thing_that_holds_it() -> None:
    tree = document("a:\n  b:\n    c: 1\n")
    place = position(locate(tree, ("a", "b", "missing", 3), key=True), ["f"])
    assert place is not None
    assert (place.line, place.column) == (2, 3)


def test_a_name_in_a_shorthand_list_is_found_by_its_item() -> None:
    tree = document("environment: [A=1, BC=2, B=3]\n")
    place = position(locate(tree, ("environment", "B", "value")), ["f"])
    assert place is not None
    assert place.column == 26


def test_mappings_are_dictionaries_and_lists_are_lists() -> None:
    tree = document("a: [1, 2]\n")
    assert tree == {"a": [1, 2]}
    assert (type(tree), type(tree["a"])) == (Map, Seq)


def test_a_file_holds_several_documents_and_empty_ones_are_left_out() -> None:
    documents, report = parsed("a: 1\n---\n---\nb: 2\n...\n")
    assert (documents, report.found) == ([{"a": 1}, {"b": 2}], [])


def test_an_empty_file_holds_no_documents() -> None:
    assert [parsed(text)[0] for text in ("", "# nothing\n", "---\n", "\n\n")] == [[], [], [], []]


def test_a_key_written_twice_is_reported_with_both_places() -> None:
    _, report = parsed("a: 1\nb: 2\na: 3\n")
    assert [(d.code, at(d), d.detail) for d in report.found] == [
        ("R105", (3, 1), "first at f.yaml:1:1")
    ]


def test_every_key_written_twice_is_reported() -> None:
    _, report = parsed("a: {x: 1, x: 2}\nb: {y: 1, y: 2}\n")
    assert [at(d) for d in report.found] == [(1, 11), (2, 11)]


@pytest.mark.parametrize("key", ["1", "true", "null", "~", "1.5", "0x1F"])
def test_a_key_that_is_not_text_is_refused(key: str) -> None:
    _, report = parsed(f"{key}: a\n")
    assert [(d.code, d.hint) for d in report.found] == [("R106", f'quote it: "{key}"')]


@pytest.mark.parametrize("key", ["no", "on", "'1'", '"true"', "!!str 1", "a b"])
def test_a_key_that_is_text_is_taken(key: str) -> None:
    documents, report = parsed(f"{key}: a\n")
    assert report.found == []
    assert list(documents[0].values()) == ["a"]


@pytest.mark.parametrize("text", ["? [a]\n: b\n", "? {a: b}\n: c\n", "x: &a 1\n*a : 2\n"])
def test_a_collection_or_a_number_by_alias_is_no_key(text: str) -> None:
    assert [d.code for d in parsed(text)[1].found] == ["R106"]


def test_an_alias_is_its_anchor_s_value() -> None:
    assert document("a: &x {b: 1}\nc: *x\nd: [*x, *x]\n") == {
        "a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, {"b": 1}],
    }  # fmt: skip


def test_an_anchor_on_a_scalar_and_on_a_key_works() -> None:
    assert document("&k a: &v 5\nb: *v\nc: *k\n") == {"a": 5, "b": 5, "c": "a"}


@pytest.mark.parametrize("text", ["a: *nope\n", "a: &x {b: *x}\n", "a: &x [*x]\n"])
def test_an_alias_to_nothing_or_to_what_holds_it_is_refused(text: str) -> None:
    assert [d.code for d in parsed(text)[1].found] == ["R108"]


def test_anchors_do_not_reach_into_the_next_document() -> None:
    assert [d.code for d in parsed("a: &x 1\n---\nb: *x\n")[1].found] == ["R108"]


def test_keys_written_beside_a_merge_key_win() -> None:
    tree = document("""\
        base: &b {x: 1, y: 2}
        more: &m {y: 3, z: 4}
        one: {<<: *b, y: 9}
        two: {y: 9, <<: *b}
        both: {<<: [*b, *m]}
        quoted: {"<<": 1}
        """)
    assert tree["one"] == tree["two"] == {"x": 1, "y": 9}
    assert tree["both"] == {"x": 1, "y": 2, "z": 4}
    assert tree["quoted"] == {"<<": 1}


def test_a_merged_key_keeps_the_place_where_it_was_written() -> None:
    tree = document("base: &b\n  x: 1\none:\n  <<: *b\n")
    place = position(locate(tree, ("one", "x"), key=True), ["f"])
    assert place is not None
    assert place.line == 2


def test_a_key_written_twice_beside_a_merge_key_is_still_refused() -> None:
    _, report = parsed("base: &b {x: 1}\none: {<<: *b, x: 2, x: 3}\n")
    assert [d.code for d in report.found] == ["R105"]


@pytest.mark.parametrize("value", ["5", "text", "[1]", "[{a: 1}, 2]"])
def test_a_merge_key_takes_mappings_alone(value: str) -> None:
    assert [d.code for d in parsed(f"a: {{<<: {value}}}\n")[1].found] == ["R108"]


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    began = time.monotonic()
    _, report = parsed("\n".join(lines))
    assert [d.code for d in report.found] == ["R104"]
    assert time.monotonic() - began < 5


def test_a_bomb_of_merge_keys_is_refused_too() -> None:
    lines = ["a0: &a0 {k: [x, x, x, x, x, x, x, x, x, x]}"]
    for n in range(1, 12):
        keys = ", ".join(f"k{i}: {{<<: *a{n - 1}}}" for i in range(10))
        lines.append(f"a{n}: &a{n} {{{keys}}}")
    assert [d.code for d in parsed("\n".join(lines))[1].found] == ["R104"]


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 5_000, "- " * 5_000])
def test_depth_is_bounded(text: str) -> None:
    assert [d.code for d in parsed(text)[1].found] == ["R104"]


def test_up_to_the_bound_depth_is_fine() -> None:
    assert parsed("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))[1].found == []


def test_size_is_bounded() -> None:
    _, report = parsed(b"#" * (MAX_FILE_BYTES + 1))
    assert [d.code for d in report.found] == ["R104"]


def test_broken_yaml_is_reported_where_it_breaks() -> None:
    documents, report = parsed("a: 1\nb: [1, 2\nc: 3\n")
    assert documents == []
    assert [d.code for d in report.found] == ["R101"]
    assert at(report.found[0]) == (3, 2)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a:\n\t- b\n", "spaces"),
        ("a: b: c\n", "quote"),
        ("a:\n  b: 1\n c: 2\n", "indentation"),
        ("a: {b: ${C}}\n", "quote"),
    ],
)
def test_the_usual_mistakes_get_a_hint(text: str, word: str) -> None:
    _, report = parsed(text.encode())
    assert [d.code for d in report.found] == ["R101"]
    assert word in report.found[0].hint


def test_a_byte_order_mark_of_utf_8_is_fine() -> None:
    assert parsed(b"\xef\xbb\xbfa: 1\n")[0] == [{"a": 1}]


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ("a: 1\n".encode("utf-16"), (1, 1)),
        (b"a: 1\nb: \xe9\n", (2, 4)),
        (b"a: 1\nbc: \x07\n", (2, 5)),
        (b"\xff", (1, 1)),
    ],
)
def test_what_is_not_utf_8_or_not_printable_is_reported_at_its_place(
    data: bytes, where: tuple[int, int]
) -> None:
    documents, report = parsed(data)
    assert documents == []
    assert [(d.code, at(d)) for d in report.found] == [("R102", where)]


def test_columns_count_characters() -> None:
    _, report = parsed("é: {ü: 1, ü: 2}\n")
    assert at(report.found[0]) == (1, 11)


@pytest.mark.parametrize(
    ("text", "value"),
    [("!!str 5", "5"), ("!!int '5'", 5), ("!!float 5", 5), ("!!bool 'true'", True),
     ("!!null ''", None), ("!!seq [1]", [1]), ("!!map {a: 1}", {"a": 1}), ("! 5", "5")],
)  # fmt: skip
def test_the_core_tags_are_known(text: str, value: object) -> None:
    assert document(f"a: {text}\n")["a"] == value


@pytest.mark.parametrize(
    "text",
    ["!foo 1", "!!python/object:os.system x", "!!int x", "!!seq {a: 1}", "!!set {a}", "!x [1]"],
)
def test_other_tags_are_refused(text: str) -> None:
    assert {d.code for d in parsed(f"a: {text}\n")[1].found} == {"R107"}


def test_override_marks_what_replaces_whole() -> None:
    tree = document("a: !override [1]\nb: !override {c: 1}\nd: [1]\n")
    assert [is_whole(tree[key]) for key in "abd"] == [True, True, False]


def test_the_collector_goes_on_afterwards_where_it_went_before() -> None:
    assert gc.isenabled()
    with bulk():
        with pytest.raises(RuntimeError), bulk():
            assert not gc.isenabled()
            raise RuntimeError
        assert not gc.isenabled()
    assert gc.isenabled()

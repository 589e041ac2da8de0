"""Unquoted scalars are what YAML 1.2's core schema says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.units import text_of
from reconciler.spec.scalars import resolve
from tests.spec.helpers import document


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "on", "off", "y", "n", "No", "tRUE", "12:30:45", "1_000", "0b11", "0o8", "0xg",
     "+", "-", ".", "..", "1e", "e5", "+.", ".e5", "-0x1", "nan", "inf", ".inF", "2026-01-01",
     "1.2.3", "=", "5s"],
)  # fmt: skip
def test_these_are_text(text: str) -> None:
    assert resolve(text) == text
    assert isinstance(resolve(text), str)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-0", 0), ("+12", 12), ("017", 17), ("0o17", 15), ("0xFf", 255), ("-19", -19),
     ("1.", 1.0), (".5", 0.5), ("-.5", -0.5), ("1e3", 1000.0), ("6.8523015e+5", 685230.15),
     ("-2E+05", -200000.0), (".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf)],
)  # fmt: skip
def test_these_are_numbers(text: str, value: float) -> None:
    assert resolve(text) == value
    assert type(value) is int or isinstance(resolve(text), float)


def test_not_a_number_is_a_number() -> None:
    assert all(math.isnan(resolve(text)) for text in (".nan", ".NaN", ".NAN"))


@pytest.mark.parametrize(
    ("text", "value"),
    [("", None), ("~", None), ("null", None), ("NULL", None), ("true", True), ("False", False)],
)
def test_these_are_words_of_their_own(text: str, value: object) -> None:
    assert resolve(text) is value


@pytest.mark.parametrize("text", ["1.10", "0444", "0o17", "0x1F", "+5", "1e3", "1.", ".5", "-0"])
def test_where_text_is_wanted_a_number_is_as_it_was_written(text: str) -> None:
    assert text_of(resolve(text)) == text


@given(st.integers())
def test_every_whole_number_reads_as_itself(number: int) -> None:
    assert resolve(str(number)) == number
    assert document(f"a: {number}\n")["a"] == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_reads_as_itself(number: float) -> None:
    assert resolve(repr(number)) == number


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C",), exclude_characters='"\\')))
def test_quoted_text_is_never_anything_else(text: str) -> None:
    folded = text.replace("\u2028", "").replace("\u2029", "").replace("\x85", "")
    assert document(f'a: "{folded}"\n')["a"] == folded


def test_endless_digits_are_text_and_no_bill() -> None:
    assert resolve("9" * 5000) == "9" * 5000

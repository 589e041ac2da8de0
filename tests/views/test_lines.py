"""Styled lines, tables, and values as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.views.lines import cut, line, rendered, table, text_of
from reconciler.views.values import age, counted, duration, shown

S = 1_000_000_000


@given(st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    assert text_of(text).isprintable()
    plain = rendered([line(text)], colour=False)
    assert plain.endswith("\n")
    assert plain[:-1].isprintable()


@given(st.text(min_size=1), st.integers(2, 40))
def test_a_cut_text_fits(text: str, width: int) -> None:
    from rich.cells import cell_len

    assert cell_len(text_of(cut(text, width))) <= width


def test_columns_of_wide_characters_are_aligned() -> None:
    rows = table([line("日本", "a"), line("abc", "b")])
    assert rendered(rows, colour=False) == "日本  a\nabc   b\n"


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("stop.grace", 90 * S, "1m30s"),
        ("readiness.period", 2 * S, "2s"),
        ("readiness.failures", 3, "3"),
        ("resources.memory_limit", 2**30, "1Gi"),
        ("resources.cpu_limit", 250, "250m"),
        ("replicas", 3, "3"),
        ("security.read_only_root", True, "true"),
        ("command", ("sh", "-c", "a b"), "[sh, -c, a b]"),
        ("image.id", "sha256:" + "5a2a421452b0" * 5, "sha256:5a2a421452b0"),
        ("environment.EMPTY", "", '""'),
        ("environment.PADDED", " x", '" x"'),
        ("environment.LINES", "a\nb", '"a\\nb"'),
        ("environment.GONE", None, "(none)"),
    ],
)
def test_values_are_shown_as_they_are_written(path: str, value: object, text: str) -> None:
    assert shown(path, value) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (192, "3m12s"), (3600, "1h"), (5000, "1h23m"),
     (187200, "2d4h")],
)  # fmt: skip
def test_ages_have_one_or_two_units(seconds: int, text: str) -> None:
    assert age(seconds * S) == text


def test_durations_are_as_exact_as_they_are_short() -> None:
    assert [duration(ns) for ns in (S // 8, 12_340_000_000, 192 * S)] == ["0.12s", "12.3s", "3m12s"]


def test_counted_words_have_their_plural() -> None:
    assert (counted(1, "service"), counted(2, "service")) == ("1 service", "2 services")

"""Durations, sizes, CPU and amounts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.units import (
    NS_PER_MS,
    NS_PER_S,
    amount_of,
    format_cpu,
    format_duration,
    format_size,
    parse_amount,
    parse_cpu_m,
    parse_duration_ns,
    parse_size_bytes,
    text_of,
    words_of,
)

HOUR = 3600 * NS_PER_S


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0), (0, 0), ("0s", 0), ("1ns", 1), ("1us", 1000), ("1µs", 1000),
        ("500ms", 500 * NS_PER_MS), ("30s", 30 * NS_PER_S), ("1m30s", 90 * NS_PER_S),
        ("1.5s", 1_500_000_000), ("2h", 2 * HOUR), ("1d", 24 * HOUR),
        ("1d2h3m4s5ms", 26 * HOUR + 184 * NS_PER_S + 5 * NS_PER_MS), (" 5s ", 5 * NS_PER_S),
        ("0.001s", NS_PER_MS), ("1h1h", 2 * HOUR),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_go_reads_it(text: Any, ns: int) -> None:
    assert parse_duration_ns(text) == ns


@pytest.mark.parametrize(
    "text",
    ["", "5", 5, 1.5, True, False, None, "s", "5 s", "-5s", "5s 3", "5sx", "x5s", "1e3s", "5S", []],
)
def test_what_is_no_duration_is_refused_with_an_example(text: Any) -> None:
    with pytest.raises(ValueError, match="write it like 30s"):
        parse_duration_ns(text)


@given(st.integers(0, 400 * 24 * HOUR))
def test_a_duration_reads_back_as_it_was_written(ns: int) -> None:
    assert parse_duration_ns(format_duration(ns)) == ns


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"), (90 * NS_PER_S, "1m30s"), (HOUR, "1h"), (25 * HOUR, "1d1h"),
        (1, "1ns"), (1_500_000, "1ms500us"), (-90 * NS_PER_S, "-1m30s"),
    ],
)  # fmt: skip
def test_a_duration_is_written_as_short_as_it_can_be(ns: int, text: str) -> None:
    assert format_duration(ns) == text


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0), (7, 7), ("512Mi", 512 << 20), ("1Gi", 1 << 30), ("500M", 500_000_000),
        ("1k", 1000), ("1K", 1000), ("1Ki", 1024), ("1.5Gi", 3 << 29), ("2T", 2 * 10**12),
    ],
)  # fmt: skip
def test_a_size_is_a_quantity_of_kubernetes(text: Any, size_bytes: int) -> None:
    assert parse_size_bytes(text) == size_bytes


@pytest.mark.parametrize("text", ["", "Mi", "-1", "1 Gi", "1GiB", "1g", True, None, "1e6"])
def test_what_is_no_size_is_refused_with_an_example(text: Any) -> None:
    with pytest.raises(ValueError, match="write it like 512Mi"):
        parse_size_bytes(text)


@given(st.integers(0, 1 << 50))
def test_a_size_reads_back_as_it_was_written(size_bytes: int) -> None:
    assert parse_size_bytes(format_size(size_bytes)) == size_bytes


@pytest.mark.parametrize(
    ("text", "cpu_m"), [("250m", 250), (1, 1000), ("1.5", 1500), (0.5, 500), ("0", 0), ("2", 2000)]
)
def test_cpu_is_cores_or_millicores(text: Any, cpu_m: int) -> None:
    assert parse_cpu_m(text) == cpu_m


@pytest.mark.parametrize("text", ["", "m", "1.5m", "-1", "0.0001", True, None, "one"])
def test_what_is_no_cpu_amount_is_refused_with_an_example(text: Any) -> None:
    with pytest.raises(ValueError, match="write it like 250m"):
        parse_cpu_m(text)


@given(st.integers(0, 10**6))
def test_cpu_reads_back_as_it_was_written(cpu_m: int) -> None:
    assert parse_cpu_m(format_cpu(cpu_m)) == cpu_m


@pytest.mark.parametrize(
    ("given_", "amount"), [(0, 0), (3, 3), ("3", 3), ("25%", "25%"), ("0%", "0%")]
)
def test_an_amount_is_a_count_or_a_share(given_: Any, amount: Any) -> None:
    assert parse_amount(given_) == amount


@pytest.mark.parametrize(
    "text", [-1, "-1", "x", "25 %", "%", 1.5, True, None, "2.5%", "²", "10000 %"]
)
def test_what_is_no_amount_is_refused_with_an_example(text: Any) -> None:
    with pytest.raises(ValueError, match="write a count like 1"):
        parse_amount(text)


@pytest.mark.parametrize(
    ("value", "total", "surge", "unavailable"),
    [
        (0, 10, 0, 0), (3, 10, 3, 3), ("25%", 10, 3, 2), ("25%", 1, 1, 0), ("25%", 4, 1, 1),
        ("0%", 5, 0, 0), ("100%", 5, 5, 5), ("50%", 3, 2, 1), ("150%", 2, 3, 3), ("25%", 0, 0, 0),
    ],
)  # fmt: skip
def test_a_share_rounds_up_for_a_surge_and_down_for_unavailable(
    value: Any, total: int, surge: int, unavailable: int
) -> None:
    assert amount_of(value, total, up=True) == surge
    assert amount_of(value, total, up=False) == unavailable


@pytest.mark.parametrize(
    ("value", "text"), [(8080, "8080"), (True, "true"), (False, "false"), (1.5, "1.5"), ("x", "x")]
)
def test_a_scalar_is_text_where_text_is_wanted(value: Any, text: str) -> None:
    assert text_of(value) == text


def test_a_command_is_split_as_a_shell_splits_it() -> None:
    assert words_of("serve --name 'two words'") == ["serve", "--name", "two words"]
    assert words_of(["serve", 80, True]) == ["serve", "80", "true"]
    assert words_of(None) is None

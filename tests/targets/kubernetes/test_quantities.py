"""Kubernetes' quantities and times."""

import pytest

from reconciler.targets.kubernetes.quantities import amounts, cpu_m, size_bytes, time_ns


@pytest.mark.parametrize(
    ("text", "millicores"),
    [("2", 2000), ("100m", 100), ("1.5", 1500), ("12345678n", 13), ("250u", 1), ("0", 0),
     (1, 1000), ("1e3", 1_000_000), ("x", None), ("1Q", None), ("", None)],
)  # fmt: skip
def test_cpu_is_read_in_millicores_and_rounds_up(text: object, millicores: int | None) -> None:
    assert cpu_m(text) == millicores


@pytest.mark.parametrize(
    ("text", "count"),
    [("64Mi", 64 << 20), ("1Gi", 1 << 30), ("128974848", 128974848), ("1e3", 1000),
     ("2k", 2000), ("1.5Ki", 1536), ("100m", 1), ("1G", 10**9), ("ten", None)],
)  # fmt: skip
def test_memory_is_read_in_bytes_and_rounds_up(text: str, count: int | None) -> None:
    assert size_bytes(text) == count


def test_what_is_not_said_is_none() -> None:
    assert amounts(None) == (None, None)
    assert amounts({"memory": "1Ki"}) == (None, 1024)


def test_times_are_nanoseconds_and_no_time_is_none() -> None:
    assert time_ns("1970-01-01T00:00:02Z") == 2_000_000_000
    assert time_ns("1970-01-01T01:00:02.25+01:00") == 2_250_000_000
    assert time_ns(None) is time_ns("yesterday") is None

"""Whole logs: order, gaps, what is broken, and that none ends in a traceback."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.traffic.accesslog import Log, quantiles, read_log
from reconciler.sim.traffic.logformats import FORMATS, Entry
from reconciler.sim.traffic.loglines import LONGEST_LINE, WINDOW_NS, Counts, Session, in_order
from reconciler.spec.scenario_codes import SCENARIO_CODES


def line(second: int, client: str = "203.0.113.1", status: int = 200, tail: str = "") -> str:
    """One line of the combined format, so many seconds after noon."""
    hour, minute = 12 + second // 3600, second // 60 % 60
    when = f"10/Oct/2024:{hour:02}:{minute:02}:{second % 60:02} +0000"
    return f'{client} - - [{when}] "GET / HTTP/1.1" {status} 10 "-" "-"{tail}'


def read(folder: Path, *lines: str) -> Log:
    path = folder / "access.log"
    path.write_text("".join(f"{each}\n" for each in lines))
    return read_log(path)


def refused(path: Path) -> Diagnostic:
    with pytest.raises(DiagnosticsError) as error:
        read_log(path)
    [found] = error.value.diagnostics
    assert found.code in SCENARIO_CODES and found.hint
    return found


def test_requests_of_one_second_are_spread_over_it(tmp_path: Path) -> None:
    log = read(tmp_path, *[line(0)] * 4, line(1), line(3))
    at_ms = [at_ns // NS_PER_MS for at_ns in log.arrivals]
    assert at_ms == [0, 250, 500, 750, 1375, 3375]
    assert log.format == "combined"
    assert log.lasts_ns == 3375 * NS_PER_MS


def test_a_request_began_as_long_before_its_line_as_it_took(tmp_path: Path) -> None:
    log = read(tmp_path, line(1, tail=" 0.500"), line(3, "203.0.113.2", tail=" 2.500"))
    # 1.5 - 0.5 = 1.0 and 3.5 - 2.5 = 1.0
    assert list(log.arrivals) == [0, 0]
    assert log.service_times() == (NS_PER_S // 2, 5 * NS_PER_S // 2)
    assert list(log.clients) == [203 << 24 | 113 << 8 | n for n in (1, 2)]


def test_lines_out_of_order_find_their_place_within_the_window() -> None:
    counts, sessions = Counts(), list[Session]()
    times = [0, 5, 3, 10, 9, 4]
    found = [(number, Entry(at, number, 200)) for number, at in enumerate(times, 1)]
    told = [each.at_ns for each in in_order(found, counts, sessions, window_ns=6)]
    assert told == [0, 3, 4, 5, 9, 10]
    counts = Counts()
    told = [each.at_ns for each in in_order(found, counts, sessions, window_ns=4)]
    assert told == [0, 3, 5, 9, 10]
    assert (counts.late_count, counts.broken) == (1, [6])


@given(st.lists(st.integers(0, 10_000), max_size=60), st.integers(0, 2_000))
def test_arrivals_never_go_back(times: list[int], window_ns: int) -> None:
    counts, sessions = Counts(), list[Session]()
    found = [(number, Entry(at, 0, 200)) for number, at in enumerate(times, 1)]
    told = [each.at_ns for each in in_order(found, counts, sessions, window_ns)]
    assert told == sorted(told)
    assert len(told) + counts.late_count == len(times)
    if not times or max(times) <= window_ns:
        assert told == sorted(times)


def test_what_comes_too_late_is_counted_and_named(tmp_path: Path) -> None:
    late = WINDOW_NS // NS_PER_S + 10
    log = read(tmp_path, *[line(s) for s in range(late)] * 1, line(late), line(0), line(late + 1))
    assert log.counts.late_count == 1
    [warning] = log.warnings
    assert warning.code == "R617" and "out of order" in warning.summary
    assert warning.position is not None and warning.position.line == late + 2


def test_upgraded_connections_are_sessions_with_their_length(tmp_path: Path) -> None:
    log = read(
        tmp_path, line(10, tail=" 0.100"), line(100, status=101, tail=" 60.000"),
        line(101, status=101, tail=" 3600.000"),
    )  # fmt: skip
    base = 10_500 - 100
    first, second = log.sessions
    assert (first.at_ns, second.at_ns) == (0, (100_500 - 60_000 - base) * NS_PER_MS)
    assert second.length_ns == 60 * NS_PER_S
    # It began long before the first request: what is left of it then.
    assert first.length_ns == (101_500 - base) * NS_PER_MS
    assert len(log.arrivals) == 1
    assert log.session_lengths() == (60 * NS_PER_S, first.length_ns)


def test_errors_tell_nothing_of_how_long_work_takes(tmp_path: Path) -> None:
    log = read(tmp_path, line(0, tail=" 0.010"), line(1, status=503, tail=" 0.000"))
    assert log.service_times() == (10 * NS_PER_MS,)
    assert log.statuses == {200: 1, 503: 1}
    assert len(log.arrivals) == 2


def test_a_log_without_times_is_told_when_they_are_asked_for(tmp_path: Path) -> None:
    log = read(tmp_path, line(0))
    for ask in (log.service_times, log.session_lengths):
        with pytest.raises(DiagnosticsError) as error:
            ask()
        assert [each.code for each in error.value.diagnostics] == ["R618"]


def test_many_values_become_quantiles_of_equal_weight() -> None:
    assert quantiles([3, 1, 2], 3) == (1, 2, 3)
    assert quantiles(range(1000), 4) == (125, 375, 625, 875)
    assert quantiles([], 4) == ()


def test_gzip_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    plain = read(tmp_path, line(0), line(1))
    packed = tmp_path / "access.log"
    packed.write_bytes(gzip.compress(packed.read_bytes()))
    assert read_log(packed).arrivals == plain.arrivals
    packed.write_bytes(packed.read_bytes()[:-12])
    assert refused(packed).code == "R616"


def test_a_few_broken_lines_are_a_warning_and_many_an_error(tmp_path: Path) -> None:
    good = [line(second) for second in range(200)]
    log = read(tmp_path, *good[:100], "broken", *good[100:], "x" * 2 * LONGEST_LINE)
    [warning] = log.warnings
    assert (warning.code, warning.severity) == ("R617", "warning")
    assert "2 of 202 lines" in warning.summary and "line 101 and 202" in warning.summary
    assert warning.position is not None and warning.position.line == 101
    assert len(log.arrivals) == 200
    (tmp_path / "bad.log").write_text("\n".join([*good[:50], *["broken"] * 7]))
    found = refused(tmp_path / "bad.log")
    assert (found.code, found.severity) == ("R617", "error")
    assert "51, 52, 53, 54, 55 and 2 more" in found.summary


@pytest.mark.parametrize("data", [b"", b"\n\n", b"hello\n", b"\0" * 200_000, b"\x1f\x8b", b"{}"])
def test_what_is_no_log_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(data)
    assert refused(path).code == "R616"


def test_a_log_that_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path, Path("a\0b")):
        assert refused(path).code == "R616"


# -- any log -------------------------------------------------------------------------------------

_TAILS = st.sampled_from(
    ["", " 0.010", " 0.010 0.002", " 0.010 -", " 123", ' "-"', " x", " 99999999"]
)
_LINES = st.builds(
    line, st.integers(0, 40_000), st.sampled_from(["203.0.113.1", "::1", "a.example.com", "-"]),
    st.sampled_from([101, 200, 404, 503]), _TAILS,
)  # fmt: skip
_ANY = _LINES.map(str.encode) | st.binary(max_size=40)


@settings(max_examples=300, deadline=None)
@given(
    lines=st.lists(_ANY | _LINES.map(str.encode), max_size=30), cut=st.integers(0, 40),
    packed=st.booleans(), spoilt=st.integers(0, 2000),
)  # fmt: skip
def test_any_log_is_read_or_refused_with_diagnostics(
    lines: list[bytes], cut: int, packed: bool, spoilt: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    data = b"\n".join(lines)[cut:]
    if packed:
        data = gzip.compress(data)
        data = (
            data[:spoilt] + bytes(b ^ 0x55 for b in data[spoilt : spoilt + 1]) + data[spoilt + 1 :]
        )
    path = tmp_path_factory.getbasetemp() / "any.log"
    path.write_bytes(data)
    try:
        log = read_log(path)
    except DiagnosticsError as error:
        assert {each.code for each in error.diagnostics} <= {"R616", "R617"}
        return
    assert list(log.arrivals) == sorted(log.arrivals)
    assert len(log.arrivals) == len(log.clients) == sum(log.statuses.values())
    told = len(log.arrivals) + len(log.sessions) + log.counts.left_out
    assert told == log.counts.lines
    assert log.format in FORMATS
    assert all(each.at_ns >= 0 for each in log.sessions)
    assert all(value >= 0 for value in log.service_ns)

"""One line of a log, by each format's own examples."""

import pytest

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.traffic.logformats import (
    Entry,
    address,
    apache,
    combined,
    haproxy,
    nginx,
    stamp_ns,
)

# 10/Oct/2000:13:55:36 -0700, as `date -d '2000-10-10 13:55:36 -0700' +%s` has it.
AT_S = 971_211_336
COMBINED = (
    b'127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 '
    b'"http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'
)
LOCALHOST = 127 << 24 | 1
# From HAProxy's documentation of the HTTP log format.
HAPROXY = (
    b"haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 "
    b'10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"'
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"10/Oct/2000:13:55:36 -0700", AT_S),
        (b"10/Oct/2000:20:55:36 +0000", AT_S),
        (b"10/Oct/2000:22:55:36 +0200", AT_S),
        (b"01/Mar/2024:00:00:00 +0000", 1_709_251_200),
        (b"31/Dec/2016:23:59:60 +0000", 1_483_228_800),
    ],
)
def test_a_stamp_is_a_time(text: bytes, seconds: int) -> None:
    assert stamp_ns(text) == seconds * NS_PER_S


@pytest.mark.parametrize(
    "text",
    [b"", b"30/Feb/2024:00:00:00 +0000", b"01/Foo/2024:00:00:00 +0000",
     b"01/Mar/2024:24:00:00 +0000", b"01/Mar/9999:00:00:00 +0000", b"01/Mar/2024 00:00:00 +0000"],
)  # fmt: skip
def test_what_is_no_time_has_no_stamp(text: bytes) -> None:
    assert stamp_ns(text) is None


def test_the_combined_format_tells_no_request_time() -> None:
    assert combined(COMBINED) == Entry(AT_S * NS_PER_S, LOCALHOST, 200)
    common = COMBINED[: COMBINED.index(b' "http')]
    assert combined(common) == Entry(AT_S * NS_PER_S, LOCALHOST, 200)
    assert combined(COMBINED + b' "203.0.113.9"') == Entry(AT_S * NS_PER_S, LOCALHOST, 200)
    quoted = COMBINED.replace(b"Mozilla", b'\\"Moz\\"')
    assert combined(quoted) is not None


@pytest.mark.parametrize(
    ("tail", "taken_ms", "service_ms"),
    [
        (b" 0.123", 123, 123),
        (b" 0.123 0.100", 123, 100),
        (b" 0.123 -", 123, 123),
        (b" 0.123 0.001, 0.100", 123, 101),
        (b" 0.123 0.001 : 0.100 .", 123, 101),
        (b' "10.0.0.9" 0.123 0.100', 123, 100),
        (b' rt=0.123 uct="0.004" uht="0.090" urt="0.100"', 123, 100),
        (b" rt=0.123 urt=0.100", 123, 100),
    ],
)
def test_nginx_tells_what_clients_waited_and_what_upstreams_took(
    tail: bytes, taken_ms: int, service_ms: int
) -> None:
    entry = nginx(COMBINED + tail)
    assert entry is not None and entry.is_end
    assert (entry.taken_ns, entry.service_ns) == (taken_ms * NS_PER_MS, service_ms * NS_PER_MS)


def test_apache_tells_microseconds() -> None:
    entry = apache(COMBINED + b" 1234")
    assert entry is not None and not entry.is_end
    assert entry.taken_ns == entry.service_ns == 1_234_000


def test_haproxy_tells_when_it_began_and_what_the_server_took() -> None:
    entry = haproxy(HAPROXY)
    at_ns = 1_233_922_454_655 * NS_PER_MS
    assert entry == Entry(
        at_ns, 10 << 24 | 1 << 8 | 2, 200, 109 * NS_PER_MS, 99 * NS_PER_MS, whole_seconds=False
    )
    assert haproxy(b"Feb  6 12:14:14 localhost " + HAPROXY) == entry
    assert haproxy(HAPROXY.removeprefix(b"haproxy[14389]: ")) == entry


def test_what_haproxy_never_did_took_no_time() -> None:
    aborted = HAPROXY.replace(b"10/0/30/69/109 200", b"10/0/-1/-1/3010 503")
    entry = haproxy(aborted)
    assert entry is not None
    assert (entry.status, entry.service_ns) == (503, None)
    assert haproxy(HAPROXY.replace(b"10/0/30/69/109 200", b"-1/-1/-1/-1/5 -1")) is not None
    assert haproxy(HAPROXY.replace(b"10/0/30", b"1-0/+-/30")) is None


@pytest.mark.parametrize("parse", [combined, nginx, apache, haproxy])
@pytest.mark.parametrize("line", [b"", b"\0", b"hello", COMBINED[:60], HAPROXY[:50], b'"' * 500])
def test_what_is_no_line_of_the_format_is_none(parse, line: bytes) -> None:
    assert parse(line) is None


def test_formats_do_not_take_each_others_lines() -> None:
    assert nginx(COMBINED) is None and apache(COMBINED) is None
    assert combined(COMBINED + b" 0.123") is None and apache(COMBINED + b" 0.123") is None
    assert nginx(COMBINED + b" 1234") is None
    assert combined(HAPROXY) is None and haproxy(COMBINED) is None


def test_who_has_no_ipv4_address_is_somebody_all_the_same() -> None:
    assert address(b"203.0.113.9") == 203 << 24 | 113 << 8 | 9
    others = {address(text) for text in (b"2001:db8::1", b"2001:db8::2", b"client.example.com")}
    assert len(others) == 3 and all(0 <= each < 2**32 for each in others)


def test_a_hostile_line_takes_no_time_to_refuse() -> None:
    for line in (b": " * 30_000, b"a" * 60_000, b"1 - - [" + b'"\\' * 30_000, b" " * 60_000):
        for parse in (combined, nginx, apache, haproxy):
            assert parse(line) is None

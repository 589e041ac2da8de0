r"""One line of an access log as an entry: who asked when, what came of it, how long it took.

=========  ====================================================================================
combined   nginx' and Apache's combined format, and NCSA's common one: only whole seconds, no
           request time
nginx      combined, then ``$request_time`` and perhaps ``$upstream_response_time``: s with ms;
           the time of the line is the request's end
           (https://nginx.org/en/docs/http/ngx_http_log_module.html)
apache     combined, then ``%D``: whole µs; the time of the line is the request's beginning
           (https://httpd.apache.org/docs/2.4/mod/mod_log_config.html)
haproxy    ``option httplog``, with syslog's words before it or without: ms; the beginning
           (https://docs.haproxy.org/3.0/configuration.html#8.2.3)
=========  ====================================================================================
"""

import calendar
import ipaddress
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from reconciler.model.units import NS_PER_MS, NS_PER_S

NS_PER_US = 1000
SWITCHING_PROTOCOLS = 101

# Times further apart than these years would not fit 64 bits with what is added to them.
_YEARS = range(1990, 2200)
_LONGEST_NS = 366 * 86400 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. Times are ns; `at_ns` is its beginning, or its end with `is_end`.

    `client` is an IPv4 address as an integer, or a hash of what else stands there. `taken_ns`
    is the time that clients waited, `service_ns` what the server took of it; None where the
    format has none. `whole_seconds`: the time is not known better.
    """

    at_ns: int
    client: int
    status: int
    taken_ns: int | None = None
    service_ns: int | None = None
    is_end: bool = False
    whole_seconds: bool = True

    @property
    def is_session(self) -> bool:
        """Whether the connection was upgraded, as websockets are."""
        return self.status == SWITCHING_PROTOCOLS


_QUOTED = rb'"(?:[^"\\]|\\.)*"'
_COMBINED = re.compile(
    rb"(\S{1,255}) \S+ (?:\S+|" + _QUOTED + rb") \[([^\]]{20,40})\] " + _QUOTED + rb" (\d{3}) "
    rb"(?:\d+|-)(?: " + _QUOTED + rb" " + _QUOTED + rb")?((?: " + _QUOTED + rb")*)(.*)",
    re.DOTALL,
)  # fmt: skip
_TIMES = rb"(?:-|\d{1,7}\.\d{1,6})(?:(?:, | : )(?:-|\d{1,7}\.\d{1,6}))*"
_NGINX_TAIL = re.compile(
    rb' (?:rt=)?(\d{1,7}\.\d{1,6})(?: "?(' + _TIMES + rb')"?)?(?: .*)?', re.DOTALL
)
_NAMED_UPSTREAM = re.compile(rb' urt="?(' + _TIMES + rb")")
_APACHE_TAIL = re.compile(rb" (?:D=)?(\d{1,13})(?: .*)?", re.DOTALL)
_TIME = re.compile(rb"\d{1,7}\.\d{1,6}")
_HAPROXY = re.compile(
    rb"(?:.*?: )?(\S{2,64}):(\d{1,5}) \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3})\] "
    rb"\S+ \S+ ([-+\d]{1,10})/([-+\d]{1,10})/([-+\d]{1,10})/([-+\d]{1,10})/([-+\d]{1,10}) "
    rb"(\d{3}|-1) \+?\d+ .*",
    re.DOTALL,
)
_STAMP = re.compile(
    r"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(?: ([+-])(\d\d)(\d\d))?"
)
_MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip


def combined(line: bytes) -> Entry | None:
    """An entry of the combined or common format; None where the line is not one."""
    match = _COMBINED.fullmatch(line)
    at_ns = stamp_ns(match[2]) if match else None
    if match is None or at_ns is None or match[5].strip():
        return None
    return Entry(at_ns, address(match[1]), int(match[3]))


def nginx(line: bytes) -> Entry | None:
    """An entry of the combined format with request times in seconds after it."""
    match = _COMBINED.fullmatch(line)
    tail = _NGINX_TAIL.fullmatch(match[5]) if match else None
    at_ns = stamp_ns(match[2]) if match else None
    if match is None or tail is None or at_ns is None:
        return None
    taken_ns = _seconds_ns(tail[1])
    # Several servers were tried one after another: the time is the sum.
    named = _NAMED_UPSTREAM.search(match[5])
    tried = _TIME.findall(named[1] if named else tail[2] or b"")
    service_ns = min(sum(map(_seconds_ns, tried)), _LONGEST_NS) if tried else taken_ns
    return Entry(at_ns, address(match[1]), int(match[3]), taken_ns, service_ns, is_end=True)


def apache(line: bytes) -> Entry | None:
    """An entry of the combined format with whole microseconds after it."""
    match = _COMBINED.fullmatch(line)
    tail = _APACHE_TAIL.fullmatch(match[5]) if match else None
    at_ns = stamp_ns(match[2]) if match else None
    if match is None or tail is None or at_ns is None:
        return None
    taken_ns = int(tail[1]) * NS_PER_US
    return Entry(at_ns, address(match[1]), int(match[3]), taken_ns, taken_ns)


def haproxy(line: bytes) -> Entry | None:
    """An entry of HAProxy's HTTP log.

    Of TR/Tw/Tc/Tr/Ta the server's part is Ta less the wait for the request and in the queue;
    -1 stands for what did not happen.
    """
    match = _HAPROXY.fullmatch(line)
    at_ns = stamp_ns(match[3]) if match else None
    if match is None or at_ns is None:
        return None
    try:
        received, queued, connected, answered, active = (int(match[n]) for n in range(4, 9))
    except ValueError:
        return None
    status = max(0, int(match[9]))
    taken_ns = active * NS_PER_MS if active >= 0 else None
    whole = min(received, queued, connected, answered) >= 0 and active >= received + queued
    service_ns = (active - received - queued) * NS_PER_MS if whole else None
    return Entry(at_ns, address(match[1]), status, taken_ns, service_ns, whole_seconds=False)


FORMATS: Mapping[str, Callable[[bytes], Entry | None]] = {
    "haproxy": haproxy, "nginx": nginx, "apache": apache, "combined": combined,
}  # fmt: skip


@lru_cache(maxsize=1024)
def stamp_ns(text: bytes) -> int | None:
    """``10/Oct/2000:13:55:36 -0700`` in ns since 1970; None where it is no time."""
    match = _STAMP.fullmatch(text.decode("ascii", "replace"))
    month = _MONTHS.get(match[2]) if match else None
    if match is None or month is None or int(match[3]) not in _YEARS:
        return None
    year, day, hour, minute, second = (int(match[n]) for n in (3, 1, 4, 5, 6))
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    if hour > 23 or minute > 59 or second > 60:  # 60 is a leap second
        return None
    ahead = (int(match[9]) * 60 + int(match[10])) * 60 if match[8] else 0
    seconds = calendar.timegm((year, month, day, hour, minute, second))
    seconds += ahead if match[8] == "-" else -ahead
    return seconds * NS_PER_S + int(match[7] or 0) * NS_PER_MS


@lru_cache(maxsize=65536)
def address(text: bytes) -> int:
    """An IPv4 address as an integer; of anything else a number of the same size."""
    try:
        return int(ipaddress.IPv4Address(text.decode("ascii")))
    except ValueError:
        return zlib.crc32(text)


def _seconds_ns(text: bytes) -> int:
    whole, _, part = text.partition(b".")
    return int(whole) * NS_PER_S + int(part.ljust(9, b"0"))

"""The gRPC health check, over as much of HTTP/2 as one question takes, in plain text.

Frames: RFC 9113, section 4 and 6. Header fields: RFC 7541, section 6.2.2, never compressed.
The call: grpc's ``doc/PROTOCOL-HTTP2.md`` and ``doc/health-checking.md``. The answer is read from
its message; a server that has none to give says so in compressed trailers, which are not read.
"""

import socket
import struct
import time
from collections.abc import Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GO_AWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8
LONGEST_FRAME = 16_384  # what is allowed until other settings are agreed upon
LONGEST_MESSAGE = 4_096
STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_STREAM = 1


class NoHealth(Exception):
    """Why a server cannot be said to serve."""


def check(address: tuple[str, int], service: str, timeout_s: float) -> None:
    """Return where the service is SERVING; an empty name asks about the server as a whole.

    Raises NoHealth where it is not, or says nothing that is understood; OSError and
    TimeoutError where it is not reached, or does not answer within `timeout_s`.
    """
    until = time.monotonic() + timeout_s
    with socket.create_connection(address, timeout=timeout_s) as connection:
        connection.sendall(_request(address, service))
        message = b""
        for kind, flags, body in _frames(connection, until):
            if kind == SETTINGS and not flags & ACK:
                connection.sendall(_frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                connection.sendall(_frame(PING, ACK, 0, body))
            elif kind == DATA:
                message += body[1 : len(body) - body[0]] if flags & PADDED and body else body
            if len(message) > LONGEST_MESSAGE:
                raise NoHealth("its answer is too long")
            if kind in (RESET, GO_AWAY) or (kind in (DATA, HEADERS) and flags & END_STREAM):
                break
    status = _status(message)
    if status != "SERVING":
        raise NoHealth(f"the service {service!r} is {status}" if service else f"it is {status}")


def _request(address: tuple[str, int], service: str) -> bytes:
    headers = {
        ":method": "POST", ":scheme": "http", ":path": "/grpc.health.v1.Health/Check",
        ":authority": f"{address[0]}:{address[1]}", "content-type": "application/grpc",
        "te": "trailers", "user-agent": "reconciler-probe/1",
    }  # fmt: skip
    block = b"".join(b"\x00" + _text(name) + _text(value) for name, value in headers.items())
    name = service.encode()
    asked = b"\x0a" + _varint(len(name)) + name if name else b""
    message = struct.pack(">BI", 0, len(asked)) + asked
    return (
        PREFACE
        + _frame(SETTINGS, 0, 0)
        + _frame(HEADERS, END_HEADERS, _STREAM, block)
        + _frame(DATA, END_STREAM, _STREAM, message)
    )


def _frames(connection: socket.socket, until: float) -> Iterator[tuple[int, int, bytes]]:
    """The frames that come, until the connection ends: (type, flags, payload)."""
    is_first = True
    while head := _read(connection, 9, until):
        length, kind, flags = int.from_bytes(head[:3]), head[3], head[4]
        if length > LONGEST_FRAME or (is_first and kind != SETTINGS):
            raise NoHealth("no HTTP/2 is spoken there")
        is_first = False
        yield kind, flags, _read(connection, length, until)


def _read(connection: socket.socket, size: int, until: float) -> bytes:
    """So many bytes; none where the other side has ended."""
    found = b""
    while len(found) < size:
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        more = connection.recv(size - len(found))
        if not more:
            return b""
        found += more
    return found


def _status(message: bytes) -> str:
    """What the answer says: a message of one field, the number of a status."""
    if len(message) < 5:
        raise NoHealth("it has no answer: is the health service registered, and this name with it?")
    compressed, length = struct.unpack(">BI", message[:5])
    body = message[5 : 5 + length]
    if compressed or len(body) != length or (body and (len(body) != 2 or body[0] != 0x08)):
        raise NoHealth("its answer is not understood")
    return STATUSES.get(body[1] if body else 0, "UNKNOWN")


def _frame(kind: int, flags: int, stream: int, body: bytes = b"") -> bytes:
    return len(body).to_bytes(3) + struct.pack(">BBI", kind, flags, stream) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    assert len(raw) < 127, text  # one byte of length, and no compression
    return bytes([len(raw)]) + raw


def _varint(number: int) -> bytes:
    made = b""
    while number > 127:
        made += bytes([number & 127 | 128])
        number >>= 7
    return made + bytes([number])

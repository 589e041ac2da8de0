"""Asking one probe's question: by HTTP, gRPC, connecting, a command, a file's age."""

import contextlib
import http.client
import socket
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import requests
from docker import errors as sdk

from reconciler.model.units import NS_PER_S, format_duration
from reconciler.targets.docker import grpc
from reconciler.targets.docker.engine import Engine
from reconciler.targets.docker.errors import text_of
from reconciler.targets.docker.health import clean
from reconciler.targets.docker.probes import Question
from reconciler.targets.docker.times import parse_time_ns

MAX_BODY_BYTES = 10 * 1024  # as the kubelet reads
USER_AGENT = "reconciler-probe/1"


class Answer(NamedTuple):
    """Whether it passed, and if not, why."""

    ok: bool
    error: str = ""


class Place(NamedTuple):
    """Where a container can be asked: its id, and the address of each of its ports from here."""

    id: str
    host: str
    published: Mapping[int, tuple[str, int]]

    def address(self, port: int) -> tuple[str, int] | None:
        """Where a port of the container answers, as seen from here; None if nowhere."""
        return (self.host, port) if self.host else self.published.get(port)


def place_of(raw: Mapping[str, Any], *, direct: bool) -> Place:
    """Where a container can be asked. `direct`: its own address can be reached from here."""
    settings = raw.get("NetworkSettings") or {}
    networks = settings.get("Networks") or {}
    host = ""
    if direct:
        addresses = (networks[name].get("IPAddress") for name in sorted(networks))
        host = next((address for address in addresses if address), "")
        if raw["HostConfig"].get("NetworkMode") == "host":
            host = "127.0.0.1"
    published = {}
    for port, bindings in (settings.get("Ports") or {}).items():
        number, _, transport = port.partition("/")
        for binding in bindings or ():
            if transport == "tcp" and ":" not in binding["HostIp"]:
                ip = binding["HostIp"] if binding["HostIp"] != "0.0.0.0" else "127.0.0.1"
                published[int(number)] = (ip, int(binding["HostPort"]))
    return Place(raw["Id"], host, published)


def ask(engine: Engine, place: Place, question: Question) -> Answer:
    """Ask once. Never raises for what the container or the engine does."""
    try:
        if question.kind == "http":
            return _http(place, question)
        if question.kind == "tcp":
            return _tcp(place, question)
        if question.kind == "grpc":
            return _grpc(place, question)
        with engine.within(question.timeout_ns):
            if question.kind == "heartbeat":
                return _heartbeat(engine, place, question)
            return _exec(engine, place, question)
    except (TimeoutError, requests.Timeout):
        return Answer(False, f"no answer in {format_duration(question.timeout_ns)}")
    except sdk.APIError as error:
        return Answer(False, clean(text_of(error)))
    except http.client.HTTPException as error:
        return Answer(False, f"not an answer in HTTP: {clean(repr(error))}")
    except OSError as error:
        return Answer(False, clean(error.strerror or str(error)))


def _http(place: Place, question: Question) -> Answer:
    address = place.address(question.number("port"))
    if address is None:
        return Answer(False, _no_way(question))
    path = question.text("path") or "/"
    began, timeout_s = time.monotonic(), question.timeout_ns / NS_PER_S
    with contextlib.closing(http.client.HTTPConnection(*address, timeout=timeout_s)) as asked:
        pairs = (header.partition(":") for header in question.texts("headers"))
        headers = {"User-Agent": USER_AGENT, "Connection": "close"}
        headers |= {name.strip(): text.strip() for name, _, text in pairs}
        asked.request("GET", path, headers=headers)
        if asked.sock is not None:
            asked.sock.settimeout(max(timeout_s - (time.monotonic() - began), 0.001))
        answer = asked.getresponse()
        body = answer.read(MAX_BODY_BYTES)
    wanted = question.texts("status")
    good = str(answer.status) in wanted if wanted else 200 <= answer.status < 400
    if not good:
        return Answer(False, f"GET {path} answered {answer.status}")
    text = question.text("body")
    if text and text not in body.decode(errors="replace"):
        return Answer(False, f"GET {path} answered without {text!r}")
    return Answer(True)


def _tcp(place: Place, question: Question) -> Answer:
    port = question.number("port")
    address = place.address(port)
    if address is None:
        return Answer(False, _no_way(question))
    try:
        socket.create_connection(address, timeout=question.timeout_ns / NS_PER_S).close()
    except ConnectionRefusedError:
        return Answer(False, f"port {port} refuses connections")
    return Answer(True)


def _grpc(place: Place, question: Question) -> Answer:
    port = question.number("port")
    address = place.address(port)
    if address is None:
        return Answer(False, _no_way(question))
    try:
        grpc.check(address, question.text("service"), question.timeout_ns / NS_PER_S)
    except ConnectionRefusedError:
        return Answer(False, f"port {port} refuses connections")
    except grpc.NoHealth as error:
        return Answer(False, f"gRPC on port {port}: {error}")
    return Answer(True)


def _exec(engine: Engine, place: Place, question: Question) -> Answer:
    made = engine.exec_create(place.id, list(question.texts("command")))
    output = engine.exec_start(made["Id"])
    code = engine.exec_inspect(made["Id"]).get("ExitCode")
    if code == 0:
        return Answer(True)
    said = clean(output.decode(errors="replace"))
    return Answer(False, said or f"the command ended with code {code}")


def _heartbeat(engine: Engine, place: Place, question: Question) -> Answer:
    path, most_ns = question.text("file"), question.number("max_age")
    try:
        touched = parse_time_ns(engine.stat(place.id, path).get("mtime"))
    except sdk.NotFound:
        return Answer(False, f"there is no {path}")
    age_ns = engine.now_ns() - (touched or 0)
    if age_ns <= most_ns:
        return Answer(True)
    age = format_duration(age_ns // NS_PER_S * NS_PER_S)
    return Answer(False, f"{path} was last touched {age} ago")


def _no_way(question: Question) -> str:
    return (
        f"port {question.number('port')} cannot be reached from here:"
        " the engine is remote and the port is not published"
    )

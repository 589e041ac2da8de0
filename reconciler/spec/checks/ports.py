"""Checks of host ports: each belongs to one container."""

from collections.abc import Iterator

from reconciler.model.peak import most_of
from reconciler.model.stack import Stack
from reconciler.spec.checks.base import Check, Finding, Path

EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::", "*"})


_Claim = tuple[str, int, int, int, str, Path, str]


def _claims(stack: Stack) -> list[_Claim]:
    """Transport, first, order, last, address, path and holder of each claim on host ports."""
    made: list[_Claim] = []
    edge = stack.declared.edge
    if edge is not None and edge.kind == "own":
        for protocol, number in edge.ports.items():
            path: Path = ("edge", "ports", protocol)
            made.append(("tcp", number, len(made), number, "", path, "the edge"))
    for name, service in stack.declared.services.items():
        for index, port in enumerate(service.ports):
            if port.host is None:
                continue
            last = port.host if port.last is None else port.last
            address = "" if port.ip in EVERY_ADDRESS else port.ip
            path = ("services", name, "ports", index)
            made.append(
                (port.transport, port.host, len(made), last, address, path, f"service/{name}")
            )
    return sorted(made)


def _port_twice(stack: Stack) -> Iterator[Finding]:
    # One pass over sorted ranges: of each address only the claim that reaches furthest counts.
    furthest: dict[tuple[str, str], _Claim] = {}
    widest: dict[str, _Claim] = {}
    for claim in _claims(stack):
        transport, first, _, last, address, path, holder = claim
        rivals = (
            (furthest.get((transport, address)), furthest.get((transport, "")))
            if address
            else (widest.get(transport),)
        )
        rival = next((r for r in rivals if r is not None and r[3] >= first), None)
        if rival is not None:
            yield Finding(
                path,
                f"{holder} asks for host port {first}/{transport}, and so does {rival[6]}",
            )
        if transport not in widest or widest[transport][3] < last:
            widest[transport] = claim
        at = (transport, address)
        if at not in furthest or furthest[at][3] < last:
            furthest[at] = claim


def _ports_short(stack: Stack) -> Iterator[Finding]:
    for name, service in stack.declared.services.items():
        most = most_of(service)
        if most < 2:
            continue
        for index, port in enumerate(service.ports):
            if port.host is None:
                continue
            held = 1 if port.last is None else port.last - port.host + 1
            if held < most:
                ports = f"{held} host port{'s' if held > 1 else ''}"
                yield Finding(
                    ("services", name, "ports", index),
                    f"service/{name} has {ports} for {most} instances",
                    f"publish a range: {port.host}-{port.host + most - 1}:{port.container}",
                )


CHECKS = (
    Check(
        code="R270",
        title="Two ask for one host port.",
        severity="error",
        why="A host port (of one transport, on one address or on all) belongs to one container; "
        "the second one does not start. A range belongs to its service as a whole.",
        fix="give one of them another host port, or route both through the edge",
        find=_port_twice,
    ),
    Check(
        code="R271",
        title="Fewer host ports than instances.",
        severity="error",
        why="Each instance takes the host port of its ordinal; the rest would not start, or "
        "would be reached by nobody.",
        fix="publish a range as large as the number of instances",
        find=_ports_short,
    ),
)

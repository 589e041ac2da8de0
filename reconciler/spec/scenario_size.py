"""How large a scenario may be: what nobody would wait for, or no memory would hold, is refused.

The bounds are of one run on one core: some minutes and some gigabytes. They are far above what a
scenario needs, and far below what a unit that slipped comes to.
"""

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.peak import most_of, surge_of
from reconciler.model.scenario import Flow, Rate, Scenario
from reconciler.model.stack import Node, Stack
from reconciler.model.units import NS_PER_S, format_duration
from reconciler.spec.report import Report
from reconciler.spec.scenario_codes import SCENARIO_CODES
from reconciler.spec.scenario_traffic import Finding
from reconciler.spec.tree import Map, Path, locate, path_text

MOST_INSTANCES = 20_000
MOST_NODES = 10_000
MOST_CLIENTS = 10_000_000
MOST_REQUESTS = 1_000_000_000
MOST_INSTANCE_HOURS = 30_000
HOUR_NS = 3600 * NS_PER_S
TOO_LARGE = "R620"


def check_size(scenario: Scenario, stacks: Sequence[Stack], root: Map, report: Report) -> None:
    """Report what is too large to be run: instances, nodes, clients, requests, time."""
    for code, said, path, hint, _ in _findings(scenario, stacks):
        report.add(code, said, locate(root, path), hint=hint)


def too_large(scenario: Scenario, stacks: Sequence[Stack]) -> list[Diagnostic]:
    """The same without places, for a scenario that was not written for these stacks."""
    return [
        Diagnostic(code, said, SCENARIO_CODES[code].explanation, hint)
        for code, said, _, hint, _ in _findings(scenario, stacks)
    ]


def instances_of(stack: Stack) -> int:
    """The most instances of a stack: scaled out, and all of it rolled at once."""
    services = stack.declared.services.values()
    return sum(most_of(each) + surge_of(each, most_of(each)) for each in services)


def _findings(scenario: Scenario, stacks: Sequence[Stack]) -> Iterator[Finding]:
    most = max((instances_of(stack) for stack in stacks), default=0)
    if most > MOST_INSTANCES:
        said = f"the state may have {most:,} instances, and {MOST_INSTANCES:,} can be simulated"
        yield TOO_LARGE, said, ("state",), "lower replicas or autoscale.max", True
    elif (most or 1) * scenario.lasts > MOST_INSTANCE_HOURS * HOUR_NS:
        lasts_ns = MOST_INSTANCE_HOURS * HOUR_NS // (most or 1)
        said = f"lasts: {format_duration(scenario.lasts)} is too long for {most:,} instances"
        hint = f"let it be {format_duration(lasts_ns - lasts_ns % HOUR_NS or lasts_ns)} at most"
        yield TOO_LARGE, said, ("lasts",), hint, True
    for nodes, path in (
        (scenario.nodes, ("nodes",)),
        *((s.declared.nodes, ("state",)) for s in stacks),
    ):
        yield from _nodes(nodes, path)
    for index, flow in enumerate(scenario.traffic):
        yield from _flow(flow, scenario.lasts, ("traffic", index))
    for index, work in enumerate(scenario.work):
        asked = _mean(work.rate) * scenario.lasts / NS_PER_S
        yield from _requests(asked, ("work", index, "rate"))


def _nodes(nodes: Mapping[str, Node], path: Path) -> Iterator[Finding]:
    count = sum(node.count for node in nodes.values())
    if count > MOST_NODES:
        said = f"{count:,} nodes, and {MOST_NODES:,} can be simulated"
        yield TOO_LARGE, said, path, "lower count", True


def _flow(flow: Flow, lasts_ns: int, path: Path) -> Iterator[Finding]:
    lasts_s = lasts_ns / NS_PER_S
    if flow.clients.count > MOST_CLIENTS:
        said = (
            f"{path_text(path)}: {flow.clients.count:,} clients, and {MOST_CLIENTS:,} are the most"
        )
        yield TOO_LARGE, said, (*path, "clients", "count"), "", True
    if flow.rate is not None:
        yield from _requests(_mean(flow.rate) * lasts_s, (*path, "rate"))
    if flow.clients.think is not None:
        each_s = max(flow.clients.think, NS_PER_S // 1000) / NS_PER_S
        yield from _requests(flow.clients.count * lasts_s / each_s, (*path, "clients"))
    if flow.sessions is not None:
        asked = _mean(flow.sessions.rate) * lasts_s
        if flow.sessions.kind == "affine":
            asked *= max(1.0, lasts_ns / max(1, flow.sessions.every))
        yield from _requests(asked, (*path, "sessions"))


def _requests(count: float, path: Path) -> Iterator[Finding]:
    if count > MOST_REQUESTS:
        said = (
            f"{path_text(path)}: up to {count:,.0f} in one run, and {MOST_REQUESTS:,} are the most"
        )
        yield TOO_LARGE, said, path, "lower the rate, or let `lasts` be shorter", True


def _mean(rate: Rate) -> float:
    """A second, on average; what a log holds is as large as its file."""
    if rate.high is not None:
        return ((rate.low or 0) + rate.high) / 2
    if rate.burst is not None:
        share = min(1.0, rate.lasting / max(1, rate.every))
        return (rate.base or 0) * (1 - share) + rate.burst * share
    return rate.constant or rate.poisson or 0.0

"""The world of a scenario: how its apps behave, what loads it, and what is to go wrong."""

import ipaddress
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.model.faults import FAULT_KINDS
from reconciler.model.resource import ResourceKey
from reconciler.model.scenario import Flow, Profile, Scenario, Spread, Trouble, Work
from reconciler.model.stack import Stack
from reconciler.rehearsal.profiles import behaviour_of
from reconciler.rehearsal.routes import Stages
from reconciler.sim import autoscaler
from reconciler.sim.disruptions import disruptions_of
from reconciler.sim.edge import EdgeRules
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.site import site_of
from reconciler.sim.traffic import tables
from reconciler.sim.traffic.accesslog import read_log
from reconciler.sim.traffic.flow import Flow as Bound
from reconciler.sim.traffic.kernel import LEAST_CONN, Kernel
from reconciler.sim.traffic.load import Load, Loaded
from reconciler.sim.traffic.rates import RateOver
from reconciler.sim.traffic.route import Route
from reconciler.sim.world import World

DEFAULT_TIME = Spread(exponential=20_000_000)
ALWAYS = 1 << 40
EACH_TIME = 1_000_000  # of a fault that comes every so often
REDELIVERED_NS = 1_000_000  # until what a worker lost is taken by another
# A queue is no edge: workers are in as soon as they answer, and take what they have room for.
QUEUE = EdgeRules("haproxy", "announced", active=False)


@dataclass(frozen=True, slots=True)
class Logs:
    """What access logs measured, by their name in the scenario."""

    times_ns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    arrivals_ns: Mapping[str, Sequence[int]] = field(default_factory=dict)


def furnish(
    world: World, scenario: Scenario, stack: Stack, logs: Logs | None = None
) -> None:  # fmt: skip
    """Let the instances of the first stack behave as the scenario says, on its machines."""
    world.kubernetes_version = scenario.kubernetes_version
    world.site = site_of([stack], scenario.nodes or None)
    behave(world, scenario, stack, logs or Logs())


def behave(world: World, scenario: Scenario, stack: Stack, logs: Logs) -> None:
    """What is made from now on behaves as this stack and the scenario say; what is there stays."""
    busy = busy_of(scenario, logs)
    for name, service in stack.declared.services.items():
        profile = scenario.behaviour.get(name, Profile())
        world.behaviours[f"service/{name}"] = behaviour_of(service, profile, busy.get(name, 0))
        if profile.image_size is not None:  # of one that two share, the larger has the say
            sizes = world.images.sizes
            sizes[service.image] = max(sizes.get(service.image, 0), profile.image_size)


def busy_of(scenario: Scenario, logs: Logs) -> Mapping[str, int]:
    """How long a request takes on average, by service, where its processor time is given. ns."""
    times = {work.service: work.service_time for work in scenario.work}
    times |= {flow.service: flow.service_time or DEFAULT_TIME for flow in scenario.traffic}
    profiles = scenario.behaviour
    return {
        name: max(round(tables.mean_ns(table_of(time, logs))), 1)
        for name, time in times.items()
        if name in profiles and profiles[name].cpu_per_request
    }


def trouble(world: World, scenario: Scenario) -> None:
    """Everything that is to go wrong, from now on; who kills the reconciler is not of the world."""
    mine = [(n, f) for n, f in enumerate(scenario.faults) if f.kind != "kill_reconciler"]
    install(world, [replace(_fault(fault), number=number) for number, fault in mine])


def _fault(fault: Trouble) -> Fault:
    """The world's word for a scenario's fault."""
    kind, on = FAULT_KINDS[fault.kind], fault.on or "*"
    if kind.strikes == "external":
        on = on.removeprefix("external/")
    amount = fault.amount
    if amount is None:
        amount = 1 if fault.kind == "stale_view" else 0
    made = Fault(
        fault.kind, on=fault.call, subject=on, nth=fault.nth, count=fault.count,  # type: ignore[arg-type]
        at_ns=fault.at or 0, every_ns=fault.every, for_ns=fault.lasting, amount=amount,
        field=fault.field, value=fault.value,
    )  # fmt: skip
    if kind.strikes == "instance":
        made = replace(made, amount=fault.instance)
    return replace(made, count=EACH_TIME) if fault.every else made


def load_of(
    world: World, scenario: Scenario, stacks: Iterable[Stack], seed: int, logs: Logs
) -> Load:
    """The scenario's traffic on the world, from now on."""
    load = Load(world, scenario.lasts)
    stacks = list(stacks)
    services = {
        name: (stack, service)
        for stack in stacks
        for name, service in stack.declared.services.items()
    }
    for number, flow in enumerate(scenario.traffic):
        stages = Stages(scenario, stacks, flow.service)
        first, last = stages.having[0], stages.having[-1]
        route, rules = stages.route(first), stages.rules(first)
        kernel = kernel_of(flow, route, rules, seed * 1_000 + number, logs)
        bound = Bound(
            world, stacks[last].name, ResourceKey("service", flow.service), kernel, rules,
            route=route, stage=first, places=stages.service(last).wanted,
        )  # fmt: skip
        rate = RateOver(flow.rate) if flow.rate is not None and not flow.rate.log else None
        sessions = RateOver(flow.sessions.rate) if flow.sessions is not None else None
        load.add(Loaded(bound, kernel, rate, sessions))
    for number, work in enumerate(scenario.work, len(scenario.traffic)):
        stack, service = services[work.service]
        kernel = queue_of(work, seed * 1_000 + number, logs)
        bound = Bound(
            world, stack.name, ResourceKey("service", work.service), kernel, QUEUE,
            places=service.wanted,
        )  # fmt: skip
        load.add(Loaded(bound, kernel, RateOver(work.rate)))
    return load


def kernel_of(flow: Flow, route: Route, rules: EdgeRules, seed: int, logs: Logs) -> Kernel:
    """What serves one flow's requests, by the edge's rules and what it does with them."""
    made = Kernel(seed, rule=route.rule)
    made.set_service_table(table_of(flow.service_time or DEFAULT_TIME, logs))
    network = ipaddress.ip_network(flow.clients.network, strict=False)
    made.set_clients(
        flow.clients.count, int(network.network_address), max(network.num_addresses - 2, 1)
    )
    made.set_retries(flow.retries.most, flow.retries.backoff)
    route.begin(made, rules)
    if flow.rate is not None and flow.rate.log:
        made.feed(array("q", logs.arrivals_ns[flow.rate.log]))
    if flow.clients.think is not None:
        made.set_closed(flow.clients.count, tables.exponential(flow.clients.think))
    if flow.sessions is not None:
        every_ns = flow.sessions.every if flow.sessions.kind == "affine" else 0
        made.set_sessions(table_of(flow.sessions.length, logs), every_ns=every_ns)
    return made


def queue_of(work: Work, seed: int, logs: Logs) -> Kernel:
    """What works off a queue: whoever has room takes the oldest; what is cut is taken again."""
    made = Kernel(seed, rule=LEAST_CONN)
    made.set_service_table(table_of(work.service_time, logs))
    made.set_retries(ALWAYS, REDELIVERED_NS)
    made.set_edge(
        queue=work.most if work.most is not None else ALWAYS, holds=True, request_timeout_ns=0
    )
    return made


def table_of(spread: Spread, logs: Logs) -> "array[int]":
    """A distribution as the kernel takes it."""
    if spread.constant is not None:
        return tables.constant(spread.constant)
    if spread.exponential is not None:
        return tables.exponential(spread.exponential)
    if spread.median is not None and spread.p99 is not None:
        return tables.lognormal(spread.median, spread.p99)
    return tables.measured(spread.measured or logs.times_ns[spread.log])


def logs_of(scenario: Scenario, path: str) -> Logs:
    """Every access log that a scenario names, read; DiagnosticsError where one cannot be."""
    folder = Path(path).parent
    times: dict[str, tuple[int, ...]] = {}
    arrivals: dict[str, Sequence[int]] = {}
    for flow in scenario.traffic:
        if flow.rate is not None and flow.rate.log:
            arrivals[flow.rate.log] = read_log(folder / flow.rate.log).arrivals
        spreads = [flow.service_time, flow.sessions.length if flow.sessions else None]
        for spread in spreads:
            if spread is not None and spread.log and spread.log not in times:
                log = read_log(folder / spread.log)
                is_length = flow.sessions is not None and spread is flow.sessions.length
                times[spread.log] = log.session_lengths() if is_length else log.service_times()
    return Logs(times, arrivals)


def scale(world: World, scenario: Scenario, stack: Stack) -> None:
    """What of a stack the world's own controllers must know: requests, policies, scaling."""
    assert world.site is not None
    said = site_of([stack], scenario.nodes or None)
    world.site.requests.update(said.requests)
    world.site.policies.update(said.policies)
    world.site.disruptions = disruptions_of(stack)
    if scenario.target == "kubernetes":
        for name, service in sorted(stack.declared.services.items()):
            if service.autoscale is not None:
                key = ResourceKey("service", name)
                autoscaler.install(world, stack.name, key, service.autoscale)

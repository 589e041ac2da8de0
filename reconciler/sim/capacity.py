"""How many instances fit the nodes, what binds first, and what surge and scaling do to it.

Pure arithmetic over a stack, with the same placement that a simulated cluster uses. Jobs are
not counted: they come and go.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod

from reconciler.model.capacity import Capacity, Fit, Room, Stage, Use
from reconciler.model.peak import draining_of, most_of, surge_of
from reconciler.model.stack import Budget, Node, Stack
from reconciler.sim.machine import Asked, Machine
from reconciler.sim.nodes import choose, refusal
from reconciler.sim.site import asked_by, machines_of

Counts = Mapping[str, int]
NOBODY: Counts = {}


def capacity_of(stack: Stack) -> Capacity:
    """The report of a stack. ValueError where a node's CPU cannot be read (R260)."""
    nodes = stack.declared.nodes
    machines = machines_of(nodes)
    return Capacity(
        stack.name,
        len(machines),
        tuple(_room(name, node) for name, node in nodes.items()),
        tuple(_fits(stack, machines)),
        tuple(_stages(stack, machines)),
        tuple(name for name, budget in stack.declared.budgets.items() if _is_open(stack, budget)),
    )


def _room(name: str, node: Node) -> Room:
    (one,) = machines_of({name: replace(node, count=1)})
    return Room(name, node.count, one.cpu_m, one.memory_bytes)


# -- everything at once -----------------------------------------------------------------------


def _stages(stack: Stack, machines: Sequence[Machine]) -> Iterator[Stage]:
    services = stack.declared.services
    wanted = {name: service.wanted for name, service in services.items()}
    most = {name: most_of(service) for name, service in services.items()}
    yield _stage(stack, machines, "as wanted", wanted)
    yield _rolled(stack, machines, "all rolled at once", wanted)
    if most != wanted:
        yield _stage(stack, machines, "autoscale maximum", most)
        yield _rolled(stack, machines, "autoscale maximum, all rolled", most)


def _rolled(stack: Stack, machines: Sequence[Machine], name: str, counts: Counts) -> Stage:
    """So many of each service, their surge, and on budgets what still drains beside both."""
    services = stack.declared.services
    surged = {each: count + surge_of(services[each], count) for each, count in counts.items()}
    draining = {each: draining_of(services[each], count) for each, count in counts.items()}
    return _stage(stack, machines, name, surged, draining)


def _stage(
    stack: Stack, machines: Sequence[Machine], name: str, counts: Counts, draining: Counts = NOBODY
) -> Stage:
    services = stack.declared.services
    asked = {service: asked_by(services[service]) for service in counts}
    _, missing, why = _placed(stack, machines, asked, counts)
    budgets = []
    for budget_name, budget in stack.declared.budgets.items():
        limit = stack.declared.limit_of(budget)
        if limit is not None:
            shares = _shares(stack, budget)
            total = sum(share * counts[s] for s, share in shares.items())
            ending = sum(share * draining.get(s, 0) for s, share in shares.items())
            budgets.append(Use(budget_name, total, total + ending, limit))
    return Stage(
        name, sum(counts.values()),
        sum(asked[service][0] * count for service, count in counts.items()),
        sum(asked[service][1] * count for service, count in counts.items()),
        missing, why, tuple(budgets),
    )  # fmt: skip


def _placed(
    stack: Stack, machines: Sequence[Machine], asked: Mapping[str, Asked], counts: Counts
) -> tuple[list[Machine], dict[str, int], dict[str, str]]:
    """The machines with so many on them, how many found no place, and why the first did not.

    The largest go first, as those that are hardest to place.
    """
    filled = [machine.clone() for machine in machines]
    missing: dict[str, int] = {}
    why: dict[str, str] = {}
    if not stack.declared.nodes:
        return filled, missing, why
    for name in sorted(counts, key=lambda service: _size(asked[service]), reverse=True):
        beside: Counter[str] = Counter()
        for number in range(counts[name]):
            machine = choose(filled, asked[name], beside)
            if machine is None:
                missing[name] = counts[name] - number
                why[name] = refusal(filled, asked[name])
                break
            machine.hold(f"{name} {number}", asked[name])
            beside[machine.name] += 1
    return filled, missing, why


def _size(asked: Asked) -> tuple[int, int]:
    return asked[1], asked[0]


# -- one service ------------------------------------------------------------------------------


def _fits(stack: Stack, machines: Sequence[Machine]) -> Iterator[Fit]:
    """Each service as it is wanted, with as many more of it as there is room for then."""
    services = stack.declared.services
    wanted = {name: service.wanted for name, service in services.items()}
    asked = {name: asked_by(service) for name, service in services.items()}
    filled, missing, _ = _placed(stack, machines, asked, wanted)
    for name in services:
        yield _fit(stack, name, machines, filled, wanted[name] - missing.get(name, 0))


def _fit(
    stack: Stack, name: str, machines: Sequence[Machine], filled: Sequence[Machine], placed: int
) -> Fit:
    services = stack.declared.services
    service, asked = services[name], asked_by(services[name])
    others = {other: each.wanted for other, each in services.items() if other != name}
    by_budget = _by_budgets(stack, name, others)
    alone, more = _count(machines, asked), _count(filled, asked)
    if stack.declared.nodes and not machines:
        alone, more = 0, 0
    beside = None if more is None else placed + more
    binds, held_back = _binding(filled, asked) if machines or more is None else ("nodes", False)
    if by_budget is not None and (beside is None or by_budget[1] < beside):
        binds, held_back, beside = f"budget {by_budget[0]}", False, by_budget[1]
    surge = surge_of(service, service.wanted)
    rolls = beside is None or service.wanted + surge <= beside
    return Fit(
        name, service.wanted, surge, most_of(service), *asked, alone, beside, binds, held_back,
        rolls,
    )  # fmt: skip


def _count(machines: Sequence[Machine], asked: Asked) -> int | None:
    """How many more of one kind fit: what each machine takes, whatever their order."""
    total = 0
    for machine in machines:
        bounds = [
            max(0, has - used) // each
            for has, used, each in (
                (machine.cpu_m, machine.used_cpu_m, asked[0]),
                (machine.memory_bytes, machine.used_memory, asked[1]),
            )
            if has is not None and each
        ]
        if not bounds:
            return None
        total += min(bounds)
    return total if machines else None


def _binding(machines: Sequence[Machine], asked: Asked) -> tuple[str, bool]:
    """What is short on most machines once they are full of it, and whether all could be used."""
    if _count(machines, asked) is None:
        return "", False
    short: Counter[str] = Counter()
    more = False
    for machine in machines:
        count = _count([machine], asked) or 0
        cpu_m, memory = (count + 1) * asked[0], (count + 1) * asked[1]
        for what in machine.lacking((cpu_m, memory)):
            short[what] += 1
        whole = Machine(machine.name, *machine.whole)
        whole.used_cpu_m, whole.used_memory = machine.used_cpu_m, machine.used_memory
        more = more or whole.has_room((cpu_m, memory))
    return max(("cpu", "memory"), key=lambda what: short[what]), more


# -- budgets ----------------------------------------------------------------------------------


def _shares(stack: Stack, budget: Budget) -> dict[str, float]:
    """What one instance of each service takes of it; factors without a value are left out."""
    shares: dict[str, float] = {}
    for term in budget.terms:
        if term.service in stack.declared.services and None not in term.factors.values():
            each = prod(factor for factor in term.factors.values() if factor is not None)
            shares[term.service] = shares.get(term.service, 0) + each
    return shares


def _is_open(stack: Stack, budget: Budget) -> bool:
    return any(None in term.factors.values() for term in budget.terms)


def _by_budgets(stack: Stack, name: str, others: Counts) -> tuple[str, int] | None:
    """The tightest budget of a service, and the most instances that it leaves room for."""
    found = []
    for budget_name, budget in stack.declared.budgets.items():
        limit, shares = stack.declared.limit_of(budget), _shares(stack, budget)
        share = shares.get(name)
        if limit is None or not share:
            continue
        taken = sum(each * others.get(other, 0) for other, each in shares.items())
        found.append((max(0, int((limit - taken) // share)), budget_name))
    if not found:
        return None
    most, budget_name = min(found)
    return budget_name, most

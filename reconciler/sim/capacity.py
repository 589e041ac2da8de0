"""How many instances fit the nodes, what binds first, and what surge and scaling do to it.

Pure arithmetic over a stack, with the same placement that a simulated cluster uses. Jobs are
not counted: they come and go.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import prod

from reconciler.model.capacity import Capacity, Fit, Room, Stage
from reconciler.model.service import Service
from reconciler.model.stack import Budget, Stack
from reconciler.model.units import amount_of
from reconciler.sim.nodes import choose, refusal
from reconciler.sim.site import Asked, Machine, asked_by, machines_of

Counts = Mapping[str, int]


def capacity_of(stack: Stack) -> Capacity:
    """The report of a stack. ValueError where a node's CPU cannot be read (R260)."""
    machines = machines_of(stack.declared.nodes)
    return Capacity(
        stack.name,
        tuple(Room(each.name, each.cpu_m, each.memory_bytes) for each in machines),
        tuple(_fits(stack, machines)),
        tuple(_stages(stack, machines)),
        tuple(name for name, budget in stack.declared.budgets.items() if _is_open(stack, budget)),
    )


def surge_of(service: Service, replicas: int) -> int:
    """The instances that a rollout adds to `replicas`.

    None where two cannot stand beside each other; shares round up (ResolveFenceposts in
    kubernetes ``deployment_util.go``).
    """
    rollout = service.rollout
    if not replicas or service.singleton or service.has_fixed_host_port:
        return 0
    if rollout.strategy == "recreate":
        return 0
    if rollout.strategy == "blue-green":
        return replicas
    surge = amount_of(rollout.max_surge, replicas, up=True)
    return surge if rollout.strategy == "rolling" else max(1, surge)


def most_of(service: Service) -> int:
    """The most instances outside of a rollout."""
    scale = service.autoscale
    return service.wanted if scale is None else max(service.wanted, scale.max)


# -- everything at once -----------------------------------------------------------------------


def _stages(stack: Stack, machines: Sequence[Machine]) -> Iterator[Stage]:
    services = stack.declared.services
    wanted = {name: service.wanted for name, service in services.items()}
    most = {name: most_of(service) for name, service in services.items()}
    yield _stage(stack, machines, "as wanted", wanted)
    yield _stage(stack, machines, "all rolled at once", _with_surge(services, wanted))
    if most != wanted:
        yield _stage(stack, machines, "autoscale maximum", most)
        yield _stage(stack, machines, "autoscale maximum, all rolled", _with_surge(services, most))


def _with_surge(services: Mapping[str, Service], counts: Counts) -> dict[str, int]:
    return {name: count + surge_of(services[name], count) for name, count in counts.items()}


def _stage(stack: Stack, machines: Sequence[Machine], name: str, counts: Counts) -> Stage:
    services = stack.declared.services
    asked = {service: asked_by(services[service]) for service in counts}
    _, missing, why = _placed(machines, asked, counts)
    budgets = []
    for budget_name, budget in stack.declared.budgets.items():
        limit = _limit_of(stack, budget)
        if limit is not None:
            total = sum(share * counts[s] for s, share in _shares(stack, budget).items())
            budgets.append((budget_name, total, limit))
    return Stage(
        name, sum(counts.values()),
        sum(asked[service][0] * count for service, count in counts.items()),
        sum(asked[service][1] * count for service, count in counts.items()),
        missing, why, tuple(budgets),
    )  # fmt: skip


def _placed(
    machines: Sequence[Machine], asked: Mapping[str, Asked], counts: Counts
) -> tuple[list[Machine], dict[str, int], str]:
    """The machines with so many on them, how many found no place, and why the first did not.

    The largest go first, as those that are hardest to place.
    """
    filled = [machine.clone() for machine in machines]
    missing: dict[str, int] = {}
    why = ""
    if not filled:
        return filled, missing, why
    for name in sorted(counts, key=lambda service: _size(asked[service]), reverse=True):
        beside: Counter[str] = Counter()
        for number in range(counts[name]):
            machine = choose(filled, asked[name], beside)
            if machine is None:
                missing[name] = counts[name] - number
                why = why or refusal(filled, asked[name])
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
    filled, missing, _ = _placed(machines, asked, wanted)
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
    beside = None if more is None else placed + more
    binds, held_back = _binding(filled, asked)
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


def _limit_of(stack: Stack, budget: Budget) -> float | None:
    external = stack.declared.external.get(budget.external)
    return budget.limit if external is None else external.limits.get(budget.limit_name)


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
        limit, shares = _limit_of(stack, budget), _shares(stack, budget)
        share = shares.get(name)
        if limit is None or not share:
            continue
        taken = sum(each * others.get(other, 0) for other, each in shares.items())
        found.append((max(0, int((limit - taken) // share)), budget_name))
    if not found:
        return None
    most, budget_name = min(found)
    return budget_name, most

"""Where a world's instances run: machines with their capacity, and who holds how much of it.

Plain data, so that a world can be copied and written to a file. A world without a site has
room for everything, as an engine has that counts no requests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.fields import rollout_fields
from reconciler.model.observed import Fields
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.model.stack import Node, Stack
from reconciler.model.units import parse_cpu_m
from reconciler.sim.machine import Asked, Machine
from reconciler.sim.placing import Placing
from reconciler.sim.scaling import Scaler


@dataclass(frozen=True, slots=True)
class Disruptions:
    """A PodDisruptionBudget: one of the two amounts, a count or a share such as ``50%``."""

    min_available: str | int | None = None
    max_unavailable: str | int | None = None


@dataclass(slots=True)
class Site:
    """Machines, and what the stacks on them ask of whoever runs them.

    `placed` tells the machine of each instance; `waiting` are pods that fit nowhere, oldest
    first. By resource (``service/web``): `requests` are promised amounts, `policies` what a
    workload object says beside its fields (``rollout.max_surge``, ``workload``), `disruptions`
    its budget, `scalers` its autoscaler (``shop service/web``). `placing` is derived from all
    that, and made where it is needed.
    """

    machines: dict[str, Machine] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, None] = field(default_factory=dict)
    requests: dict[str, Asked] = field(default_factory=dict)
    policies: dict[str, Fields] = field(default_factory=dict)
    disruptions: dict[str, Disruptions] = field(default_factory=dict)
    scalers: dict[str, Scaler] = field(default_factory=dict)
    placing: Placing | None = field(default=None, compare=False, repr=False)

    def clone(self) -> "Site":
        """A copy of its own; what is immutable is shared."""
        return Site(
            {name: each.clone() for name, each in self.machines.items()}, dict(self.placed),
            dict(self.waiting), dict(self.requests), dict(self.policies),
            dict(self.disruptions), {name: each.clone() for name, each in self.scalers.items()},
        )  # fmt: skip

    def machine_of(self, id: str) -> Machine | None:
        """The machine an instance is on; None for one that is nowhere."""
        name = self.placed.get(id)
        return None if name is None else self.machines.get(name)

    def put(self, id: str, machine: Machine, asked: Asked, owner: tuple[str, ResourceKey]) -> None:
        """An instance of `owner`, a stack's resource, is on this machine from now on."""
        self.release(id)
        self.placed[id] = machine.name
        machine.hold(id, asked)
        if self.placing is not None:
            self.placing.put(id, machine.name, owner)

    def release(self, id: str) -> bool:
        """An instance needs its place no longer; whether somebody waits for one."""
        self.waiting.pop(id, None)
        name = self.placed.pop(id, None)
        if name is None:
            return False
        self.machines[name].let_go(id)
        if self.placing is not None:
            self.placing.release(id, name)
        return bool(self.waiting)

    def turned(self, machine: Machine) -> None:
        """A machine takes pods from now on, or takes none any more."""
        if self.placing is not None:
            self.placing.turned(machine.name)


def machines_of(nodes: Mapping[str, Node]) -> list[Machine]:
    """The machines that nodes stand for; of several alike each has its number in its name.

    ValueError where an amount of CPU cannot be read, which `validate` tells as R260.
    """
    made = []
    for name, node in nodes.items():
        cpu_m = parse_cpu_m(node.cpu)
        cpu = max(0, cpu_m - parse_cpu_m(node.reserved_cpu)) if cpu_m else None
        memory = max(0, node.memory - node.reserved_memory) if node.memory else None
        for number in range(node.count):
            made.append(
                Machine(
                    name if node.count == 1 else f"{name}-{number}",
                    _share(cpu, node.max_utilisation),
                    _share(memory, node.max_utilisation),
                    (cpu, memory),
                    slow=node.startup == "slow",
                )
            )
    return made


def _share(amount: int | None, percent: int) -> int | None:
    return None if amount is None else amount * percent // 100


def asked_by(service: Service) -> Asked:
    """What an instance is promised; a limit alone is a request too, as Kubernetes has it."""
    requests, limits = service.resources.requests, service.resources.limits
    cpu = requests.cpu if requests.cpu is not None else limits.cpu
    memory = requests.memory if requests.memory is not None else limits.memory
    return cpu or 0, memory or 0


def site_of(stacks: Iterable[Stack], nodes: Mapping[str, Node] | None = None) -> Site:
    """The site that stacks declare; `nodes`, when given, stand in place of theirs.

    Services are rolled as they say, singletons as a StatefulSet of one: a Deployment with
    Recreate replaces a pod that is lost or deleted while the old one still ends.
    """
    site = Site()
    for stack in stacks:
        declared = stack.declared
        for machine in machines_of(declared.nodes if nodes is None else nodes):
            site.machines.setdefault(machine.name, machine)
        for name, service in declared.services.items():
            site.requests[f"service/{name}"] = asked_by(service)
            site.policies[f"service/{name}"] = _policy(service)
    return site


def _policy(service: Service) -> Fields:
    workload = "statefulset" if service.singleton else "deployment"
    return {"workload": workload, **rollout_fields(service)}


def decoded(data: Mapping[str, Any]) -> Site:
    """The site that a world's file tells of."""
    return Site(
        {name: _machine(each) for name, each in data["machines"].items()}, dict(data["placed"]),
        dict(data["waiting"]),
        {name: (cpu_m, memory) for name, (cpu_m, memory) in data["requests"].items()},
        dict(data["policies"]),
        {name: Disruptions(**each) for name, each in data["disruptions"].items()},
        {name: Scaler.decoded(each) for name, each in data["scalers"].items()},
    )  # fmt: skip


def _machine(data: Mapping[str, Any]) -> Machine:
    cpu, memory = data["whole"]
    held = {id: (cpu_m, size) for id, (cpu_m, size) in data["held"].items()}
    return Machine(**{**data, "whole": (cpu, memory), "held": held})

"""How many instances, and how they may be exchanged."""

from dataclasses import dataclass
from typing import Literal

from reconciler.model.service import Service
from reconciler.model.units import amount_of


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of a rollout: counts of instances."""

    replicas: int
    surge: int
    unavailable: int
    way: Literal["rolling", "recreate"] = "rolling"
    holds_ports: bool = False
    singleton: bool = False

    @property
    def least_available(self) -> int:
        """Fewer than this may not be available."""
        return max(0, self.replicas - self.unavailable)


def shape_of(service: Service) -> Shape:
    """The numbers for a service.

    Percentages: kubernetes ``deployment_util.go`` ResolveFenceposts: a surge rounds up,
    unavailable rounds down, and where both come to nothing one may be unavailable. An
    instance that holds a fixed host port cannot stand beside its successor, so there the
    surge is 0 and at least one is unavailable.
    """
    replicas, rollout = service.wanted, service.rollout
    if service.singleton or rollout.strategy == "recreate":
        return Shape(
            replicas, 0, replicas, "recreate", service.has_fixed_host_port, service.singleton
        )
    surge = amount_of(rollout.max_surge, replicas, up=True)
    unavailable = amount_of(rollout.max_unavailable, replicas, up=False)
    if service.has_fixed_host_port:
        return Shape(replicas, 0, min(max(1, unavailable), replicas), holds_ports=True)
    if rollout.strategy == "start-first":
        return Shape(replicas, max(1, surge), 0)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Shape(replicas, surge, min(unavailable, replicas))

"""What came of counting a stack against its nodes and budgets."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fit:
    """How many instances of one service fit. None is no bound.

    `alone` on empty nodes; `beside` with every other service as it is wanted. `binds` is what
    ends it first: ``cpu``, ``memory``, ``budget postgres``, ``nodes`` where none takes any, or
    empty. `held_back`: without max_utilisation more would fit. `surge` are the instances that
    a rollout adds, `most` the autoscaler's maximum (or what is wanted), `rolls`: whether its
    rollout finds room while the others stand still.
    """

    service: str
    wanted: int
    surge: int
    most: int
    cpu_m: int
    memory_bytes: int
    alone: int | None
    beside: int | None
    binds: str
    held_back: bool
    rolls: bool


@dataclass(frozen=True, slots=True)
class Use:
    """What a budget comes to. `drained`: the most with what still drains while all is rolled."""

    budget: str
    total: float
    drained: float
    limit: float


@dataclass(frozen=True, slots=True)
class Stage:
    """All services at once, at a moment: how many, what they hold, and who finds no room.

    `missing` are instances without a place, by service; `why` is what a scheduler says to the
    first of each.
    """

    name: str
    instances: int
    cpu_m: int
    memory_bytes: int
    missing: Mapping[str, int]
    why: Mapping[str, str]
    budgets: tuple[Use, ...]

    @property
    def exceeded(self) -> tuple[str, ...]:
        """The budgets that it goes beyond."""
        return tuple(use.budget for use in self.budgets if use.total > use.limit)

    @property
    def fits(self) -> bool:
        """Whether everybody has a place, and no budget is exceeded."""
        return not self.missing and not self.exceeded


@dataclass(frozen=True, slots=True)
class Room:
    """What instances may hold of each of `count` nodes alike; None: no bound.

    That is (capacity - reserved) x max_utilisation.
    """

    node: str
    count: int
    cpu_m: int | None
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Capacity:
    """The whole report. `unbounded` are budgets with a factor that has no value.

    `nodes` is how many machines there are; without `rooms` none are declared, and only budgets
    are counted.
    """

    stack: str
    nodes: int
    rooms: tuple[Room, ...]
    fits: tuple[Fit, ...]
    stages: tuple[Stage, ...]
    unbounded: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it fits at every stage."""
        return all(stage.fits for stage in self.stages)

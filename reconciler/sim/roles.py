"""What others are to a world: who loads it with traffic, and who says what instances use."""

from typing import Any, Protocol

from reconciler.model.resource import ResourceKey
from reconciler.sim.things import Container


class Traffic(Protocol):
    """What loads a world: whoever serves requests at its endpoints. None in a quiet world."""

    def finished_ns(self, container: Container) -> int:
        """When what is in flight at a container will be done; now, where nothing is."""

    def route(self, container: Container, state: str) -> None:
        """An edge of ours is told to drain an instance, or to send it sessions again."""

    def on_edge(self, payload: tuple[Any, ...]) -> None:
        """Entry ``edge``: the edge learns something about an endpoint."""

    def on_drained(self, payload: tuple[Any, ...]) -> None:
        """Entry ``drained``: what an edge drains may have nothing left to do."""

    def on_sample(self, payload: tuple[Any, ...]) -> None:
        """Entry ``sample``: numbers are noted."""

    def on_strain(self, payload: tuple[Any, ...]) -> None:
        """Entry ``strain``: an instance that leaks may be above its memory limit."""


class Usage(Protocol):
    """What instances use, as a metrics server tells it: over the last window."""

    def cpu_m(self, container: Container) -> int | None:
        """Millicores; None where there is no sample."""

    def memory_bytes(self, container: Container) -> int | None:
        """Bytes; None where there is no sample."""

    def metric(self, service: ResourceKey, name: str) -> float | None:
        """A number of the whole service, such as the depth of its queue; None: not known."""

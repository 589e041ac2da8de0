"""Traffic: what clients send to a world's services through its edge, and what becomes of it."""

from reconciler.sim.world import Payload, World


def on_edge(world: World, payload: Payload) -> None:
    """Entry ``edge``: see `reconciler.sim.traffic.flow`."""
    if world.traffic is not None:
        world.traffic.on_edge(payload)


def on_drained(world: World, payload: Payload) -> None:
    """Entry ``drained``: see `reconciler.sim.traffic.flow`."""
    if world.traffic is not None:
        world.traffic.on_drained(payload)


def on_sample(world: World, payload: Payload) -> None:
    """Entry ``sample``: see `reconciler.sim.traffic.load`."""
    if world.traffic is not None:
        world.traffic.on_sample(payload)


def on_strain(world: World, payload: Payload) -> None:
    """Entry ``strain``: see `reconciler.sim.traffic.load`."""
    if world.traffic is not None:
        world.traffic.on_strain(payload)

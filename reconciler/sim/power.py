"""What becomes of an engine's containers when the engine goes down, and when it is back."""

from collections.abc import Iterable

from reconciler.sim import life, nodes
from reconciler.sim.things import Container
from reconciler.sim.world import World


def off(world: World, containers: Iterable[Container]) -> None:
    """Every process ends, without live restore, and nothing starts it again."""
    for container in list(containers):
        if container.running:
            policy, container.policy = container.policy, "never"
            life.end(world, container, life.OOM_CODE)
            container.policy = policy
        if container.phase == "restarting":
            container.phase = "exited"
            container.epoch += 1


def on(world: World, containers: Iterable[Container]) -> None:
    """The engine is back: containers whose policy is ``always`` come with it.

    Even when they were stopped by hand
    (https://docs.docker.com/engine/containers/start-containers-automatically/).
    """
    for container in list(containers):
        failed = container.exit_code and not container.cancelled
        policy = container.policy.partition(":")[0]
        back = policy == "always" or (policy == "on-failure" and failed)
        if back and container.starts and not container.running:
            nodes.place(world, container)
            life.start(world, container)

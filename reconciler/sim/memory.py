"""What instances use of memory and processor, and what their limits do about it."""

from reconciler.model.units import NS_PER_S
from reconciler.sim import life
from reconciler.sim.things import Container
from reconciler.sim.world import World


def limit_bytes(container: Container) -> int | None:
    """Its memory limit; None where it has none."""
    limit = container.fields.get("resources.memory_limit")
    return limit if isinstance(limit, int) and limit > 0 else None


def limit_cpu_m(container: Container) -> int | None:
    """Its CPU limit, in millicores; None where it has none."""
    limit = container.fields.get("resources.cpu_limit")
    return limit if isinstance(limit, int) and limit > 0 else None


def used_bytes(world: World, container: Container, served: int = 0) -> int:
    """What it uses now: at its start, what grows with time, and what `served` requests leaked."""
    if container.phase != "running":
        return 0
    behaviour = container.behaviour
    ran_ns = world.now_ns - (container.started_at_ns or world.now_ns)
    grown = behaviour.memory_growth_bytes_per_s * ran_ns // NS_PER_S
    return behaviour.memory_bytes + grown + behaviour.memory_per_request * served


def most_percent(world: World, container: Container) -> int:
    """The most that its newest process used of its memory limit, as if it had served nothing."""
    limit, began_ns = limit_bytes(container), container.started_at_ns
    if limit is None or began_ns is None:
        return 0
    if container.oom_killed:
        return 100
    ended_ns = world.now_ns if container.phase == "running" else container.finished_at_ns
    behaviour = container.behaviour
    ran_ns = max((ended_ns or began_ns) - began_ns, 0)
    used = behaviour.memory_bytes + behaviour.memory_growth_bytes_per_s * ran_ns // NS_PER_S
    return min(used * 100 // limit, 100)


def strain(world: World, container: Container, served: int = 0) -> bool:
    """End it when it uses more than its limit; whether it was.

    Whoever knows how many requests it has served since its start asks now and then; growth
    with time alone needs no asking.
    """
    limit = limit_bytes(container)
    if container.phase != "running" or limit is None:
        return False
    if used_bytes(world, container, served) <= limit:
        return False
    life.end(world, container, life.OOM_CODE, oom=True)
    return True


def throttled_permille(usage_m: int, limit_m: int | None) -> int:
    """How many thousandths of its time something takes under a CPU limit: 1000 for no longer.

    The quota of the CFS gives it `limit_m` of each period: work for `usage_m` takes
    usage / limit as long.
    """
    if limit_m is None or usage_m <= limit_m:
        return 1000
    return -(-usage_m * 1000 // limit_m)

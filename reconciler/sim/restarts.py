"""When an instance that ended is started once more: by Docker's restart manager, by the kubelet."""

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.reading import read
from reconciler.sim.things import Container
from reconciler.sim.world import World

# moby restartmanager/restartmanager.go
RESTART_FIRST_NS = 100 * NS_PER_MS
RESTART_LONGEST_NS = 60 * NS_PER_S
RESTART_RESET_NS = 10 * NS_PER_S

# kubernetes pkg/kubelet, client-go util/flowcontrol/backoff.go
CRASHLOOP_FIRST_NS = 10 * NS_PER_S
CRASHLOOP_LONGEST_NS = 300 * NS_PER_S
CRASHLOOP_RESET_NS = 600 * NS_PER_S


def delay_ns(container: Container, code: int, ran_ns: int) -> int | None:
    """How long until the engine starts it again; None when it does not."""
    if container.cancelled or (container.kubelet and container.terminating):
        return None
    if container.policy != "always":
        policy, _, most = container.policy.partition(":")
        if policy == "never" or (policy == "on-failure" and code == 0):
            return None
        if most and container.engine_restarts >= int(most):  # on-failure:N
            return None
    last = container.restart_delay_ns
    if container.kubelet:
        if container.engine_restarts == 0 or ran_ns >= CRASHLOOP_RESET_NS:
            return 0
        return min(max(CRASHLOOP_FIRST_NS, 2 * last), CRASHLOOP_LONGEST_NS)
    if ran_ns >= RESTART_RESET_NS or last == 0:
        return RESTART_FIRST_NS
    return min(2 * last, RESTART_LONGEST_NS)


def start_ns(world: World, container: Container) -> int:
    """What starting it once more takes the engine, after the delay."""
    behaviour, around = container.behaviour, world.streams.around
    own_ns = world.latency_ns.get("restart", 0)
    return around("call restart", own_ns, world.latency_jitter_percent) + around(
        read(container).starts, behaviour.start_ns, behaviour.jitter_percent
    )

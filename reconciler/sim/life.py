"""The life of instances: start, probes, stop signals, crashes, and the restart manager."""

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.reading import Reading, read
from reconciler.sim.things import Container
from reconciler.sim.versions import rules_of
from reconciler.sim.world import LIFE, PROBE, Payload, World

KILL_NS = 5 * NS_PER_MS  # from SIGKILL to the end of the process

# moby restartmanager/restartmanager.go
RESTART_FIRST_NS = 100 * NS_PER_MS
RESTART_LONGEST_NS = 60 * NS_PER_S
RESTART_RESET_NS = 10 * NS_PER_S

# kubernetes pkg/kubelet, client-go util/flowcontrol/backoff.go
CRASHLOOP_FIRST_NS = 10 * NS_PER_S
CRASHLOOP_LONGEST_NS = 300 * NS_PER_S
CRASHLOOP_RESET_NS = 600 * NS_PER_S
RELIST_NS = NS_PER_S  # how often the kubelet looks at its containers: PLEG

OOM_CODE = 137
RUNNING = ("running", "restarting", "paused")  # as the engine counts


def start(world: World, container: Container, *, by_engine: bool = False) -> None:
    """The process runs from now on; what will happen to it by itself is scheduled.

    A start by hand resets the restart manager (moby ``daemon/start.go``).
    """
    now, behaviour = world.now_ns, container.behaviour
    container.epoch += 1
    container.phase = "running"
    container.started_at_ns = now
    container.finished_at_ns = container.exit_code = container.ready_since_ns = None
    container.ready = container.hung = container.gone = container.oom_killed = False
    container.live = True
    container.signalled_at_ns = None
    container.message = ""
    if not by_engine:
        container.cancelled = container.terminating = False
        container.restart_delay_ns = 0
        container.engine_restarts = 0
    reading = read(container)
    for port in reading.host_ports:
        world.ports[port] = container.id
    world.emit("started", container, "by the engine" if by_engine else "")
    token = (container.id, container.epoch)
    if behaviour.crash_after_ns is not None and (
        behaviour.crashes is None or container.starts < behaviour.crashes
    ):
        code = behaviour.crash_code
        world.push(now + behaviour.crash_after_ns, LIFE, "exit", (*token, code, behaviour.oom))
    if behaviour.run_ns is not None:
        run_ns = world.streams.around(reading.runs, behaviour.run_ns, behaviour.jitter_percent)
        world.push(now + run_ns, LIFE, "exit", (*token, behaviour.exit_code, False))
    uses_memory = behaviour.memory_bytes or behaviour.memory_growth_bytes_per_s
    out_ns = behaviour.oom_after_ns(container.fields) if uses_memory else None
    if out_ns is not None:
        world.push(now + out_ns, LIFE, "exit", (*token, OOM_CODE, True))
    if behaviour.needs and world.externals_away:
        wait_ns = max(behaviour.needs_timeout_ns, behaviour.ready_ns)
        for name, _ in behaviour.needs:
            world.push(now + wait_ns, LIFE, "lack", (*token, name))
    container.starts += 1
    _schedule_probes(world, container, reading)


def _schedule_probes(world: World, container: Container, reading: Reading) -> None:
    """The times at which the probes' verdicts flip.

    Liveness and readiness wait for startup (kubernetes ``pkg/kubelet/prober/worker.go``).
    A service without a readiness probe is ready once it runs.
    """
    behaviour, began = container.behaviour, world.now_ns
    token = (container.id, container.epoch)
    startup, liveness, readiness = reading.startup, reading.liveness, reading.readiness
    up = began
    probed = startup is not None or liveness is not None or readiness is not None
    if probed or world.traffic is not None:
        up += world.streams.around(
            reading.turns_ready, behaviour.ready_ns, behaviour.jitter_percent
        )
    if world.traffic is not None and not behaviour.never_ready:
        world.push(up, LIFE, "up", token)
    gate = began
    if startup is not None:
        gate = startup.passes_at(began, up)
        if behaviour.never_ready or startup.misses(began, began, up):
            dead = startup.fails_at(began, began)
            world.push(dead, PROBE, "dead", (*token, "startup probe failed"))
            return
    hang = None if behaviour.hang_after_ns is None else began + behaviour.hang_after_ns
    if hang is not None:
        world.push(hang, LIFE, "hang", token)
    if liveness is not None and liveness.misses(began, gate, up):
        dead = liveness.fails_at(began, gate)
        world.push(dead, PROBE, "dead", (*token, "liveness probe failed"))
    if behaviour.never_ready and readiness is not None:
        return
    if readiness is not None:
        ready = readiness.passes_at(began, max(up, gate))
        if hang is None or ready <= hang:
            world.push(ready, PROBE, "ready", token)
    elif gate > began:
        world.push(gate, PROBE, "ready", token)
    elif container.kubelet:
        world.push(seen_ns(began), PROBE, "ready", token)
    else:
        _become_ready(world, container)


def seen_ns(at_ns: int) -> int:
    """When the kubelet has seen what a container did at `at_ns`: at its next look, up to 1 s."""
    return -(-at_ns // RELIST_NS) * RELIST_NS


def _become_ready(world: World, container: Container) -> None:
    container.ready = True
    container.ready_since_ns = container.turned_at_ns = world.now_ns
    world.emit("ready", container)


def become_unready(world: World, container: Container) -> None:
    """It may get no traffic from now on."""
    if container.ready:
        container.ready = False
        container.ready_since_ns = None
        container.turned_at_ns = world.now_ns
        world.emit("unready", container)


def hang(world: World, container: Container) -> None:
    """It answers nothing any more while its process lives; probes notice in their time."""
    if container.phase != "running" or container.hung:
        return
    container.hung = True
    world.emit("hung", container)
    began, now = container.started_at_ns or world.now_ns, world.now_ns
    token = (container.id, container.epoch)
    reading = read(container)
    readiness, liveness = reading.readiness, reading.liveness
    if readiness is not None:
        world.push(readiness.fails_at(began, now), PROBE, "unready", token)
    if liveness is not None:
        dead = liveness.fails_at(began, now)
        world.push(dead, PROBE, "dead", (*token, "liveness probe failed"))


def signal(world: World, container: Container, name: str) -> None:
    """A signal by way of the engine.

    Any signal cancels the restart manager (moby ``daemon/kill.go``, ExitOnNext), armed or
    not; one that waits between two restarts ends at once.
    """
    if container.phase not in RUNNING:
        return
    container.cancelled = True
    if container.phase == "restarting":
        container.phase = "exited"
        container.epoch += 1
        world.emit("exited", container, f"{name} between restarts")
        return
    world.emit("signalled", container, name)
    token = (container.id, container.epoch)
    if name == "SIGKILL":
        container.terminating = True
        world.push(world.now_ns + KILL_NS, LIFE, "exit", (*token, OOM_CODE, False))
        return
    reading = read(container)
    if name not in ("SIGTERM", reading.stop_signal):
        return
    container.terminating = True
    if container.signalled_at_ns is not None:
        return
    container.signalled_at_ns = world.now_ns
    behaviour = container.behaviour
    if behaviour.ignores_stop or container.hung:
        return
    if behaviour.unready_on_stop:
        _fail_readiness(world, container)
    stop_ns = world.streams.around(reading.stops, behaviour.stop_ns, behaviour.jitter_percent)
    if world.traffic is None or behaviour.on_stop == "exit":
        world.push(world.now_ns + stop_ns, LIFE, "exit", (*token, 0, False))
    else:
        payload = (*token, world.now_ns + behaviour.drain_ns, stop_ns)
        world.push(world.now_ns, LIFE, "drain", payload)


def _fail_readiness(world: World, container: Container) -> None:
    """Its readiness fails from now on, and whoever asks finds out.

    A kubelet does at its next probes, unless its version stops them with the deletion.
    """
    if not container.kubelet:
        become_unready(world, container)
        return
    if not rules_of(world.kubernetes_version).readiness_while_ending:
        return
    readiness = read(container).readiness
    if readiness is not None:
        at_ns = readiness.fails_at(container.started_at_ns or world.now_ns, world.now_ns)
        world.push(at_ns, PROBE, "unready", (container.id, container.epoch))


def end(world: World, container: Container, code: int, *, oom: bool = False) -> None:
    """The process is gone; the restart manager decides whether it comes back."""
    if container.phase not in ("running", "paused"):
        return
    now = world.now_ns
    ran_ns = now - (container.started_at_ns or now)
    container.epoch += 1
    container.finished_at_ns = now
    container.exit_code = code
    container.oom_killed = oom
    if container.ready:
        container.turned_at_ns = now
    container.ready = container.hung = container.gone = False
    container.ready_since_ns = None
    said = f"ended with exit code {code} (out of memory)" if oom else f"ended with exit code {code}"
    container.log = (*container.log[-4:], said)
    for port in read(container).host_ports:
        if world.ports.get(port) == container.id:
            del world.ports[port]
    delay_ns = _restart_delay_ns(container, code, ran_ns)
    if delay_ns is None:
        container.phase = "exited"
        if world.site is not None:
            world.vacate(container)
        world.emit("exited", container, str(code))
        return
    container.restart_delay_ns = delay_ns
    container.engine_restarts += 1
    container.phase = "restarting"
    container.message = f"exit code {code}, starts again"
    world.emit("restarting", container, str(code))
    if container.kubelet:
        delay_ns += seen_ns(now) - now
    world.push(now + delay_ns, LIFE, "restart", (container.id, container.epoch))


def _restart_delay_ns(container: Container, code: int, ran_ns: int) -> int | None:
    """How long until the engine starts it again; None when it does not."""
    policy = container.policy
    if container.cancelled or (container.kubelet and container.terminating):
        return None
    if policy == "never" or (policy == "on-failure" and code == 0):
        return None
    last = container.restart_delay_ns
    if container.kubelet:
        if container.engine_restarts == 0 or ran_ns >= CRASHLOOP_RESET_NS:
            return 0
        return min(max(CRASHLOOP_FIRST_NS, 2 * last), CRASHLOOP_LONGEST_NS)
    if ran_ns >= RESTART_RESET_NS or last == 0:
        return RESTART_FIRST_NS
    return min(2 * last, RESTART_LONGEST_NS)


def host_ports(container: Container) -> tuple[str, ...]:
    """The host ports it publishes."""
    return read(container).host_ports


def published(container: Container) -> tuple[str, ...]:
    """What it publishes, as ``ip:port/transport``."""
    return tuple(
        f"{value}/{path.rpartition('/')[2]}"
        for path, value in container.fields.items()
        if path.startswith("ports.")
    )


# -- entries of the heap ----------------------------------------------------------------


def _current(world: World, payload: Payload) -> Container | None:
    container = world.containers.get(payload[0])
    return container if container is not None and container.epoch == payload[1] else None


def on_exit(world: World, payload: Payload) -> None:
    """Entry ``exit``: id, epoch, exit code, out of memory."""
    if container := _current(world, payload):
        end(world, container, payload[2], oom=payload[3])


def on_up(world: World, payload: Payload) -> None:
    """Entry ``up``: id, epoch. From now on it answers what it is asked."""
    container = _current(world, payload)
    if container is not None and not container.hung:
        world.emit("up", container)


def on_drain(world: World, payload: Payload) -> None:
    """Entry ``drain``: id, epoch, deadline, time from the last answer to the end.

    It ends once nothing is in flight, and cancels what is left at the deadline.
    """
    container, (*_, deadline_ns, stop_ns) = _current(world, payload), payload
    if container is None:
        return
    assert world.traffic is not None
    done_ns = world.traffic.finished_ns(container)
    if world.now_ns >= min(done_ns, deadline_ns):
        world.push(world.now_ns + stop_ns, LIFE, "exit", (*payload[:2], 0, False))
    else:
        world.push(min(done_ns, deadline_ns), LIFE, "drain", payload)


def on_restart(world: World, payload: Payload) -> None:
    """Entry ``restart``: id, epoch. A host port taken meanwhile ends it for good."""
    if container := _current(world, payload):
        ports = read(container).host_ports
        if ports and any(port in world.ports for port in ports):
            container.phase = "exited"
            container.message = "host port taken by another"
            world.emit("exited", container, "port")
        else:
            start(world, container, by_engine=True)


def on_ready(world: World, payload: Payload) -> None:
    """Entry ``ready``: id, epoch."""
    container = _current(world, payload)
    if container is None or container.ready or container.hung:
        return
    away, behaviour = world.externals_away, container.behaviour
    if away and behaviour.needs and behaviour.unready_without(away):
        return
    if container.signalled_at_ns is None or not behaviour.unready_on_stop:
        _become_ready(world, container)


def on_unready(world: World, payload: Payload) -> None:
    """Entry ``unready``: id, epoch."""
    if container := _current(world, payload):
        become_unready(world, container)


def on_dead(world: World, payload: Payload) -> None:
    """Entry ``dead``: id, epoch, why. The kubelet kills it, Docker's engine never does."""
    container = _current(world, payload)
    if container is None or not container.live:
        return
    container.live = False
    container.message = payload[2]
    world.emit("dead", container, payload[2])
    if container.kubelet and not container.terminating:
        _kill_for_restart(world, container)


def _kill_for_restart(world: World, container: Container) -> None:
    """The kubelet ends it as in a deletion: pre-stop, the signal, and the kill after its grace.

    Its pod stays, and it starts again (killContainer in kubernetes ``pkg/kubelet/kuberuntime``).
    """
    behaviour, reading, code = container.behaviour, read(container), 0
    pre_stop_ns, grace_ns = reading.pre_stop_ns, reading.grace_ns
    stop_ns = world.streams.around(reading.stops, behaviour.stop_ns, behaviour.jitter_percent)
    if container.hung or behaviour.ignores_stop or pre_stop_ns + stop_ns >= grace_ns:
        stop_ns, pre_stop_ns, code = grace_ns + KILL_NS, 0, OOM_CODE
    token = (container.id, container.epoch)
    world.push(world.now_ns + pre_stop_ns + stop_ns, LIFE, "exit", (*token, code, False))


def on_hang(world: World, payload: Payload) -> None:
    """Entry ``hang``: id, epoch."""
    if container := _current(world, payload):
        hang(world, container)

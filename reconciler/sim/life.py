"""The life of instances: start, probes, stop signals, crashes, and starts once more."""

from reconciler.model.units import NS_PER_MS
from reconciler.sim import restarts, verdicts
from reconciler.sim.probes import HANGS, REFUSES
from reconciler.sim.reading import read
from reconciler.sim.site import Site
from reconciler.sim.things import Container
from reconciler.sim.versions import rules_of
from reconciler.sim.world import LIFE, Payload, World

KILL_NS = 5 * NS_PER_MS  # from SIGKILL to the end of the process

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
    container.struck = ""
    container.signalled_at_ns = None
    container.message = ""
    if not by_engine:
        container.cancelled = container.terminating = False
        container.restart_delay_ns = 0
        container.engine_restarts = 0
    container.error = ""
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
    if behaviour.hang_after_ns is not None:
        world.push(now + behaviour.hang_after_ns, LIFE, "hang", token)
    container.starts += 1
    up_ns, is_probed = now, reading.is_probed
    if is_probed or world.traffic is not None:
        up_ns += world.streams.around(
            reading.turns_ready, behaviour.ready_ns, behaviour.jitter_percent
        )
    if world.traffic is not None and not behaviour.never_ready:
        world.push(up_ns, LIFE, "up", token)
    if is_probed or container.kubelet:
        verdicts.begin(world, container, up_ns)
    else:
        _become_ready(world, container)


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
    verdicts.turn(world, container, HANGS)


def recover(world: World, container: Container) -> None:
    """What hung answers again, and hears the stop signal that came meanwhile."""
    if container.phase != "running" or not container.hung:
        return
    container.hung = False
    began = container.started_at_ns or world.now_ns
    up_ns = max(world.now_ns, began + container.behaviour.ready_ns)
    world.push(up_ns, LIFE, "up", (container.id, container.epoch))
    verdicts.resume(world, container, up_ns)
    if container.signalled_at_ns is not None:
        _stop(world, container)


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
    _stop(world, container)


def _stop(world: World, container: Container) -> None:
    """Its process does what it does about the stop signal."""
    behaviour, token = container.behaviour, (container.id, container.epoch)
    if behaviour.ignores_stop or container.hung:
        return
    if behaviour.unready_on_stop:
        _fail_readiness(world, container)
    stops = read(container).stops
    stop_ns = world.streams.around(stops, behaviour.stop_ns, behaviour.jitter_percent)
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
    if rules_of(world.kubernetes_version).readiness_while_ending:
        verdicts.turn(world, container, REFUSES, "readiness")


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
    delay_ns = restarts.delay_ns(container, code, ran_ns)
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
        delay_ns += verdicts.seen_ns(now) - now
    else:
        delay_ns += restarts.start_ns(world, container)
    world.push(now + delay_ns, LIFE, "restart", (container.id, container.epoch))


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
            site = world.site
            if site is not None and not container.kubelet and _is_cut_off(site, container):
                container.struck = "lost"
                hang(world, container)


def _is_cut_off(site: Site, container: Container) -> bool:
    """Whether it lives where nobody reaches it."""
    machine = site.machine_of(container.id)
    return machine is not None and machine.cut


def on_verdict(world: World, payload: Payload) -> None:
    """Entry ``verdict``: id, epoch, turns, what it is, why."""
    container = _current(world, payload)
    if container is None or container.turns != payload[2]:
        return
    match payload[3]:
        case "ready":
            stops = container.signalled_at_ns is not None and container.behaviour.unready_on_stop
            if not (container.ready or container.hung or stops):
                _become_ready(world, container)
        case "unready":
            become_unready(world, container)
        case "alive":
            _alive(world, container)
        case _:
            _dead(world, container, payload[4])


def _alive(world: World, container: Container) -> None:
    """Docker's health check passes again."""
    if not container.live:
        container.live = True
        container.message = ""
        world.emit("alive", container)


def _dead(world: World, container: Container, why: str) -> None:
    """The kubelet kills it, unless it ends already; Docker's engine never does."""
    if not container.live or (container.kubelet and container.terminating):
        return
    container.live = False
    container.message = f"{why}: {container.error}" if container.error else why
    world.emit("dead", container, container.message)
    if container.kubelet:
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


def on_recover(world: World, payload: Payload) -> None:
    """Entry ``recover``: id, epoch."""
    if container := _current(world, payload):
        recover(world, container)

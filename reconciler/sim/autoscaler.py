"""The autoscaler of a simulated cluster: looks at usage every 15 s, and sets replicas.

It is for workloads that a cluster rolls itself. On an engine of containers nobody but the
reconciler changes the number of instances.
"""

from reconciler.model.lifecycle import Autoscale
from reconciler.model.resource import ResourceKey
from reconciler.sim import deployment, nodes, scaling
from reconciler.sim.roles import Usage
from reconciler.sim.scaling import Scaler
from reconciler.sim.site import Site
from reconciler.sim.things import Container
from reconciler.sim.world import SYNC, Payload, World


def install(world: World, stack: str, key: ResourceKey, autoscale: Autoscale) -> None:
    """Let a workload of a cluster be scaled from now on; asked for again, with other bounds.

    What it remembers stays, as it does when the object is changed.
    """
    if world.site is None:
        world.site = Site()
    name = f"{stack} {key}"
    before = world.site.scalers.get(name)
    made = Scaler.of(autoscale)
    if before is not None:
        made.wishes, made.scaled = before.wishes, before.scaled
    else:
        world.push(world.now_ns + scaling.SYNC_NS, SYNC, "hpa", (stack, key.kind, key.name))
    world.site.scalers[name] = made


def on_hpa(world: World, payload: Payload) -> None:
    """Entry ``hpa``: stack, kind and name of a workload. It comes again every 15 s."""
    stack, kind, name = payload
    key = ResourceKey(kind, name)
    site = world.site
    scaler = site.scalers.get(f"{stack} {key}") if site is not None else None
    if site is None or scaler is None:
        return
    world.push(world.now_ns + scaling.SYNC_NS, SYNC, "hpa", payload)
    thing = world.holding(stack).objects.get(key)
    if thing is None or thing.state is None:
        return
    replicas = deployment.replicas_of(world, thing)
    if replicas == 0:  # switched off by hand
        return
    wanted = scaler.decide(_wish(world, site, stack, key, scaler, replicas), replicas, world.now_ns)
    if wanted != replicas:
        thing.state.scale = wanted
        world.emit("scaled", thing, f"{replicas} to {wanted}")
        deployment.wake(world, thing)


def _wish(
    world: World, site: Site, stack: str, key: ResourceKey, scaler: Scaler, replicas: int
) -> int | None:
    usage: Usage | None = world.usage
    if usage is None:
        return None
    now = world.now_ns
    pods = world.of(stack, key)
    wishes: list[int | None] = []
    if scaler.cpu is not None:
        seen = [_pod(site, pod, usage.cpu_m(pod), 0, now) for pod in pods]
        wishes.append(scaling.by_resource(seen, scaler.cpu, replicas, now, cpu=True))
    if scaler.memory is not None:
        seen = [_pod(site, pod, usage.memory_bytes(pod), 1, now) for pod in pods]
        wishes.append(scaling.by_resource(seen, scaler.memory, replicas, now, cpu=False))
    for name, average_m in scaler.metrics:
        total = usage.metric(key, name)
        total_m = None if total is None else round(total * 1000)
        wishes.append(scaling.by_average(total_m, average_m, replicas))
    return scaling.most_of(wishes, replicas)


def _pod(
    site: Site, pod: Container, usage: int | None, resource: int, now_ns: int
) -> scaling.Pod:  # fmt: skip
    """A pod as the API shows it. One that restarts is running to it, and has no usage."""
    failed = pod.phase in ("exited", "dead")
    pending = pod.phase == "created"
    return scaling.Pod(
        pod.name,
        "failed" if failed else "pending" if pending else "running",
        pod.terminating, pod.ready, pod.created_at_ns,
        pod.turned_at_ns or pod.created_at_ns,
        now_ns - now_ns % scaling.WINDOW_NS, usage if pod.phase == "running" else None,
        nodes.requests_of(site, pod)[resource],
    )  # fmt: skip

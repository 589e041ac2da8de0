"""The simulated kubelet: pods are pulled, started, restarted and ended by its rules."""

from reconciler.model.observed import Fields
from reconciler.model.units import NS_PER_S
from reconciler.sim import life, nodes
from reconciler.sim.reading import read
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import LIFE, Payload, World

PULL_BACKOFF_NS = 10 * NS_PER_S
PULL_BACKOFF_LONGEST_NS = 300 * NS_PER_S
LEAST_AFTER_PRE_STOP_NS = 2 * NS_PER_S


def make_pod(
    world: World, thing: Thing, revision: str, template: Fields, number: int, name: str = ""
) -> None:
    """A pod that is put on a node, whose kubelet pulls the image for it and starts it."""
    policy = "never" if thing.key.kind == "job" else "always"
    pod = Container(
        world.new_id("pod"), name or f"{thing.stack}-{thing.key.name}-{revision}-{number}",
        thing.key, thing.stack, number - 1, revision, 0, kubelet=True, fields=template,
        policy=policy, asked_restart=policy, behaviour=world.behaviour_of(thing.key, template),
        created_at_ns=world.now_ns,
    )  # fmt: skip
    world.add_container(pod)
    begin(world, pod)


def begin(world: World, pod: Container) -> None:
    """Let a pod that is there begin: where no node has room for it, it waits."""
    message = nodes.place(world, pod) if world.site is not None else ""
    if message:
        if pod.message != message:
            pod.message = message
            world.emit("waiting", pod, message)
    elif nodes.answers(world, pod):
        pod.message = ""
        _pull(world, pod, 0)


def on_schedule(world: World, payload: Payload) -> None:
    """Entry ``schedule``: something has changed for the pods that fitted nowhere."""
    if world.site is not None:
        waiting = [world.containers.get(id) for id in world.site.waiting]
        world.site.waiting.clear()
        for pod in waiting:
            if pod is not None and not pod.terminating:
                begin(world, pod)


def _pull(world: World, pod: Container, tries: int) -> None:
    images, reference = world.images, str(pod.fields.get("image", ""))
    took_ns = images.pull_ns(reference)
    if _no_image(world, reference):
        pod.message = f"image {reference} cannot be pulled"
        took_ns = min(PULL_BACKOFF_NS << min(tries, 10), PULL_BACKOFF_LONGEST_NS)
        world.emit("pull failed", pod, reference)
        world.push(world.now_ns + took_ns, LIFE, "pod pull", (pod.id, pod.epoch, tries + 1))
        return
    behaviour = pod.behaviour
    start_ns = world.streams.around(read(pod).starts, behaviour.start_ns, behaviour.jitter_percent)
    if world.site is not None:
        start_ns += nodes.slow_start_ns(world, pod)
    world.push(world.now_ns + took_ns + start_ns, LIFE, "pod start", (pod.id, pod.epoch))


def _no_image(world: World, reference: str) -> bool:
    """Whether a pull fails; an image that is here needs none (IfNotPresent)."""
    images, now = world.images, world.now_ns
    if reference in images.missing or reference in images.denied:
        return True
    if reference in images.local:
        return False
    away = now < images.out_until_ns or images.lacks(reference, now)
    return away or images.refuses(reference, now) or not images.limit.lets(now)


def on_pod_pull(world: World, payload: Payload) -> None:
    """Entry ``pod pull``: id, epoch, tries so far."""
    pod = world.containers.get(payload[0])
    if pod is not None and pod.epoch == payload[1] and not pod.terminating:
        _pull(world, pod, payload[2])


def on_pod_start(world: World, payload: Payload) -> None:
    """Entry ``pod start``: id, epoch."""
    pod = world.containers.get(payload[0])
    if pod is None or pod.epoch != payload[1] or pod.terminating:
        return
    reference = str(pod.fields.get("image", ""))
    world.images.pull(reference)
    pod.image_id = world.images.local[reference]
    life.start(world, pod)


def end_pod(world: World, pod: Container, grace_ns: int | None = None) -> None:
    """Deletion of a pod: pre-stop, the signal, and the kill when its grace is over.

    pre-stop uses up grace, of which at least 2 s remain (kubelet killContainer). A deletion
    may ask for a shorter grace than the pod's own (``gracePeriodSeconds``).
    """
    if pod.terminating:
        return
    pod.terminating = True
    if grace_ns is not None:
        pod.fields = {**pod.fields, "stop.grace": min(grace_ns, read(pod).grace_ns)}
    world.emit("terminating", pod)
    if not pod.running:
        world.drop_container(pod)
    elif nodes.answers(world, pod):
        stop_process(world, pod)


def stop_process(world: World, pod: Container) -> None:
    """The kubelet ends a pod that is being deleted."""
    reading = read(pod)
    grace_ns = reading.grace_ns
    pre_stop_ns = min(reading.pre_stop_ns, grace_ns)
    kill_ns = max(grace_ns, pre_stop_ns + LEAST_AFTER_PRE_STOP_NS) if pre_stop_ns else grace_ns
    now = world.now_ns
    world.push(now + pre_stop_ns, LIFE, "pod signal", (pod.id, "SIGTERM"))
    world.push(now + kill_ns, LIFE, "pod signal", (pod.id, "SIGKILL"))


def on_pod_signal(world: World, payload: Payload) -> None:
    """Entry ``pod signal``: id, signal. An ended pod that is being deleted goes."""
    pod = world.containers.get(payload[0])
    if pod is not None and (not pod.kubelet or nodes.answers(world, pod)):
        life.signal(world, pod, payload[1])


def on_pod_gone(world: World, payload: Payload) -> None:
    """Entry ``pod gone``: id."""
    pod = world.containers.get(payload[0])
    if pod is not None and not pod.running:
        world.drop_container(pod)

"""The simulated kubelet: pods are pulled, started, restarted and ended by its rules."""

from reconciler.model.observed import Fields
from reconciler.model.units import NS_PER_S
from reconciler.sim import life
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import LIFE, Payload, World

PULL_BACKOFF_NS = 10 * NS_PER_S
PULL_BACKOFF_LONGEST_NS = 300 * NS_PER_S
GRACE_NS = 30 * NS_PER_S
LEAST_AFTER_PRE_STOP_NS = 2 * NS_PER_S


def make_pod(world: World, thing: Thing, revision: str, template: Fields, number: int) -> None:
    """A pod that its kubelet pulls the image for and starts."""
    policy = "never" if thing.key.kind == "job" else "always"
    pod = Container(
        world.new_id("pod"), f"{thing.stack}-{thing.key.name}-{revision}-{number}", thing.key,
        thing.stack, number - 1, revision, 0, kubelet=True, fields=template, policy=policy,
        asked_restart=policy, behaviour=world.behaviour_of(thing.key, template),
        created_at_ns=world.now_ns,
    )  # fmt: skip
    world.add_container(pod)
    _pull(world, pod, 0)


def _pull(world: World, pod: Container, tries: int) -> None:
    images, reference = world.images, str(pod.fields.get("image", ""))
    took_ns = images.pull_ns(reference)
    if reference in images.missing or reference in images.denied:
        pod.message = f"image {reference} cannot be pulled"
        took_ns = min(PULL_BACKOFF_NS << min(tries, 10), PULL_BACKOFF_LONGEST_NS)
        world.emit("pull failed", pod, reference)
        world.push(world.now_ns + took_ns, LIFE, "pod pull", (pod.id, pod.epoch, tries + 1))
        return
    start_ns = world.around(f"{pod.key} start", pod.behaviour.start_ns, 10)
    world.push(world.now_ns + took_ns + start_ns, LIFE, "pod start", (pod.id, pod.epoch))


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


def end_pod(world: World, pod: Container) -> None:
    """Deletion of a pod: pre-stop, the signal, and the kill when its grace is over.

    pre-stop uses up grace, of which at least 2 s remain (kubelet killContainer).
    """
    if pod.terminating:
        return
    pod.terminating = True
    world.emit("terminating", pod)
    if not pod.running:
        world.drop_container(pod)
        return
    pre_stop_ns = int(pod.fields.get("stop.pre_stop") or 0)  # type: ignore[arg-type]
    grace_ns = int(pod.fields.get("stop.grace") or GRACE_NS)  # type: ignore[arg-type]
    kill_ns = max(grace_ns, pre_stop_ns + LEAST_AFTER_PRE_STOP_NS)
    now = world.now_ns
    world.push(now + pre_stop_ns, LIFE, "pod signal", (pod.id, "SIGTERM"))
    world.push(now + kill_ns, LIFE, "pod signal", (pod.id, "SIGKILL"))


def on_pod_signal(world: World, payload: Payload) -> None:
    """Entry ``pod signal``: id, signal. An ended pod that is being deleted goes."""
    pod = world.containers.get(payload[0])
    if pod is not None:
        life.signal(world, pod, payload[1])


def on_pod_gone(world: World, payload: Payload) -> None:
    """Entry ``pod gone``: id."""
    pod = world.containers.get(payload[0])
    if pod is not None and not pod.running:
        world.drop_container(pod)

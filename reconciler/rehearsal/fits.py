"""What a row of the table of blames explains: by the reason, by what the instance was doing."""

from collections.abc import Callable

from reconciler.rehearsal.scene import Scene
from reconciler.sim.traffic.endpoints import NOBODY

Fits = Callable[[str, str, Scene], bool]


def always(reason: str, context: str, scene: Scene) -> bool:
    """Whatever it is."""
    return True


def no_readiness(reason: str, context: str, scene: Scene) -> bool:
    """It had not answered yet, and nobody asks whether it does."""
    return context == "starting" and scene.service.readiness is None


def starting(reason: str, context: str, scene: Scene) -> bool:
    """It had not answered yet."""
    return context == "starting"


def late(reason: str, context: str, scene: Scene) -> bool:
    """It was stopping, and had been taken out too late."""
    stopped = context in ("draining", "drain over", "killed", "down")
    return stopped and reason in ("refused", "unready", "error")


def killed_session(reason: str, context: str, scene: Scene) -> bool:
    """A session, by the kill."""
    return reason == "session" and context == "killed"


def ended_session(reason: str, context: str, scene: Scene) -> bool:
    """A session, by the app."""
    return reason == "session" and context in ("drain over", "closed by the app")


def killed(reason: str, context: str, scene: Scene) -> bool:
    """A request in flight, by the kill."""
    return reason == "cut" and context == "killed"


def drained(reason: str, context: str, scene: Scene) -> bool:
    """A request in flight, by the end of the app's drain."""
    return reason == "cut" and context == "drain over"


def nobody(reason: str, context: str, scene: Scene) -> bool:
    """There was no instance for it."""
    return context.startswith("nobody")


def nobody_beside(reason: str, context: str, scene: Scene) -> bool:
    """There was none, as nobody stands in for one that goes."""
    return context.startswith("nobody") and scene.alone


def of(*contexts: str) -> Fits:
    """At instances that were doing this, or because all of them were."""
    return lambda reason, context, scene: context.removeprefix(NOBODY) in contexts


def at(*contexts: str) -> Fits:
    """At instances that were doing this."""
    return lambda reason, context, scene: context in contexts


def one_for_both(reason: str, context: str, scene: Scene) -> bool:
    """Liveness asked what readiness asks."""
    return context.removeprefix(NOBODY) == "not live" and scene.one_for_both


def too_slow(reason: str, context: str, scene: Scene) -> bool:
    """It was cold."""
    return context == "cold" and reason in ("full", "timeout", "no_server", "cut")


def because(*reasons: str) -> Fits:
    """For these reasons."""
    return lambda reason, context, scene: reason in reasons


def too_little_cpu(reason: str, context: str, scene: Scene) -> bool:
    """It had too little processor time."""
    return scene.cpu_binds and reason in ("full", "timeout", "no_server")


def useless(reason: str, context: str, scene: Scene) -> bool:
    """What it needs was away, and nobody asks whether it is of use since."""
    stays = "error" in dict(scene.behaviour.needs).values()
    return context.removeprefix(NOBODY) == "needs" and stays and scene.service.liveness is None


def too_short(reason: str, context: str, scene: Scene) -> bool:
    """The edge waits less long than it did, and nothing ran out of time before."""
    return reason == "timeout" and scene.impatient

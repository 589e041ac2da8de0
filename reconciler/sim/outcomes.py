"""Outcomes the simulated engine and cluster answer with: the same as the real targets'."""

from reconciler.model.step import Outcome
from reconciler.model.units import NS_PER_S

UNREACHABLE = "R420"
NOT_OURS = "R424"
NO_IMAGE = "R425"
NO_LOGIN = "R426"
RATE_LIMIT = "R427"
NO_REGISTRY = "R428"
PORT_IN_USE = "R429"
CHANGED = "R431"
NOT_IN_PLACE = "R432"
REFUSED = "R433"
ENGINE_FAILED = "R438"
NO_SUBNET = "R440"
NO_ROOM = "R620"

UNREACHED = Outcome("retryable", "the simulator does not answer", UNREACHABLE)

# What an API asks for that has no more to give: a second (Kubernetes' own ``Retry-After``).
THROTTLED = Outcome(
    "retryable", "too many requests: the simulator takes no more of them now", ENGINE_FAILED,
    "it is tried again later", NS_PER_S,
)  # fmt: skip
LIMIT_PAUSE_NS = 10 * NS_PER_S  # as the Docker target waits where a registry names no time

FAILED = Outcome("retryable", "the simulator failed the call", ENGINE_FAILED)


def limited(reference: str) -> Outcome:
    """The registry counts pulls, and there were too many."""
    message = f"image {reference}: toomanyrequests: you have reached your pull rate limit"
    hint = "log in to the registry for a higher limit, or use a mirror"
    return Outcome("retryable", message, RATE_LIMIT, hint, LIMIT_PAUSE_NS)


def changed(message: str) -> Outcome:
    """What the step was decided on is no longer so."""
    return Outcome("conflict", message, CHANGED)


def not_ours(message: str) -> Outcome:
    """Another holds the name, or the thing."""
    return Outcome("conflict", message, NOT_OURS, "remove or rename it, or adopt it")


def refused(message: str) -> Outcome:
    """Never possible here."""
    return Outcome("terminal", message, REFUSED)

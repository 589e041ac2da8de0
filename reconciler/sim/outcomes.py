"""Outcomes the simulated engine and cluster answer with: the same as the real targets'."""

from reconciler.model.step import Outcome

UNREACHABLE = "R420"
NOT_OURS = "R424"
NO_IMAGE = "R425"
NO_LOGIN = "R426"
NO_REGISTRY = "R428"
PORT_IN_USE = "R429"
CHANGED = "R431"
NOT_IN_PLACE = "R432"
REFUSED = "R433"
ENGINE_FAILED = "R438"
NO_SUBNET = "R440"
NO_ROOM = "R620"

UNREACHED = Outcome("retryable", "the simulator does not answer", UNREACHABLE)
FAILED = Outcome("retryable", "the simulator failed the call", ENGINE_FAILED)


def changed(message: str) -> Outcome:
    """What the step was decided on is no longer so."""
    return Outcome("conflict", message, CHANGED)


def not_ours(message: str) -> Outcome:
    """Another holds the name, or the thing."""
    return Outcome("conflict", message, NOT_OURS, "remove or rename it, or adopt it")


def refused(message: str) -> Outcome:
    """Never possible here."""
    return Outcome("terminal", message, REFUSED)

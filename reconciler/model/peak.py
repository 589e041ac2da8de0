"""How many instances of a service there can be at once: scaled out, rolled, still draining."""

from reconciler.model.service import Service
from reconciler.model.units import amount_of


def most_of(service: Service) -> int:
    """The most instances outside of a rollout: the autoscaler's maximum where it decides."""
    wanted = service.wanted
    return wanted if service.autoscale is None else max(wanted, service.autoscale.max)


def surge_of(service: Service, replicas: int) -> int:
    """The instances that a rollout adds to `replicas`.

    Percentages round up (kubernetes ``deployment_util.go`` ResolveFenceposts). Where two
    cannot stand beside each other (a singleton, a fixed host port) there is no surge.
    """
    rollout = service.rollout
    if replicas == 0 or _stands_alone(service):
        return 0
    if rollout.strategy == "blue-green":
        return replicas
    surge = amount_of(rollout.max_surge, replicas, up=True)
    return surge if rollout.strategy == "rolling" else max(1, surge)


def draining_of(service: Service, replicas: int) -> int:
    """The instances that may still be ending beside `replicas` and their surge, in one rollout.

    What has been told to end is not counted against the surge (KEP-3973), and holds its
    connections for as long as it drains: routing.drain and grace at most. As many as one step
    takes out leave at a time, and no step is shorter than the delay of the probes and min_ready;
    without these the last successor may be there before the first of the old is gone, which is
    twice `replicas`, and more it never is: each successor stands for one that leaves.
    """
    if replicas == 0 or _stands_alone(service):
        return 0
    surge, rollout = surge_of(service, replicas), service.rollout
    step_ns = rollout.min_ready + max(
        (probe.delay for probe in (service.startup, service.readiness) if probe), default=0
    )
    held_ns = service.termination.grace + (service.routing.drain if service.routing else 0)
    leaving = replicas
    if step_ns:
        at_once = surge + amount_of(rollout.max_unavailable, replicas, up=False)
        leaving = min(replicas, max(1, at_once) * (1 + held_ns // step_ns))
    return max(0, min(2 * replicas, replicas + surge + leaving) - replicas - surge)


def peak_of(service: Service) -> int:
    """The most instances there can be but for what ends: autoscaled, and the surge upon it."""
    most = most_of(service)
    return most + surge_of(service, most)


def _stands_alone(service: Service) -> bool:
    """Whether the old is gone before the new comes."""
    alone = service.singleton or service.has_fixed_host_port
    return alone or service.rollout.strategy == "recreate"

"""A simulated StatefulSet: pods by ordinal, and never two of one ordinal.

A pod is made only when the one before it of its name is gone, whatever became of its node:
that is what keeps a singleton single. Updates go from the highest ordinal down, one at a time,
each when all are ready (OrderedReady): a pod that never becomes ready stops an update, also the
one that would mend it, until somebody deletes the pod (documented as "forced rollback").
Source: kubernetes ``pkg/controller/statefulset/stateful_set_control.go``.
"""

from reconciler.model.fields import revision_of
from reconciler.sim import deployment, kubelet
from reconciler.sim.deployment import ReplicaSet, Rollout
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import World


def sync(world: World, thing: Thing) -> None:
    """One look at all of it; at most one pod is made or ended."""
    rollout: Rollout = thing.state
    template = deployment.template_of(thing.fields)
    new = ReplicaSet(revision_of(template, ()), template)
    replicas = deployment.replicas_of(world, thing)
    pods = {pod.ordinal: pod for pod in world.of(thing.stack, thing.key)}
    if not _make_next(world, thing, new, pods, replicas):
        _end_next(world, pods, new, replicas)
    rollout.replicas, new.spec = replicas, replicas
    rollout.sets = [new]
    deployment.report(world, thing, new, replicas)


def _make_next(
    world: World, thing: Thing, new: ReplicaSet, pods: dict[int, Container], replicas: int
) -> bool:
    """Fill the lowest gap, when all below it are ready. Whether to leave it at that."""
    for ordinal in range(replicas):
        pod = pods.get(ordinal)
        if pod is None:
            name = f"{thing.stack}-{thing.key.name}-{ordinal}"
            kubelet.make_pod(world, thing, new.revision, new.template, ordinal + 1, name)
            return True
        if pod.terminating or not pod.ready:
            return True
    return False


def _end_next(world: World, pods: dict[int, Container], new: ReplicaSet, replicas: int) -> None:
    """The highest one too many goes, then the highest that is out of date."""
    for ordinal in sorted(pods, reverse=True):
        pod = pods[ordinal]
        if ordinal >= replicas or pod.revision != new.revision:
            if not pod.terminating:
                kubelet.end_pod(world, pod)
            return

"""What a rehearsal acts on: the target's own rules, and whatever stands before the instances."""

from dataclasses import replace

from reconciler.sim.cluster import SimCluster
from reconciler.sim.engine import SimEngine
from reconciler.targets.port import Capabilities

_ROUTED = frozenset({"routing", "affinity", "edge", "zones"})
_CLUSTER = frozenset({"networks", "volumes", "resources", "security", "autoscale"})


def capabilities_of(target: str) -> Capabilities:
    """What can be asked for in a rehearsal against this target."""
    if target == "kubernetes":
        own = SimCluster.capabilities
        return replace(own, features=own.features | _ROUTED | _CLUSTER)
    own = SimEngine.capabilities
    return replace(own, features=own.features | _ROUTED)

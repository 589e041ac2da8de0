"""What the Docker target acts on; known without the SDK and without an engine."""

from reconciler.targets.port import Capabilities

IN_PLACE = ("resources.", "restart.", "name")
FEATURES = frozenset({
    "adopt", "networks", "volumes", "configs", "secrets", "jobs", "resources", "security",
    "docker-block", "registries", "probes.exec", "probes.heartbeat",
})  # fmt: skip
# Probes of ours reach the instances only where the engine is this machine's own.
LOCAL_FEATURES = frozenset({"probes.http", "probes.tcp", "probes.grpc"})
CAPABILITIES = Capabilities("instances", IN_PLACE, FEATURES | LOCAL_FEATURES)

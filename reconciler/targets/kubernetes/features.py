"""What the Kubernetes target acts on; known without the SDK and without a cluster."""

from reconciler.targets.port import Capabilities

FEATURES = frozenset({
    "manifests", "configs", "secrets", "jobs", "kubernetes-block", "networks", "volumes",
    "resources", "security", "autoscale", "probes.http", "probes.tcp", "probes.grpc",
    "probes.exec",
})  # fmt: skip
CAPABILITIES = Capabilities("native", features=FEATURES)

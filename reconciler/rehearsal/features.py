"""What a rehearsal acts on: the engine's rules, and whatever stands before the instances."""

from dataclasses import replace

from reconciler.sim.engine import SimEngine

CAPABILITIES = replace(
    SimEngine.capabilities,
    features=SimEngine.capabilities.features | {"routing", "affinity", "edge", "zones"},
)

"""A declarative desired-state reconciler for Docker and Kubernetes, with a simulator."""

__version__ = "0.1.0"

"""Fixtures of the Docker target's tests."""

from tests.targets.docker.live import live

__all__ = ["live"]

"""What the command line and the environment say, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reconciler.cli.console import Console

TargetName = Literal["docker", "kubernetes", "simulator"]
TARGETS: tuple[TargetName, ...] = ("docker", "kubernetes", "simulator")
DEFAULT_WORLD = ".reconciler-world.json"
DEFAULT_PARALLELISM = 8
# Longer than a dead holder's lock lives, so that a killed one is waited for.
DEFAULT_LOCK_WAIT_NS = 30_000_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """The options that all commands with a desired state share. Times are in ns.

    `world`, `advance_ns` and `seed` are the simulator's; `retry` are services whose failed
    revision is tried again; `timeout_ns` bounds a whole apply or destroy,
    `lock_wait_ns` the wait for another reconciler that holds the lock. `namespace` (the stack's
    name where it is empty), `context` and `kubeconfig` are Kubernetes'.
    """

    console: Console
    state: tuple[str, ...]
    environment: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    target: TargetName = "docker"
    world: Path = Path(DEFAULT_WORLD)
    advance_ns: int = 0
    seed: int | None = None
    parallelism: int = DEFAULT_PARALLELISM
    timeout_ns: int | None = None
    lock_wait_ns: int = DEFAULT_LOCK_WAIT_NS
    retry: frozenset[str] = frozenset()
    namespace: str = ""
    context: str = ""
    kubeconfig: str = ""

"""What depends on the version of a cluster, as data: today's, and 1.20 for comparison."""

from dataclasses import dataclass
from functools import lru_cache

from reconciler.model.units import NS_PER_S

TODAY = "1.34"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one version.

    `node_grace_ns`: until a node that is not heard of counts as unknown, 50 s since 1.32
    (kubernetes pull request 126287). `falls_back`: kube-proxy uses serving, terminating
    endpoints where none is ready, since 1.26 (KEP-1669). `readiness_while_ending`: readiness
    probes go on during termination; a regression of 1.22 stopped them until 1.25 (pull request
    110191). `log_scale_down`: ages are compared by their logarithm when pods are chosen to go,
    by default since 1.22 (KEP-2185).
    """

    node_grace_ns: int
    falls_back: bool
    readiness_while_ending: bool
    log_scale_down: bool


@lru_cache(maxsize=64)
def rules_of(version: str) -> Rules:
    """The rules of a version written ``1.20``; ValueError where it is not written so."""
    number = parsed(version)
    return Rules(
        node_grace_ns=(50 if number >= (1, 32) else 40) * NS_PER_S,
        falls_back=number >= (1, 26),
        readiness_while_ending=not (1, 22) <= number < (1, 25),
        log_scale_down=number >= (1, 22),
    )


def parsed(version: str) -> tuple[int, int]:
    """``"1.20"`` or ``"v1.20.4"`` → (1, 20)."""
    major, _, rest = version.removeprefix("v").partition(".")
    minor = rest.partition(".")[0]
    if not (major.isdecimal() and minor.isdecimal()):
        raise ValueError(f"not a version of Kubernetes: {version!r}; write it like 1.34")
    return int(major), int(minor)

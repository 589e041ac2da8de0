"""What a stack asks for and a target does not act on: a diagnostic, never silence.

An error where ignoring it would change what runs, a warning where only information is not
acted upon. Budgets, nodes and `shutdown` bounds are the checks' own business, and a block
for another target (`docker:` on Kubernetes) says itself that it is not for this one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.stack import Stack
from reconciler.spec.checks import uses
from reconciler.spec.checks.base import Finding, Rule
from reconciler.spec.checks.uses import Use
from reconciler.spec.checks.waivers import told
from reconciler.targets.port import Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Rule):
    """A part of the vocabulary: the features it needs, and where a stack uses it."""

    features: frozenset[str]
    find: Callable[[Stack], Iterable[Use]]


def unsupported(stack: Stack, capabilities: Capabilities, target: str) -> list[Diagnostic]:
    """A diagnostic for each use of what `target` does not act on, sorted by position."""
    made = []
    for part in PARTS:
        if part.features <= capabilities.features:
            continue
        for use in part.find(stack):
            if use.feature in capabilities.features or _for_another(use.feature, target):
                continue
            finding = Finding(use.path, f"{use.said}, which {target} does not act on")
            made.append(told(stack, part, finding))
    return sorted(made, key=lambda diagnostic: diagnostic.sort_key)


def _for_another(feature: str, target: str) -> bool:
    return feature.endswith("-block") and feature != f"{target}-block"


_ONLY = "take it out for this target, in an environment of its own, or choose another target"
_WAYS = frozenset({"probes.http", "probes.tcp", "probes.grpc", "probes.exec", "probes.heartbeat"})

PARTS = (
    Part(
        code="R450",
        title="Kubernetes objects on a target that is not Kubernetes.",
        severity="error",
        why="Without them the stack is not what the file says.",
        fix=_ONLY,
        features=frozenset({"manifests"}),
        find=uses.manifests,
    ),
    Part(
        code="R451",
        title="Jobs that the target does not run.",
        severity="error",
        why="What waits for their completion would wait for ever.",
        fix=_ONLY,
        features=frozenset({"jobs"}),
        find=uses.jobs,
    ),
    Part(
        code="R452",
        title="Hooks that the target does not run.",
        severity="error",
        why="A change without its backup or its smoke test is not the change that was asked for.",
        fix=_ONLY,
        features=frozenset({"hooks"}),
        find=uses.hooks,
    ),
    Part(
        code="R453",
        title="Configs that the target does not bring into containers.",
        severity="error",
        why="The service would start without its configuration.",
        fix=_ONLY,
        features=frozenset({"configs"}),
        find=uses.configs,
    ),
    Part(
        code="R454",
        title="Secrets that the target does not bring into containers.",
        severity="error",
        why="The service would start without them.",
        fix=_ONLY,
        features=frozenset({"secrets"}),
        find=uses.secrets,
    ),
    Part(
        code="R455",
        title="Adoption that the target does not do.",
        severity="error",
        why="What was to be adopted would go on running beside a new one.",
        fix=_ONLY,
        features=frozenset({"adopt"}),
        find=uses.adopt,
    ),
    Part(
        code="R456",
        title="A rollout that the target does not do.",
        severity="error",
        why="Another way would expose all traffic at once to what should be tried on a share.",
        fix="use rolling or start-first for this target, in an environment of its own",
        features=frozenset({"canary", "blue-green"}),
        find=uses.strategies,
    ),
    Part(
        code="R457",
        title="Autoscale that the target does not do, and no replicas.",
        severity="error",
        why="The service would stay at autoscale.min whatever its load.",
        fix="say how many with replicas for this target, in an environment of its own",
        features=frozenset({"autoscale"}),
        find=uses.scaled_alone,
    ),
    Part(
        code="R458",
        title="A startup or readiness probe that the target does not ask.",
        severity="error",
        why="Rollouts and dependents wait for its answer.",
        fix="ask by exec, a command in the container that asks the same: `exec: [wget, -q, -O-, "
        "http://127.0.0.1:8080/ready]`, or `exec: [grpc_health_probe, -addr=127.0.0.1:9090]`",
        features=_WAYS,
        find=uses.gates,
    ),
    Part(
        code="R460",
        title="Autoscale that the target does not do; replicas hold.",
        severity="warning",
        why="The service runs as many instances as replicas says, whatever its load.",
        fix="nothing, if that many are enough here",
        features=frozenset({"autoscale"}),
        find=uses.scaled_beside_replicas,
    ),
    Part(
        code="R461",
        title="A liveness probe that the target does not ask.",
        severity="warning",
        why="An instance that hangs is not restarted.",
        fix="ask by exec, a command in the container that asks the same: `exec: [wget, -q, -O-, "
        "http://127.0.0.1:8080/ready]`, or `exec: [grpc_health_probe, -addr=127.0.0.1:9090]`",
        features=_WAYS,
        find=uses.liveness,
    ),
    Part(
        code="R462",
        title="A route that the target does not serve.",
        severity="warning",
        why="No traffic is routed, balanced or drained here; instances are reached by their own "
        "ports, and a change may drop requests.",
        fix="publish ports, or put a front door before them",
        features=frozenset({"routing"}),
        find=uses.routing,
    ),
    Part(
        code="R463",
        title="Affinity that the target does not keep.",
        severity="warning",
        why="The next request of a session may reach another instance.",
        fix="keep sessions where every instance finds them, or choose another target",
        features=frozenset({"affinity"}),
        find=uses.affinity,
    ),
    Part(
        code="R464",
        title="An edge that the target does not run.",
        severity="warning",
        why="Requests enter by the services' own ports.",
        fix="publish ports, or put a front door before them",
        features=frozenset({"edge"}),
        find=uses.edge,
    ),
    Part(
        code="R465",
        title="A rate limit that the target does not enforce.",
        severity="warning",
        why="Nothing is held back.",
        fix="limit in the application or in a front door",
        features=frozenset({"zones"}),
        find=uses.zones,
    ),
    Part(
        code="R466",
        title="Metrics that the target does not read.",
        severity="warning",
        why="They are known to nobody but the service.",
        fix="nothing; scrape them as before",
        features=frozenset({"metrics"}),
        find=uses.metrics,
    ),
    Part(
        code="R467",
        title="Monitors that nobody watches.",
        severity="warning",
        why="A bound that is crossed is not reported.",
        fix="watch these metrics elsewhere",
        features=frozenset({"monitors"}),
        find=uses.monitors,
    ),
    Part(
        code="R468",
        title="Grants that the target does not enforce.",
        severity="warning",
        why="The component's own runtime has to; the target confines nothing.",
        fix="enforce them in the component, or with networks and mounts",
        features=frozenset({"grants"}),
        find=uses.grants,
    ),
    Part(
        code="R469",
        title="A target's own block that is not acted on.",
        severity="warning",
        why="The service runs without what the block says.",
        fix="take the block out",
        features=frozenset({"docker-block", "kubernetes-block"}),
        find=uses.blocks,
    ),
    Part(
        code="R470",
        title="Accounts at registries that the target does not pull with.",
        severity="warning",
        why="Images are pulled with whatever account the target itself has, or with none.",
        fix="give the target the account by its own means",
        features=frozenset({"registries"}),
        find=uses.registries,
    ),
)

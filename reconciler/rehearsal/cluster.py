"""From a survey of a cluster to what a run begins with, and what of it was measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler import graph as graphs
from reconciler.model.fields import native_fields, object_fields
from reconciler.model.lifecycle import Probe
from reconciler.model.observed import Fields
from reconciler.model.rehearsal import Assumption
from reconciler.model.resource import ResourceKey
from reconciler.model.scenario import Profile, Scenario
from reconciler.model.service import Service
from reconciler.model.stack import Node, Stack
from reconciler.model.survey import SeenWorkload, Survey
from reconciler.model.units import NS_PER_MS, NS_PER_S, format_duration
from reconciler.rehearsal.alignment import is_called, service_of, stack_of, with_affinity
from reconciler.sim.landing import Landed

SECOND_NS = NS_PER_S  # what Kubernetes rounds its times to
_FOUND = {"mark": "by our mark", "name": "by its name", "label": "by app.kubernetes.io/name"}


@dataclass(frozen=True, slots=True)
class Ground:
    """What a change is rehearsed on: `start` runs, `wanted` is asked for, `scenario` loads it."""

    start: Stack
    wanted: Stack
    landed: Landed
    scenario: Scenario
    facts: tuple[Assumption, ...]
    measured: frozenset[str]


def ground_of(survey: Survey, wanted: Stack, scenario: Scenario) -> Ground:
    """Everything of a rehearsal against a cluster that follows from what was seen there."""
    start, wanted = stack_of(survey, wanted), with_affinity(wanted, survey)
    keys = {name: ResourceKey("service", name) for name in survey.workloads}
    templates = {
        name: {
            each.name: _template(survey, wanted, start, name, each.service)
            for each in seen.templates
        }
        for name, seen in survey.workloads.items()
    }
    fields = {
        name: {**native_fields(start, key), "replicas": _replicas(start, survey, name)}
        for name, key in keys.items()
    }
    landed = Landed(survey, fields, templates, dict(_things(survey, start, wanted)))
    profiles, measured = _profiles(survey, wanted, scenario)
    scenario = replace(
        scenario, target="kubernetes", kubernetes_version=survey.version,
        behaviour={**scenario.behaviour, **profiles}, nodes={},
    )  # fmt: skip
    return Ground(start, wanted, landed, scenario, tuple(_facts(survey, wanted)), measured)


def nodes_of(survey: Survey) -> dict[str, Node]:
    """The machines that take pods, less what is held of them by pods that are not the stack's."""
    held: dict[str, tuple[int, int]] = {}
    for tenant in survey.tenants:
        cpu_m, memory = held.get(tenant.node, (0, 0))
        held[tenant.node] = cpu_m + tenant.asked[0], memory + tenant.asked[1]
    return {
        node.name: Node(
            cpu=f"{node.cpu_m}m", memory=node.memory_bytes,
            reserved_cpu=f"{held.get(node.name, (0, 0))[0]}m",
            reserved_memory=held.get(node.name, (0, 0))[1],
        )
        for node in survey.nodes
        if node.heard and not node.cordoned
    }  # fmt: skip


def routed_by(survey: Survey) -> frozenset[str]:
    """The services that a Service of the cluster sends traffic to."""
    return frozenset(name for name, seen in survey.workloads.items() if seen.routed)


def _template(
    survey: Survey, wanted: Stack, start: Stack, name: str, service: Service
) -> Fields:  # fmt: skip
    aligned = service_of(service, wanted, name, survey.declared.configs)
    stack = replace(start, declared=replace(start.declared, services={name: aligned}))
    return native_fields(stack, ResourceKey("service", name))


def _replicas(start: Stack, survey: Survey, name: str) -> int:
    """As the object says; where an autoscaler sets it, the object is not asked."""
    seen = survey.workloads[name]
    return start.declared.services[name].wanted if seen.scaled else seen.replicas


def _things(survey: Survey, start: Stack, wanted: Stack) -> Iterator[tuple[ResourceKey, Fields]]:
    """What else is there as it is wanted: what the running services mount, and what has no
    object of its own in a cluster (networks), or one that is not compared (manifests)."""
    for key in graphs.build(wanted).needs:
        if key.kind in ("network", "manifest"):
            yield key, object_fields(wanted, key)
    for key in graphs.build(start).needs:
        name = key.name.partition("@")[0]
        if key.kind in ("config", "secret"):
            yield key, object_fields(start, key)
        elif key.kind == "volume" and _is_there(survey, "claim", name, wanted.name):
            yield key, object_fields(wanted, key)


def _is_there(survey: Survey, kind: str, source: str, stack: str) -> bool:
    names = [each.partition("/")[2] for each in survey.there if each.startswith(f"{kind}/")]
    return any(is_called(name, source, stack) for name in names)


# -- what was measured ----------------------------------------------------------------------


def _profiles(
    survey: Survey, wanted: Stack, scenario: Scenario
) -> tuple[dict[str, Profile], frozenset[str]]:  # fmt: skip
    """Profiles with the times that pods tell of, where the scenario gives none."""
    profiles: dict[str, Profile] = {}
    measured: set[str] = set()
    for name, seen in sorted(survey.workloads.items()):
        if name not in wanted.declared.services:
            continue
        profile = scenario.behaviour.get(name, Profile())
        for field, value in _measures(seen):
            if getattr(profile, field) is None:
                profile = replace(profile, **{field: value})  # type: ignore[arg-type]
                measured.add(f"{name}.{field}")
        profiles[name] = profile
    return profiles, frozenset(measured)


def _measures(seen: SeenWorkload) -> Iterator[tuple[str, int]]:
    """Fields of a profile, and what pods that never were restarted tell of them.

    Kubernetes' times are whole seconds, so a median over the pods is taken.
    """
    starts = [p.started_after_ns for p in seen.pods if p.started_after_ns is not None]
    if starts:
        yield "start", max(_middle(starts), 100 * NS_PER_MS)
    readiness = seen.service.readiness
    waits = [p.ready_after_ns for p in seen.pods if p.ready_after_ns is not None]
    if waits and readiness is not None:
        yield "ready", answers_after_ns(_middle(waits), readiness)
    used = [p.used[1] for p in seen.pods if p.used is not None and p.used[1]]
    if used:
        yield "memory", _middle(used)


def answers_after_ns(ready_after_ns: int, readiness: Probe) -> int:
    """When an app answers that was found ready so long after its start.

    It was asked then, and had not answered a period before: the middle is taken. Where that was
    the first time it was asked, all that is known is that it was not later.
    """
    asked_ns = max(ready_after_ns - (readiness.successes - 1) * readiness.period, 0)
    is_first = asked_ns <= readiness.delay + SECOND_NS
    before_ns = 0 if is_first else max(asked_ns - readiness.period, 0)
    return max((before_ns + asked_ns) // 2, NS_PER_MS)


def _middle(values: Sequence[int]) -> int:
    """The lower median."""
    return sorted(values)[(len(values) - 1) // 2]


def _facts(survey: Survey, wanted: Stack) -> Iterator[Assumption]:
    """What was found in the cluster, and what could not be read there."""
    for text in survey.unread:
        yield Assumption("the cluster", text, "assumed")
    for name, seen in sorted(survey.workloads.items()):
        for note in seen.notes:
            yield Assumption(f"{name}: as it runs", note, "assumed")
        yield Assumption(f"{name}: taken from", _taken(seen), "measured")
        own = wanted.declared.services.get(name)
        affinity = seen.service.routing.affinity if seen.service.routing is not None else None
        if affinity is not None and own is not None and own.routing is not None:
            text = f"clients stay, for {format_duration(affinity.timeout)}"
            yield Assumption(f"{name}: its Service", text, "measured")
    yield Assumption("the cluster", f"Kubernetes {survey.version}", "measured")
    yield Assumption("machines", _machines(survey), "measured")


def _taken(seen: SeenWorkload) -> str:
    ending = sum(pod.ends_at_ns is not None for pod in seen.pods)
    living = len(seen.pods) - ending
    pods = f"{living} pod{'s' if living != 1 else ''}"
    pods += f" and {ending} that end{'s' if ending == 1 else ''}" if ending else ""
    ours = "" if seen.found == "mark" else "; it is not ours"
    settled = "" if seen.settled else "; it is being rolled"
    return f"{seen.kind} {seen.name}, found {_FOUND[seen.found]}, {pods}{ours}{settled}"


def _machines(survey: Survey) -> str:
    cordoned = sum(node.cordoned for node in survey.nodes)
    away = sum(not node.heard for node in survey.nodes)
    parts = [f"{len(survey.nodes)} with {len(survey.tenants)} pods of others"]
    parts += [f"{cordoned} cordoned"] if cordoned else []
    parts += [f"{away} not heard of"] if away else []
    return ", ".join(parts)

"""A world that begins as a live cluster is: its machines, its pods on them, its controllers.

The pods have their own names, ages, restarts and places; what is not the stack's holds its room
and does nothing. From here on the simulated controllers go on where the real ones are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.fields import revision_of
from reconciler.model.image import normalised
from reconciler.model.observed import Fields, Status
from reconciler.model.resource import ResourceKey
from reconciler.model.survey import SeenPod, SeenWorkload, Survey
from reconciler.sim import deployment, kubelet, verdicts
from reconciler.sim.behaviour import changed
from reconciler.sim.cluster import dry_run
from reconciler.sim.deployment import ReplicaSet, Rollout, template_of
from reconciler.sim.machine import Machine
from reconciler.sim.probes import REFUSES
from reconciler.sim.reading import read
from reconciler.sim.restarts import CRASHLOOP_FIRST_NS, CRASHLOOP_LONGEST_NS
from reconciler.sim.rolling import fenceposts
from reconciler.sim.site import Disruptions, Site
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import LIFE, World


@dataclass(frozen=True, slots=True)
class Landed:
    """What a cluster looks like to one stack, in the fields that its state is compared by.

    `fields` are those of the workloads, by service; `templates` those of their revisions, by
    service and revision; `things` are other objects that are there as they are wanted.
    """

    survey: Survey
    fields: Mapping[str, Fields]
    templates: Mapping[str, Mapping[str, Fields]]
    things: Mapping[ResourceKey, Fields] = field(default_factory=dict)


def land(world: World, landed: Landed) -> None:
    """Put everything that was seen into an empty world, at the time it was seen."""
    survey = landed.survey
    world.now_ns = survey.observed.target_now_ns
    world.kubernetes_version = survey.version
    stack = survey.observed.scope.stack
    world.holding(stack)
    site = world.site = world.site or Site()
    site.machines = {each.name: each for each in _machines(survey)}
    _images(world, survey)
    for key, fields in landed.things.items():
        world.add_object(
            Thing(world.new_id("object"), key, stack, dry_run(key, fields), created_at_ns=0)
        )
    for name, seen in survey.workloads.items():
        _Workload(world, stack, name, seen, landed).put()


def _machines(survey: Survey) -> list[Machine]:
    """The nodes, with what belongs to others on them. One that is not heard of is unknown."""
    made = [
        Machine(
            each.name, each.cpu_m, each.memory_bytes, (each.cpu_m, each.memory_bytes),
            cordoned=each.cordoned, unknown=not each.heard, cut=not each.heard,
        )
        for each in survey.nodes
    ]  # fmt: skip
    by_name = {machine.name: machine for machine in made}
    for tenant in survey.tenants:
        if tenant.node in by_name:
            by_name[tenant.node].hold(tenant.id, tenant.asked)
    return made


def _images(world: World, survey: Survey) -> None:
    """An image is here if each machine that takes pods has it: a world has one store."""
    known = dict(survey.observed.images)
    stores = [
        {normalised(name) for name in node.images}
        for node in survey.nodes
        if node.heard and not node.cordoned
    ]
    for reference in sorted(set.intersection(*stores) if stores else ()):
        known.setdefault(reference, None)
        if known[reference] is None:
            known[reference] = world.images.remote_id(reference)
    for reference, image_id in known.items():
        if image_id is None:
            continue
        world.images.stored[image_id] = None
        world.images.remote[reference] = image_id
        if not stores or all(reference in store for store in stores):
            world.images.local[reference] = image_id


@dataclass
class _Workload:
    """One workload on its way into the world."""

    world: World
    stack: str
    name: str
    seen: SeenWorkload
    landed: Landed

    def put(self) -> None:
        """Its object, its controller's state, its pods."""
        world, seen = self.world, self.seen
        key = ResourceKey("service", self.name)
        fields = dry_run(key, self.landed.fields[self.name])
        templates = self._templates(key, fields)
        thing = Thing(
            f"{self.stack} {key}", key, self.stack, fields, dry_run(key, {}),
            status=Status(seen.settled, True), created_at_ns=0,
        )  # fmt: skip
        thing.state = self._rollout(templates, fields)
        world.add_object(thing)
        for pod in seen.pods:
            self._pod(key, pod, templates)
        assert world.site is not None
        if seen.budget is not None:
            world.site.disruptions[str(key)] = Disruptions(*seen.budget)
        deployment.wake(world, thing)

    def _templates(self, key: ResourceKey, fields: Fields) -> dict[str, tuple[str, Fields]]:
        """Revision and fields by the name of each template; the newest is the object's own.

        Templates that differ in what nothing here speaks of still are two revisions.
        """
        newest = template_of(fields)
        last = self.seen.templates[-1].name if self.seen.templates else ""
        found: dict[str, tuple[str, Fields]] = {last: (revision_of(newest, ()), newest)}
        for name, other in self.landed.templates.get(self.name, {}).items():
            if name != last:
                own = template_of(dry_run(key, other))
                found[name] = (f"{revision_of(own, ())}-{name}", own)
        return found

    def _rollout(self, templates: Mapping[str, tuple[str, Fields]], fields: Fields) -> Rollout:
        seen = self.seen
        sets = [
            ReplicaSet(*templates[each.name], spec=each.replicas)
            for each in seen.templates
            if each.name in templates
        ]
        surge, _ = fenceposts(
            fields["rollout.max_surge"],  # type: ignore[arg-type]
            fields["rollout.max_unavailable"],  # type: ignore[arg-type]
            seen.replicas,
        )
        return Rollout(
            sets, observed_generation=1, replicas=seen.replicas, surge=surge,
            progress_ns=self.world.now_ns, complete_generation=int(seen.settled),
            made=len(seen.pods), scale=seen.replicas if seen.scaled else None,
        )  # fmt: skip

    def _pod(
        self, key: ResourceKey, pod: SeenPod, templates: Mapping[str, tuple[str, Fields]]
    ) -> None:  # fmt: skip
        world, seen = self.world, pod.instance
        unknown = (f"unknown-{pod.template}", seen.fields)
        revision, fields = templates.get(pod.template, unknown)
        behaviour = world.behaviour_of(key, fields, seen.image_id)
        if seen.phase == "restarting" and pod.ran_ns is not None:  # as it crashed, it will again
            behaviour = changed(behaviour, (("crash_after_ns", max(pod.ran_ns, 1)),))
        container = Container(
            seen.id, seen.name, key, self.stack, seen.ordinal, revision, kubelet=True,
            fields=fields, image_id=seen.image_id, behaviour=behaviour, phase=seen.phase,
            ready=seen.ready, policy="always", asked_restart="always",
            created_at_ns=seen.created_at_ns, started_at_ns=seen.started_at_ns,
            ready_since_ns=seen.ready_since_ns, finished_at_ns=seen.finished_at_ns,
            exit_code=seen.exit_code, oom_killed=seen.oom_killed,
            starts=1 + seen.engine_restarts, engine_restarts=seen.engine_restarts,
            turned_at_ns=seen.ready_since_ns or 0, message=seen.message,
        )  # fmt: skip
        world.add_container(container)
        site = world.site
        assert site is not None
        if pod.node in site.machines:
            site.put(seen.id, site.machines[pod.node], pod.asked, (self.stack, key))
        _go_on(world, container, pod)


def _go_on(world: World, container: Container, pod: SeenPod) -> None:
    """What is under way with a pod: its deletion, its start, its restart, its readiness."""
    token = (container.id, container.epoch)
    if pod.ends_at_ns is not None:
        container.terminating = True
        if container.running:
            _end(world, container, pod.ends_at_ns)
        else:
            world.drop_container(container)
    elif container.phase == "created":
        kubelet.begin(world, container)
    elif container.phase == "restarting":
        delay_ns = _backoff_ns(container.engine_restarts)
        container.restart_delay_ns = delay_ns
        began_ns = container.finished_at_ns or world.now_ns
        world.push(max(world.now_ns, began_ns + delay_ns), LIFE, "restart", token)
    elif container.phase == "running" and not container.ready:
        _await_ready(world, container)


def _end(world: World, container: Container, ends_at_ns: int) -> None:
    """It is killed when its grace is over; its signal comes after pre-stop, if it has not yet."""
    fields = container.fields
    grace_ns, pre_stop_ns = (
        int(fields.get(name) or 0)  # type: ignore[arg-type]
        for name in ("stop.grace", "stop.pre_stop")
    )
    signal_ns = max(ends_at_ns - grace_ns + pre_stop_ns, world.now_ns)
    world.push(signal_ns, LIFE, "pod signal", (container.id, "SIGTERM"))
    world.push(max(ends_at_ns, world.now_ns), LIFE, "pod signal", (container.id, "SIGKILL"))


def _backoff_ns(restarts: int) -> int:
    """CrashLoopBackOff before the next start, after so many."""
    if restarts < 1:
        return 0
    return min(CRASHLOOP_FIRST_NS << min(restarts - 1, 10), CRASHLOOP_LONGEST_NS)


def _await_ready(world: World, container: Container) -> None:
    """One that started a while ago is ready when its app is; one that is late stays unready."""
    began_ns = container.started_at_ns or world.now_ns
    up_ns = began_ns + container.behaviour.ready_ns
    readiness = read(container).readiness
    late_ns = up_ns + (readiness.period if readiness is not None else 0)
    if late_ns >= world.now_ns and not container.behaviour.never_ready:
        world.push(max(up_ns, world.now_ns), LIFE, "up", (container.id, container.epoch))
        container.answers = container.answers_ready = ((began_ns, REFUSES),)
        verdicts.resume(world, container, up_ns)

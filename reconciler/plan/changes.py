"""From what is wanted and what runs to the change of one workload, if there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from reconciler.diff.fields import Delta, field_changes
from reconciler.diff.fit import Fit, Template, fit
from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.fields import digest_of, revision_of, workload_fields
from reconciler.model.noun import listed
from reconciler.model.observed import Fields, Instance
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Job, Service, Workload
from reconciler.model.stack import Stack
from reconciler.plan.calls import calls_of_removal, calls_of_rollout
from reconciler.plan.restarting import may_start_again
from reconciler.plan.roster import Roster, roster_of
from reconciler.plan.shape import Shape, shape_of
from reconciler.plan.standing import HISTORY_FACTS, Standing, standing_of, surplus_facts
from reconciler.plan.view import View


@dataclass(frozen=True, eq=False)
class Asked:
    """A workload as it is asked for, before anything was looked at."""

    stack: Stack
    key: ResourceKey
    in_place: tuple[str, ...]

    @cached_property
    def workload(self) -> Workload:
        """The service or job."""
        found = self.stack.workload(self.key)
        assert found is not None
        return found

    @cached_property
    def fields(self) -> Fields:
        """What is wanted of every instance."""
        return workload_fields(self.stack, self.key)

    @cached_property
    def revision(self) -> str:
        """Content hash of what cannot change in place."""
        return revision_of(self.fields, self.in_place)

    @cached_property
    def shape(self) -> Shape:
        """How many instances, and how they may be exchanged."""
        assert isinstance(self.workload, Service)
        return shape_of(self.workload)

    def template(
        self, images: Mapping[str, str | None], evicting: tuple[str, ...] = ()
    ) -> Template:
        """What every instance should be, with the images that are there now."""
        seen = images.get(str(self.fields["image"])), evicting
        if self._templates.get(seen) is None:
            self._templates.clear()  # what was there before is not asked for again
            self._templates[seen] = Template(
                self.key, self.fields, self.revision, self.in_place, seen[0], evicting=evicting
            )
        return self._templates[seen]

    @cached_property
    def _templates(self) -> dict[tuple[str | None, tuple[str, ...]], Template]:
        return {}

    @property
    def rolls_back(self) -> bool:
        """Whether a failed revision gives way to the last good one."""
        work = self.workload
        return isinstance(work, Service) and work.rollout.on_failure == "rollback"


def standing_for(
    asked: Asked, view: View, retried_seq: int = 0, evicting: tuple[str, ...] = ()
) -> Standing:
    """What the records say about the revision that is asked for."""
    return standing_of(
        asked.template(view.images, evicting), view.records_of(asked.key), view.images,
        rolls_back=asked.rolls_back, retried_seq=retried_seq,
    )  # fmt: skip


def pulls(workload: Workload, template: Template) -> int:
    """1 where an instance cannot be made without fetching the image first."""
    if workload.pull == "never" or template.pinned:
        return 0
    return int(workload.pull == "always" or template.image_id is None)


def service_change(asked: Asked, standing: Standing, view: View) -> Change | None:
    """How a service gets from what runs to what is wanted; None where it is so already."""
    service, effective = asked.workload, standing.effective
    assert isinstance(service, Service)
    if effective is None:
        return None
    shape = asked.shape
    instances = view.of(asked.key)
    roster = roster_of(effective, instances, shape.replicas)
    found = _differences(asked, roster, shape)
    settled = standing.is_rolled_back or standing.is_good_noted
    settled = settled and not surplus_facts(asked.key, view.records_of(asked.key))
    if not found and settled:
        return None
    if not instances:
        found = (*_given(effective), *found)
    calls = calls_of_rollout(standing, roster, shape, pulls(service, effective), roster.current)
    old = roster.old
    return Change(
        key=asked.key,
        action=_action(instances, roster),
        reason=_reason(found, instances, shape, settled),
        fields=found,
        position=asked.stack.position(asked.key),
        from_revision=_old_revision(instances, effective, old),
        to_revision=effective.revision,
        from_replicas=len(roster.current) + len(old),
        to_replicas=shape.replicas,
        deletes=tuple(f.instance.id for f in old if f.instance.ordinal >= shape.replicas),
        reads=reads_of(instances, standing),
        calls=calls,
        notes=_notes(service, shape, old),
    )


def job_change(asked: Asked, standing: Standing, view: View) -> Change | None:
    """A job is due when its revision has neither run to its end nor failed for good."""
    job, instances = asked.workload, view.of(asked.key)
    assert isinstance(job, Job)
    wanted = standing.wanted
    own = [i for i in instances if i.revision == wanted.revision]
    if standing.failed is not None and standing.effective is None:
        return None
    if standing.is_good_noted:
        return _tidying(asked, standing, own, view)
    last = max(own, key=lambda i: i.attempt, default=None)
    create = int(last is None or (last.has_ended and last.exit_code != 0))
    ended_well = last is not None and last.has_ended and not create
    starts = create + int(last is not None and last.phase == "created")
    records = 1 if standing.is_candidate_noted or ended_well else 2
    stale = [i for i in instances if i.revision != wanted.revision]
    calls = dict(calls_of_removal([i for i in instances if create or i is not last], ()))
    calls |= {"record": records, "create": create, "start": starts}
    calls["forget"] = max(0, len(standing.facts) + records - HISTORY_FACTS)
    calls["pull"] = pulls(job, wanted) * create
    return Change(
        key=asked.key,
        action=Action.REPLACE if stale else Action.CREATE,
        reason="changed since it last ran" if stale else "has not run yet",
        fields=_changed_since(asked, wanted, stale[-1]) if stale else _given(wanted),
        position=asked.stack.position(asked.key),
        from_revision=stale[0].revision if stale else "",
        to_revision=wanted.revision,
        to_replicas=1,
        reads=reads_of(instances, standing),
        calls={kind: count for kind, count in sorted(calls.items()) if count},
    )


def _changed_since(asked: Asked, wanted: Template, last: Instance) -> tuple[FieldChange, ...]:
    """How a job differs from what last ran."""
    return field_changes(asked.stack, asked.key, fit(wanted, last).replacing, asked.in_place)


def _tidying(
    asked: Asked, standing: Standing, own: Sequence[Instance], view: View
) -> Change | None:
    """A job that has run leaves its last run for its logs, and nothing else."""
    instances = view.of(asked.key)
    last = max(own, key=lambda i: i.attempt, default=None)
    surplus = [i for i in instances if i is not last]
    facts = surplus_facts(asked.key, view.records_of(asked.key))
    if not surplus and not facts:
        return None
    return Change(
        key=asked.key,
        action=Action.UPDATE,
        reason="earlier runs are left",
        fields=tuple(FieldChange(f"leftover.{i.name}", i.phase, None) for i in surplus),
        position=asked.stack.position(asked.key),
        to_revision=standing.wanted.revision,
        to_replicas=1,
        deletes=tuple(i.id for i in surplus),
        reads=reads_of(instances, standing),
        calls=calls_of_removal(surplus, facts),
    )


def removal(key: ResourceKey, view: View) -> Change:
    """The end of a workload that is no longer declared."""
    instances, records = view.of(key), view.records_of(key)
    return Change(
        key=key,
        action=Action.DELETE,
        reason="no longer declared",
        from_revision=instances[0].revision if instances else "",
        from_replicas=len(instances),
        deletes=tuple(i.id for i in instances),
        reads=digest_of({i.id: i.revision for i in instances}),
        calls=calls_of_removal(instances, records),
    )


def reads_of(instances: Sequence[Instance], standing: Standing) -> str:
    """Fingerprint of what a workload's change was decided on."""
    last = standing.last.seq if standing.last else 0
    if not instances:
        return f"nothing.{last}"
    seen = {i.id: f"{i.revision} {i.image_id} {digest_of(i.fields)}" for i in instances}
    return f"{digest_of(seen)}.{last}"


def _differences(asked: Asked, roster: Roster, shape: Shape) -> tuple[FieldChange, ...]:
    found: dict[str, Delta] = {}
    for one in (*roster.old, *roster.current):
        for delta in (*one.replacing, *one.in_place):
            found.setdefault(delta.path, delta)
    changes: tuple[FieldChange, ...] = ()
    if found:
        changes = field_changes(
            asked.stack, asked.key, [found[path] for path in sorted(found)], asked.in_place
        )
    there = {f.instance.ordinal for f in (*roster.current, *roster.old)}
    if len(there) != shape.replicas:
        at = asked.stack.position(asked.key, "replicas")
        changes = (*changes, FieldChange("replicas", len(there), shape.replicas, position=at))
    else:  # as many as wanted, and perhaps others than wanted: one was removed by hand
        missing = [o for o in range(shape.replicas) if o not in there]
        gone = (FieldChange(f"instances.{o}.phase", None, "running") for o in missing)
        changes = (*changes, *gone)
    return (*changes, *_phases(roster.current), *_leftovers(roster, shape))


# What tells a new workload from another; its probes and times are in the file that is named.
_GIVEN = (
    "image", "entrypoint", "command", "environment.", "ports.", "volumes.", "configs.", "secrets.",
)  # fmt: skip


def _given(template: Template) -> tuple[FieldChange, ...]:
    """What a workload that is not there yet will be made of."""
    fields = template.fields
    return tuple([FieldChange(path, None, fields[path]) for path in _given_of(tuple(fields))])


@lru_cache(maxsize=4096)
def _given_of(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are shown, sorted: many services have the very same fields."""
    return tuple(sorted(path for path in paths if path.startswith(_GIVEN)))


def _leftovers(roster: Roster, shape: Shape) -> tuple[FieldChange, ...]:
    """Copies and ended predecessors of instances that are as wanted."""
    copies = [
        f.instance for f in roster.old if f.is_current and f.instance.ordinal < shape.replicas
    ]
    ready = {f.instance.ordinal for f in roster.current if f.instance.ready}
    past = [i for i in roster.past if i.ordinal in ready]
    return tuple(FieldChange(f"leftover.{i.name}", i.phase, None) for i in (*copies, *past))


def _phases(current: Sequence[Fit]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(f"instances.{f.instance.ordinal}.phase", f.instance.phase, "running")
        for f in current
        if may_start_again(f.instance)
    )


def _action(instances: Sequence[Instance], roster: Roster) -> Action:
    if not instances:
        return Action.CREATE
    replaced = any(f.replacing for f in roster.old)
    return Action.REPLACE if replaced else Action.UPDATE


def _reason(
    found: Sequence[FieldChange], instances: Sequence[Instance], shape: Shape, settled: bool
) -> str:
    if not instances:
        return "not there yet"
    paths = [change.path for change in found]
    if not paths:
        return "its health has not been confirmed" if not settled else ""
    if paths == ["replicas"]:
        runs = "1 instance runs" if found[0].old == 1 else f"{found[0].old} instances run"
        return f"{runs}, {shape.replicas} {'is' if shape.replicas == 1 else 'are'} wanted"
    if all(path.endswith(".phase") for path in paths):
        return "not running"
    more = [f"{len(paths) - 3} more fields"] if len(paths) > 4 else []
    names = paths[:3] if more else paths
    verb = "differ" if len(paths) > 1 else "differs"
    return f"{listed([*names, *more])} {verb} from what runs"


def _old_revision(instances: Sequence[Instance], effective: Template, old: Sequence[Fit]) -> str:
    if old:
        return old[0].instance.revision
    return instances[0].revision if instances else ""


def _notes(service: Service, shape: Shape, old: Sequence[Fit]) -> tuple[str, ...]:
    replaced = [f for f in old if f.replacing]
    if not replaced:
        return ()
    if shape.way == "recreate":
        return ("all old instances stop before the first new one starts: there is a gap",)
    if shape.holds_ports:
        return (
            "a host port must be freed before its successor can hold it: each instance has a "
            f"gap, and at least {shape.least_available} of {shape.replicas} stay available",
        )
    return ()

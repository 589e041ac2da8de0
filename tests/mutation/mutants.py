"""Wrong controllers, differs and planners: each one small mistake that somebody could make."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from reconciler import graph
from reconciler.controller import (
    approval,
    core,
    decision,
    facts,
    jobs,
    muster,
    objects,
    removals,
    services,
    slot,
)
from reconciler.diff import fields as differing
from reconciler.diff import fit
from reconciler.model import fields
from reconciler.model.step import SignalInstance, WriteRecord
from reconciler.plan import (
    changes,
    exchange,
    naming,
    planner,
    roster,
    shape,
    standing,
    stopping,
    view,
)
from reconciler.plan import objects as plan_objects

Put = Callable[[Any, str, Any], None]


@dataclass(frozen=True)
class Mutant:
    """One mistake; `make` puts it in place of what is right. `loaded`: requests show it."""

    name: str
    make: Callable[[Put], None]
    loaded: bool = False


@contextmanager
def at_work(mutant: Mutant | None) -> Iterator[None]:
    """The mistake is made while this lasts."""
    undo: list[tuple[Any, str, Any]] = []

    def put(where: Any, name: str, wrong: Any) -> None:
        undo.append((where, name, where.__dict__[name]))
        setattr(where, name, wrong)

    try:
        if mutant is not None:
            mutant.make(put)
        yield
    finally:
        for where, name, right in reversed(undo):
            setattr(where, name, right)


MUTANTS: list[Mutant] = []


def mutant(make: Callable[[Put], None]) -> Callable[[Put], None]:
    """Add a mistake; its name is the function's."""
    MUTANTS.append(Mutant(make.__name__.replace("_", " "), make))
    return make


def _rule(put: Put, name: str, wrong: exchange.Rule) -> None:
    right = getattr(exchange, name)
    put(exchange, "RULES", tuple(wrong if rule is right else rule for rule in exchange.RULES))


def _rung(put: Put, name: str, wrong: Any) -> None:
    right = getattr(services, name)
    put(services, "LADDER", tuple(wrong if rung is right else rung for rung in services.LADDER))


def _pass_on(_: Any) -> None:
    """A rung that never answers."""


# -- rollouts -----------------------------------------------------------------------------


@mutant
def surge_check_dropped(put: Put) -> None:
    def wrong(s: exchange.Situation) -> exchange.Exchange:
        create = s.missing() if s.shape.way == "rolling" and not s.evict else ()
        return exchange.Exchange(create=create, rule="scale up")

    _rule(put, "_scale_up", wrong)


@mutant
def floor_check_dropped(put: Put) -> None:
    def wrong(s: exchange.Situation) -> exchange.Exchange:
        stop = tuple(f.instance for f in s.old) if s.shape.way == "rolling" else ()
        return exchange.Exchange(stop=stop, rule="ready old")

    _rule(put, "_ready_old", wrong)


@mutant
def stopping_ones_count_as_there(put: Put) -> None:
    right = roster.roster_of
    put(muster, "roster_of", lambda t, i, r, leaving, f: right(t, i, r, (), f))


@mutant
def unready_ones_count_as_available(put: Put) -> None:
    right = facts._facts

    def wrong(*args: Any) -> Any:
        found = right(*args)
        found.available = frozenset(i.id for i in found.instances if i.is_running)
        return found

    put(facts, "_facts", wrong)


@mutant
def min_ready_ignored(put: Put) -> None:
    right = facts._facts

    def wrong(*args: Any) -> Any:
        found = right(*args)
        found.available = frozenset(i.id for i in found.instances if i.ready)
        return found

    put(facts, "_facts", wrong)


@mutant
def singleton_treated_as_any_other(put: Put) -> None:
    right = shape.shape_of

    def wrong(service: Any) -> Any:
        return right(replace(service, singleton=False))

    def name(*args: Any, singleton: bool) -> str:
        return naming.instance_name(*args, singleton=False)

    put(changes, "shape_of", wrong)
    put(services, "instance_name", name)


@mutant
def recreate_starts_before_the_old_ended(put: Put) -> None:
    def wrong(s: exchange.Situation) -> exchange.Exchange:
        if s.shape.way != "recreate":
            return exchange.NOTHING
        if s.old:
            return exchange.Exchange(stop=tuple(f.instance for f in s.old), rule="recreate")
        return exchange.Exchange(create=s.missing(), rule="recreate")

    _rule(put, "_recreate", wrong)
    right = naming.instance_name
    put(services, "instance_name", lambda *args, singleton: right(*args, singleton=False))
    put(services, "_creation", _creation_beside(services._creation))


def _creation_beside(right: Any) -> Any:
    def wrong(found: Any, ordinal: int) -> Any:
        found.shape = replace(found.shape, singleton=False)
        return right(found, ordinal)

    return wrong


@mutant
def ordinal_is_the_count(put: Put) -> None:
    def wrong(s: exchange.Situation) -> tuple[int, ...]:
        return tuple(range(len(s.current), s.shape.replicas))

    put(exchange.Situation, "missing", wrong)


@mutant
def host_port_not_waited_for(put: Put) -> None:
    def wrong(s: exchange.Situation) -> tuple[int, ...]:
        taken = {f.instance.ordinal for f in s.current} | s.reserved
        return tuple(o for o in range(s.shape.replicas) if o not in taken)

    put(exchange.Situation, "missing", wrong)


@mutant
def network_replaced_under_its_users(put: Put) -> None:
    put(objects, "held_by", lambda ctx, key: ())


@mutant
def pulled_without_need(put: Put) -> None:
    put(services, "pulls", lambda service, template: 1)


# -- differences --------------------------------------------------------------------------


@mutant
def environment_not_compared(put: Put) -> None:
    right = differing.deltas

    def wrong(*args: Any) -> Any:
        return tuple(d for d in right(*args) if not d.path.startswith("environment."))

    put(fit, "deltas", wrong)


@mutant
def hash_compared_and_not_what_is_live(put: Put) -> None:
    right = fit.fit

    def wrong(template: fit.Template, instance: Any) -> fit.Fit:
        same = template.revision == instance.revision
        return fit.Fit(instance) if same else right(template, instance)

    put(slot, "fit", wrong)
    put(changes, "roster_of", lambda t, i, r: roster.roster_of(t, i, r, (), wrong))


@mutant
def defaults_shown_as_differences(put: Put) -> None:
    right = differing.deltas
    put(fit, "deltas", lambda wanted, live, defaults: right(wanted, live))


@mutant
def everything_replaced(put: Put) -> None:
    right = changes.Asked.template

    def wrong(asked: Any, *args: Any) -> Any:
        return replace(right(asked, *args), in_place=())

    put(changes.Asked, "template", wrong)


@mutant
def everything_changed_in_place(put: Put) -> None:
    right = changes.Asked.template

    def wrong(asked: Any, *args: Any) -> Any:
        return replace(right(asked, *args), in_place=("",))

    put(changes.Asked, "template", wrong)


@mutant
def order_of_a_list_matters(put: Put) -> None:
    def wrong(declared: Any, workload: Any) -> tuple[str, ...]:
        return tuple(workload.networks) or ("default",)

    put(fields, "networks_of", wrong)
    put(graph, "networks_of", wrong)


# -- looking ------------------------------------------------------------------------------


@mutant
def old_view_acted_upon(put: Put) -> None:
    put(core.Controller, "_is_tainted", lambda controller, key, asked: False)


@mutant
def events_trusted_to_come(put: Put) -> None:
    put(core, "POLL_NS", 10**18)
    right = core.Controller._ended

    def wrong(controller: Any, step: Any, outcome: Any) -> None:
        right(controller, step, outcome)
        controller._agenda._looks.discard(step.key)

    put(core.Controller, "_ended", wrong)


@mutant
def gate_skipped(put: Put) -> None:
    put(decision.Context, "unmet", lambda ctx: None)


@mutant
def started_is_good_enough(put: Put) -> None:
    right = facts.Facts._status

    def wrong(*args: Any) -> Any:
        found = right(*args)
        more = {"healthy"} if "exists" in found.meets else set()
        return replace(found, meets=found.meets | more)

    put(facts.Facts, "_status", wrong)


# -- failures and restarts ----------------------------------------------------------------


@mutant
def backoff_not_applied(put: Put) -> None:
    right = slot.Slot.failed

    def wrong(self: slot.Slot, outcome: Any, now_ns: int) -> None:
        right(self, outcome, now_ns)
        self.retry_ns = 0

    put(slot.Slot, "failed", wrong)


@mutant
def backoff_not_reset(put: Put) -> None:
    def wrong(self: slot.Slot) -> None:
        self.retry_ns, self.trouble = 0, None

    put(slot.Slot, "succeeded", wrong)


@mutant
def restart_delay_skipped(put: Put) -> None:
    put(services, "may_follow", lambda found, past: True)


@mutant
def restarts_never_end(put: Put) -> None:
    put(services, "is_exhausted", lambda past, restart: False)


@mutant
def unhealthy_never_replaced(put: Put) -> None:
    _rung(put, "_unhealthy", _pass_on)


@mutant
def name_without_attempt(put: Put) -> None:
    right = naming.instance_name

    def wrong(stack: str, key: Any, ordinal: int, revision: str, attempt: int, **more: bool) -> str:
        return right(stack, key, ordinal, revision, 1, **more)  # type: ignore[arg-type]

    put(services, "instance_name", wrong)


@mutant
def lateness_never_noticed(put: Put) -> None:
    _rung(put, "_too_late", _pass_on)


@mutant
def failure_forgotten(put: Put) -> None:
    right = standing.standing_of

    def wrong(*args: Any, **more: Any) -> Any:
        return right(*args, **(more | {"retried_seq": 10**9}))

    put(changes, "standing_of", wrong)


@mutant
def failure_remembered_by_the_process_alone(put: Put) -> None:
    """A new process reads the records as if every failure in them were forgiven."""
    right = core.Controller._check_approval

    def wrong(controller: Any, observed: Any) -> None:
        first = not controller._checked
        right(controller, observed)
        if first:
            for key in controller.graph.needs:
                records = controller._desk.view.records_of(key)
                controller._desk.slot(key).retried_seq = records[-1].seq if records else 0

    put(core.Controller, "_check_approval", wrong)


@mutant
def first_good_one_taken_back(put: Put) -> None:
    right = standing.standing_of

    def wrong(wanted: Any, records: Any, images: Any, **more: Any) -> Any:
        good = [r for r in records if r.body.get("outcome") == "good"]
        return right(wanted, [r for r in records if r not in good[1:]], images, **more)

    put(changes, "standing_of", wrong)


@mutant
def rollback_of_a_rollback(put: Put) -> None:
    right, fail = standing.standing_of, services._fail

    def wrong(wanted: Any, records: Any, images: Any, **more: Any) -> Any:
        last = {r.body["revision"]: r.body["outcome"] for r in records if "outcome" in r.body}
        left = [r for r in records if r.body.get("outcome") != "good"
                or last[r.body["revision"]] != "failed"]  # fmt: skip
        return right(wanted, left, images, **more)

    def failing(found: Any, reason: str) -> Any:
        if not found.standing.is_rolled_back:
            return fail(found, reason)
        ctx = found.ctx
        noted = standing.fact(
            replace(found.standing, wanted=found.effective), "failed", ctx.now_ns,
            ctx.view.records_of(ctx.key), reason=reason,
        )  # fmt: skip
        return found.decide("failed", reason, WriteRecord(ctx.key, noted))

    put(changes, "standing_of", wrong)
    put(services, "_fail", failing)


@mutant
def good_never_noted(put: Put) -> None:
    right = services._finished

    def wrong(found: Any) -> Any:
        given = right(found)
        if given is not None and given.status.message == "noting success":
            return found.decide("ready", settled=True)
        return given

    _rung(put, "_finished", wrong)


@mutant
def candidate_not_noted(put: Put) -> None:
    right = services._prepared

    def wrong(found: Any) -> Any:
        given = right(found)
        noting = given is not None and given.status.message == "noting the revision"
        return None if noting else given

    _rung(put, "_prepared", wrong)


@mutant
def failed_job_run_again(put: Put) -> None:
    right = jobs._tries
    put(jobs, "_tries", lambda found, own: min(0, right(found, own)))


# -- ends ---------------------------------------------------------------------------------


def _next(put: Put, wrong: Any) -> None:
    for module in (facts, removals, jobs):
        put(module, "next_of", wrong)


@mutant
def disarm_skipped(put: Put) -> None:
    right = stopping.next_of
    _next(put, lambda one, *rest, **more: right(replace(one, armed=False), *rest, **more))


@mutant
def killed_before_its_grace(put: Put) -> None:
    right = stopping.next_of

    def wrong(one: Any, stop: Any, now_ns: int, *rest: Any, **more: Any) -> Any:
        found = right(one, stop, now_ns, *rest, **more)
        if stop.signalled_ns is not None and found.step is None and one.is_running:
            return stopping.Next(SignalInstance(one.key, one.id, "SIGKILL"))
        return found

    _next(put, wrong)


@mutant
def pre_stop_skipped(put: Put) -> None:
    right = stopping._times
    put(stopping, "_times", lambda *given: (0, right(*given)[1]))


@mutant
def removed_in_no_order(put: Put) -> None:
    put(removals, "users_of", lambda ctx: [])


@mutant
def object_removed_under_its_users(put: Put) -> None:
    put(removals, "held_by", lambda ctx, key: ())


@mutant
def config_pruned_while_needed(put: Put) -> None:
    put(removals, "_fallback_of", lambda ctx, key: None)


@mutant
def kept_volume_deleted(put: Put) -> None:
    for module in (planner, removals, approval):
        put(module, "is_kept_volume", lambda *args: False)


@mutant
def deletion_cap_ignored(put: Put) -> None:
    put(decision.Context, "is_removal_approved", lambda ctx, key=None: ctx.policy.act)


@mutant
def foreign_object_taken_for_ours(put: Put) -> None:
    right = view.View.take

    def wrong(self: Any, observed: Any, keys: Any = None) -> None:
        ours = {key: replace(found, owned=True) for key, found in observed.objects.items()}
        right(self, replace(observed, objects=ours), keys)

    put(view.View, "take", wrong)


@mutant
def foreign_object_taken_as_it_is(put: Put) -> None:
    put(plan_objects, "conflicts", lambda *args: [])


# -- agreement ----------------------------------------------------------------------------


@mutant
def stale_plan_accepted(put: Put) -> None:
    put(approval, "stale", lambda saved, fresh: [])


@mutant
def nothing_needs_approval(put: Put) -> None:
    put(decision.Context, "is_approved", lambda ctx, revisions, replicas: True)

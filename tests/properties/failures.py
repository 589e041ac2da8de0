"""What fails: bad revisions, rollbacks, deletions, another actor, stale approvals, replays."""

from copy import deepcopy

from reconciler.controller.interface import Policy
from reconciler.model.record import revisions_of
from reconciler.model.resource import ResourceKey
from reconciler.model.step import CreateInstance, DeleteObject, RemoveInstance, WriteRecord
from reconciler.model.units import NS_PER_S
from reconciler.plan.planner import destroy_plan, make_plan, scope_of
from reconciler.sim import clock
from reconciler.sim.behaviour import rule
from reconciler.sim.checkers import CapacityFloor, watch
from reconciler.sim.engine import SimEngine
from reconciler.sim.faults import Fault
from reconciler.sim.harm import edit_container, install
from reconciler.sim.trace import Trace
from reconciler.sim.world import World
from tests.properties.cases import Case, expected_of, stack_of
from tests.properties.convergence import creations_of, failing_service
from tests.properties.world import HOUR_NS, Applied, apply, plan_of, settle, started, state_of

SLACK_NS = 20 * NS_PER_S  # calls, looks, and an instance that is stopped and made before


def facts_of(world: World, name: str) -> list[tuple[str, str]]:
    """(revision, outcome) of what is on record about a service, oldest first."""
    facts = revisions_of(f"service/{name}", world.holding("shop").all_records())
    return [(fact.revision, fact.outcome) for fact in facts]


def _of_service(world: World, name: str) -> object:
    """Every field of a service's instances, by ordinal."""
    pods = world.of("shop", ResourceKey("service", name))
    return sorted((p.ordinal, p.revision, p.phase, p.ready, sorted(p.fields.items())) for p in pods)


def check_rollback(case: Case) -> None:
    """Property 21: floor, deadline, and the exact revision back."""
    name, after, world = failing_service(case), stack_of(case.after), started(case)
    key, service = ResourceKey("service", name), after.declared.services[name]
    image, before = service.image, _of_service(world, name)
    floor = CapacityFloor(expected_of(after))
    watch(world, floor)
    tries = [apply(after, world)]
    assert not floor.violations, f"{floor.violations}\n{tries[0]}"
    assert tries[0].verdict == "failed", tries[0]
    phases = {f.key: f.phase for f in tries[0].result.verdict.failures}
    keeps = service.rollout.on_failure == "rollback"
    assert phases.get(key) == ("held" if keeps else "failed"), phases
    candidate, failed = (_written_ns(tries[0], key, how) for how in ("candidate", "failed"))
    late_ns = service.rollout.deadline + SLACK_NS * service.wanted
    assert failed - candidate <= late_ns, f"{(failed - candidate) / 1e9} s\n{tries[0]}"
    if keeps:
        assert _of_service(world, name) == before, tries[0]
    clock.run_until(world, world.now_ns + HOUR_NS)
    tries += [apply(after, world), apply(after, world, policy=Policy())]
    for again in tries[1:]:
        assert not again.result.calls, again
        assert again.verdict == "failed" and key in again.plan.held, again
    if keeps:
        back = stack_of(case.before)
        settle(back, world)
        assert state_of(world, back) == state_of(started(case), back)
    assert creations_of(tries[1:], image) == 0


def _written_ns(applied: Applied, key: ResourceKey, outcome: str) -> int:
    """When a fact was written."""
    for call in applied.result.calls:
        step = call.step
        if not isinstance(step, WriteRecord) or step.key != key:
            continue
        if step.record.body.get("outcome") == outcome:
            return call.at_ns
    raise AssertionError(f"no fact {outcome} about {key}\n{applied}")


def check_no_second_rollback(case: Case) -> None:
    """Property 21: a rollback whose revision fails too is left as it is."""
    assert case.before is not None
    name, after, world = failing_service(case), stack_of(case.after), started(case)
    service = after.declared.services[name]
    good = case.before["services"][name]["image"]
    world.rules = (*world.rules, rule(good, "never_ready", key=f"service/{name}"))
    tries = [apply(after, world)]
    facts = facts_of(world, name)
    assert tries[0].verdict == "failed", tries[0]
    assert [outcome for _, outcome in facts].count("failed") <= 1, facts
    for _ in range(2):
        clock.run_until(world, world.now_ns + HOUR_NS)
        tries.append(apply(after, world, max_ns=HOUR_NS))
        assert tries[-1].verdict == "failed", tries[-1]
    assert facts_of(world, name) == facts
    assert creations_of(tries[1:], service.image) == 0


def check_retry(case: Case) -> None:
    """Property 21: what has failed is tried again when somebody asks, and then may be good."""
    name, after, world = failing_service(case), stack_of(case.after), started(case)
    first = apply(after, world)
    assert first.verdict == "failed"
    clock.run_until(world, world.now_ns + HOUR_NS)
    world.rules = ()
    failed = len(facts_of(world, name))
    key = ResourceKey("service", name)
    plan = plan_of(after, world, retry={key})
    approved = {change.key: change for change in plan.changes}
    policy = Policy(approved=approved, retry=frozenset({key}))
    began_ns = world.now_ns
    again = apply(after, world, plan=plan, policy=policy)
    outcomes = [outcome for _, outcome in facts_of(world, name)[failed:]]
    rollout = after.declared.services[name].rollout
    if rollout.on_failure == "pause" and outcomes == ["candidate", "failed"]:
        # The bad instances are still there, and got a whole deadline once more.
        assert world.now_ns - began_ns >= rollout.deadline
        return
    assert again.verdict == "converged", again
    assert outcomes == ["candidate", "good"], outcomes
    assert plan_of(after, world).is_empty


# -- deletions ------------------------------------------------------------------------------


def check_deletions(case: Case) -> None:
    """Property 20: more deletions than the stack allows need a confirmation."""
    assert case.before is not None
    world = started(case)
    spec = deepcopy(dict(case.before))
    gone = dict(sorted(spec["services"].items())[: case.seed % (1 + len(spec["services"]))])
    spec["services"] = {
        name: {**service, "depends_on": {}}
        for name, service in spec["services"].items()
        if name not in gone
    }
    jobs = len(spec.pop("jobs", {}))
    spec["deletions"] = {"confirm_above": 1}
    after = stack_of(spec)
    plan = plan_of(after, world)
    count = len(gone) + jobs + len(_unused_networks(world, plan_keys=set(_networks(spec))))
    assert len(plan.deletions) == count, plan.deletions
    assert plan.needs_confirmation == (count > 1)
    applied = apply(after, world, policy=Policy(), max_ns=HOUR_NS)
    made = {call.step.key for call in applied.result.calls if _deletes(call.step)}
    lost = {k for k in made if k.kind in ("service", "job") and after.workload(k) is None}
    if count > 1:
        assert not lost, applied
        done = apply(after, world, policy=Policy(confirmed=True))
        assert done.verdict == "converged", done
    assert plan_of(after, world).is_empty


def _networks(spec: object) -> list[str]:
    declared = stack_of(spec).declared  # type: ignore[arg-type]
    used = [n for s in declared.services.values() for n in s.networks or ("default",)]
    return [*declared.networks, *used]


def _unused_networks(world: World, plan_keys: set[str]) -> list[str]:
    there = [key.name for key in world.holding("shop").objects if key.kind == "network"]
    return [name for name in there if name not in plan_keys]


def _deletes(step: object) -> bool:
    return isinstance(step, RemoveInstance | DeleteObject)


# -- plans ----------------------------------------------------------------------------------


def check_plan_is_apply(case: Case) -> None:
    """Property 24: the calls made are the calls planned."""
    world, after = started(case), stack_of(case.after)
    done = apply(after, world)
    assert done.verdict == "converged", done
    made, planned = done.made, done.planned
    odd = {key: (made[key], planned[key]) for key in made | planned if made[key] != planned[key]}
    assert not odd, f"(made, planned): {odd}\n{done}"


def check_stale_plan(case: Case) -> None:
    """Property 24: what changed since is refused before the first call that writes."""
    assert case.before is not None
    world, after = started(case), stack_of(case.after)
    pods = [
        pod
        for pod in world.containers.values()
        if pod.stack == "shop" and pod.key.kind == "service" and after.workload(pod.key)
    ]
    if not pods:
        return
    plan, pod = plan_of(after, world), pods[case.seed % len(pods)]
    if case.seed % 2:
        edit_container(world, pod, "environment.LEVEL", "another's")
    else:
        pod.phase = "exited"
        world.ports = {port: held for port, held in world.ports.items() if held != pod.id}
        world.drop_container(pod)
    version = world.version
    refused = apply(after, world, plan=plan)
    assert refused.verdict == "stale", refused
    assert not refused.result.calls, refused
    assert world.version == version
    again = apply(after, world)
    assert again.verdict == "converged", again


def check_plans_are_free(case: Case) -> None:
    """Property 25: neither a plan, nor one of the end, nor a look at how it is, writes."""
    world, after = started(case), stack_of(case.after)
    trace = Trace(world, keep=True)
    target = SimEngine(world, after.name)
    before, version = world.calls, world.version
    observed = target.observe(scope_of(after))
    made = make_plan(after, observed, {}, target.capabilities, target="simulator")
    assert made == make_plan(after, observed, {}, target.capabilities, target="simulator")
    destroy_plan(after, observed, target.capabilities, target="simulator", volumes=True)
    target.close()
    looked = apply(after, world, policy=Policy(act=False))
    assert not looked.result.calls, looked
    assert (world.calls, world.version, trace.lines) == (before, version, [])


# -- another actor --------------------------------------------------------------------------

EDITS = 120
EVERY_NS = 10 * NS_PER_S


def check_oscillation(case: Case) -> None:
    """Property 26: the longer another actor insists, the rarer our writes, and it is told of."""
    assert case.before is not None
    world, stack = started(case), stack_of(case.before)
    key = next(
        (
            ResourceKey("service", name)
            for name, service in stack.declared.services.items()
            if service.wanted
        ),
        None,
    )
    if key is None:
        return
    in_place = bool(case.seed % 2)
    field = "resources.memory_limit" if in_place else "environment.LEVEL"
    install(world, [
        Fault("edit", subject=str(key), at_ns=NS_PER_S, every_ns=EVERY_NS, count=EDITS,
              field=field, value="another's")
    ])  # fmt: skip
    span_ns = EDITS * EVERY_NS
    done = apply(stack, world, policy=Policy(follow=True), max_ns=span_ns)
    service = stack.declared.services[key.name]
    turns = sorted({
        call.at_ns // EVERY_NS for call in done.result.calls if call.step.key == key
    })  # fmt: skip
    creations = sum(isinstance(call.step, CreateInstance) for call in done.result.calls)
    most = 40
    assert len(turns) <= most, f"writes in {len(turns)} of {EDITS} turns, {most} at most"
    assert creations <= most * max(1, service.wanted), f"{creations} creations"
    told = [n for n in done.result.notices if n.key == key and "another" in n.text]
    assert told, "nobody was told"


# -- replay ---------------------------------------------------------------------------------


def digest_of(case: Case) -> str:
    """Hash of everything that happens in a case."""
    world = started(case)
    trace = Trace(world)
    install(world, case.faults)
    settle(stack_of(case.after), world)
    return trace.digest


def check_replay(case: Case) -> None:
    """Property 23, in one process."""
    assert digest_of(case) == digest_of(case)

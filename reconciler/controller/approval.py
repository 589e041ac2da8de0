"""What was agreed to: still what would be done, or what the file asks for now, or too much."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.controller.desk import Desk
from reconciler.model.change import Change
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.observed import Observed
from reconciler.model.resource import ResourceKey
from reconciler.plan.plan import COUNTED, Plan
from reconciler.plan.planner import Planner, is_kept_volume
from reconciler.plan.saved import stale


def stale_findings(desk: Desk, observed: Observed) -> list[Diagnostic]:
    """Why what was approved is not what would be done; nothing where it still is."""
    policy, stack, fresh = desk.policy, desk.stack, _plan(desk, observed)
    if policy.only is not None:
        about = tuple(c for c in fresh.changes if c.key in policy.only)
        fresh = replace(fresh, changes=about)
    assert policy.approved is not None
    approved = tuple(policy.approved.values())
    shown = Plan(stack.name, "", desired_digest=stack.digest, changes=approved)
    return stale(shown, fresh)


def changes_now(desk: Desk, observed: Observed) -> Mapping[ResourceKey, Change]:
    """What differs now, since the desired state has just been read, and needs no confirmation."""
    plan = _plan(desk, observed)
    refused = plan.deletions if plan.needs_confirmation and not desk.policy.confirmed else ()
    return {change.key: change for change in plan.changes if change not in refused}


def may_delete(desk: Desk) -> bool:
    """Whether as much may go unasked as is there and no longer declared."""
    stack, view, policy = desk.stack, desk.view, desk.policy
    gone = view.keys() - desk.graph.needs.keys()
    kept = {key for key in gone if is_kept_volume(key, stack, view, policy.volumes)}
    counted = [key for key in gone - kept if key.kind in COUNTED]
    return policy.confirmed or len(counted) <= stack.declared.deletions.confirm_above


def _plan(desk: Desk, observed: Observed) -> Plan:
    return Planner(
        desk.stack, observed, desk.predicted, desk.capabilities, target="",
        retry=desk.policy.retry, volumes=desk.policy.volumes,
    ).plan()  # fmt: skip

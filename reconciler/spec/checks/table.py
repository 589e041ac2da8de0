"""All checks, and the rules about waivers of them."""

from reconciler.spec.checks import (
    budgets,
    exposure,
    measures,
    memory,
    names,
    nodes,
    ports,
    probes,
    rollouts,
    stopping,
    traffic,
    waiting,
)
from reconciler.spec.checks.base import Check, Rule

CHECKS: tuple[Check, ...] = (
    *stopping.CHECKS,
    *probes.CHECKS,
    *waiting.CHECKS,
    *traffic.CHECKS,
    *rollouts.CHECKS,
    *budgets.CHECKS,
    *nodes.CHECKS,
    *memory.CHECKS,
    *ports.CHECKS,
    *names.CHECKS,
    *exposure.CHECKS,
    *measures.CHECKS,
)

NO_REASON = Rule(
    code="R297",
    title="A waiver gives no reason.",
    severity="error",
    why="A waiver is for whoever reads the file next; without a reason it waives nothing.",
    fix="say in `allow` why the check may fire",
)
UNKNOWN_CODE = Rule(
    code="R298",
    title="A waiver names no check.",
    severity="warning",
    why="There is no such code, so nothing is waived.",
    fix="name the code that the finding shows",
)
UNUSED_WAIVER = Rule(
    code="R299",
    title="A waiver is no longer needed.",
    severity="warning",
    why="The check does not fire. Left in place, the waiver would hide the next mistake.",
    fix="take the waiver out; where the check fires in one environment only, put it there",
)
WAIVER_RULES = (NO_REASON, UNKNOWN_CODE, UNUSED_WAIVER)

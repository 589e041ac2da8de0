"""What an apply or a destroy came to, and what happens next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.model.change import Action
from reconciler.model.status import ResourceStatus, Verdict
from reconciler.plan.plan import Plan
from reconciler.views.documents import Document, document
from reconciler.views.lines import Line, Part, indented, line
from reconciler.views.plan import STYLE, plan_document
from reconciler.views.status import hint_lines, resource_document, why_lines
from reconciler.views.values import duration

_DONE = {
    Action.CREATE: "created", Action.UPDATE: "updated",
    Action.REPLACE: "replaced", Action.DELETE: "deleted",
}  # fmt: skip
_GOES_ON = "Nothing is lost: the next apply goes on from here."


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run. `statuses` are of everything that was looked at; times in ns."""

    plan: Plan
    verdict: Verdict
    statuses: tuple[ResourceStatus, ...] = ()
    took_ns: int = 0
    now_ns: int = 0

    @property
    def unfinished(self) -> tuple[ResourceStatus, ...]:
        """What is neither as wanted nor told as a failure."""
        failed = {status.key for status in self.verdict.failures}
        return tuple(s for s in self.statuses if s.phase != "ready" and s.key not in failed)


def outcome_lines(outcome: Outcome) -> list[Line]:
    """The result first, then what failed and why, then what to do."""
    verdict = outcome.verdict
    if verdict.kind == "converged":
        return [_converged(outcome)]
    made: list[Line] = []
    for status in verdict.failures:
        made += list(why_lines(status, outcome.now_ns))
    if outcome.unfinished:
        made += [line(), *_unfinished(outcome.unfinished)]
    made += [line(), _headline(outcome)]
    if verdict.message and verdict.kind != "interrupted":
        made.append(line(verdict.message))
    held = [status.key.name for status in verdict.failures if status.phase == "held"]
    if held:
        retry = " ".join(f"--retry {name}" for name in held)
        made.append(line("What is held waits for a change, or for ", (f"apply {retry}", "bold")))
    made.append(line(_GOES_ON))
    return made


def outcome_document(outcome: Outcome, name: str) -> Document:
    """The end of a run for machines; `name` is ``apply`` or ``destroy``."""
    verdict = outcome.verdict
    return document(
        name,
        stack=outcome.plan.stack,
        target=outcome.plan.target,
        verdict=verdict.kind,
        message=verdict.message,
        took_s=round(outcome.took_ns / 1e9, 3),
        summary=plan_document(outcome.plan)["summary"],
        changes=plan_document(outcome.plan)["changes"],
        failures=[resource_document(s, outcome.now_ns) for s in verdict.failures],
        resources=[resource_document(s, outcome.now_ns) for s in outcome.statuses],
    )


def _converged(outcome: Outcome) -> Line:
    plan = outcome.plan
    parts: list[Part] = [(f"Done in {duration(outcome.took_ns)}", "good"), ": "]
    for action in Action:
        if count := plan.count(action):
            parts += [(f"{count} {_DONE[action]}", STYLE[action]), ", "]
    return (*parts[:-1], ".")


def _headline(outcome: Outcome) -> Line:
    took = duration(outcome.took_ns)
    failures = outcome.verdict.failures
    match outcome.verdict.kind:
        case "failed":
            what = _names(failures) or "it did not converge"
            return line((f"Failed after {took}", "bad"), f": {what}")
        case "stale":
            return line((f"Stopped after {took}", "bad"), ": what runs is no longer as planned")
        case "interrupted":
            why = outcome.verdict.message or "stopped before it was done"
            ended = f": {why}; what was under way has ended"
            return line((f"Interrupted after {took}", "warn"), ended)
    return line((f"Not done after {took}", "warn"))


def _unfinished(statuses: Sequence[ResourceStatus]) -> Iterator[Line]:
    yield line(("Not done:", "bold"))
    for status in statuses:
        reason = f": {status.message}" if status.message else ""
        yield line("  ", (str(status.key), "bold"), f" is {status.phase}{reason}")
        yield from indented(hint_lines(status), 2)


def _names(statuses: Sequence[ResourceStatus]) -> str:
    return ", ".join(str(status.key) for status in statuses)

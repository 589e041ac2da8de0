"""A plan for people: what changes, in which order, why, and who asks for it."""

from collections.abc import Iterator

from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.diagnostic import Position
from reconciler.model.units import format_duration
from reconciler.plan.plan import Plan
from reconciler.plan.saved import dump
from reconciler.views.documents import Document
from reconciler.views.lines import Line, Part, Style, indented, line
from reconciler.views.values import shown

STYLE: dict[Action, Style] = {
    Action.CREATE: "add", Action.UPDATE: "change",
    Action.REPLACE: "replace", Action.DELETE: "delete",
}  # fmt: skip
WORD = {
    Action.CREATE: "create", Action.UPDATE: "update",
    Action.REPLACE: "replace", Action.DELETE: "delete",
}  # fmt: skip
UNKNOWN = "(known after apply)"
_PLUS: Part = ("+ ", "add")

# An old and a new value longer than this together are set one below the other.
_ONE_LINE_MOST = 72


def plan_lines(plan: Plan, *, calls: bool = False, removing: bool = False) -> list[Line]:
    """The whole plan; with `calls`, also how many calls of each kind a change takes.

    `removing` where nothing at all is wanted.
    """
    made = [_title(plan), line()]
    wave = -1
    for change in plan.changes:
        if change.wave != wave:
            wave = change.wave
            made.append(line((f"wave {wave}", "dim")))
        made += indented(_change(change))
        if calls:
            made += indented(_calls(change))
    if plan.changes:
        made.append(line())
    made += _aside(plan)
    if removing and plan.changes:
        made += _bounds(plan)
    made.append(footer(plan, removing=removing))
    return made


def footer(plan: Plan, *, removing: bool = False) -> Line:
    """``Plan: 3 to create, 1 to update, 0 to replace, 0 to delete``."""
    if plan.is_empty and not plan.held:
        said = f"Nothing of {plan.stack} to remove." if removing else (
            f"No changes. {plan.stack} is as wanted."
        )  # fmt: skip
        return line((said, "good"))
    parts: list[Part] = [("Plan: ", "bold")]
    for action in Action:
        count = plan.count(action)
        text = f"{count} to {WORD[action]}"
        parts += [(text, STYLE[action]) if count else text, ", "]
    return tuple(parts[:-1])


def plan_document(plan: Plan) -> Document:
    """The plan for machines: what `plan --out` saves, with the counts beside it."""
    return {
        **dump(plan),
        "summary": {WORD[action]: plan.count(action) for action in Action},
        "needs_confirmation": plan.needs_confirmation,
    }


def at(position: Position | None) -> str:
    """``file:line``, as editors and terminals open it."""
    return "" if position is None else f"{position.file}:{position.line}"


def _title(plan: Plan) -> Line:
    where = f" on {plan.target}"
    chosen = f", environment {plan.environment}" if plan.environment else ""
    return line((plan.stack, "bold"), where + chosen)


def _change(change: Change) -> Iterator[Line]:
    style = STYLE[change.action]
    place = at(change.position)
    yield line(
        (f"{change.action.value:>3} ", style),
        (str(change.key), "bold"),
        f"  {change.reason}" if change.reason else "",
        (f"  {place}" if place else "", "dim"),
    )
    for field in change.fields:
        if _is_new(field, change):
            yield ("      ", *_new(field, change))
        else:
            yield from indented(_field(field, change), 6)
    if change.calls.get("pull"):
        yield line("      image id: ", (UNKNOWN, "dim"))
    if change.deletes and change.action is not Action.DELETE:
        going = ", ".join(identifier[:12] for identifier in change.deletes)
        yield line("      ", ("removes: ", "delete"), going)
    for note in change.notes:
        yield line("      ", ("note: ", "warn"), note)


def _is_new(field: FieldChange, change: Change) -> bool:
    """Whether it comes from nothing; what is not there yet has no replicas, and not 0."""
    return field.old is None or (change.action is Action.CREATE and field.path == "replicas")


def _new(field: FieldChange, change: Change) -> Line:
    return (_PLUS, f"{field.path}: ", shown(field.path, field.new), *_tail(field, change))


def _tail(field: FieldChange, change: Change) -> list[Part]:
    tail: list[Part] = []
    if field.replaces and change.action is Action.REPLACE:
        tail.append(("  (forces replacement)", "replace"))
    # The change's own line has said this place already.
    if field.position is not None and field.position != change.position:
        tail.append((f"  {at(field.position)}", "dim"))
    return tail


def _field(field: FieldChange, change: Change) -> list[Line]:
    """A field that was there before, on one line or on three."""
    tail, name = _tail(field, change), f"{field.path}: "
    if field.new is None:
        return [line(("- ", "delete"), name, shown(field.path, field.old), *tail)]
    old, new = shown(field.path, field.old), shown(field.path, field.new)
    if len(old) + len(new) <= _ONE_LINE_MOST:
        return [line(("~ ", "change"), name, old, (" → ", "dim"), new, *tail)]
    return [
        line(("~ ", "change"), name.rstrip(), *tail),
        line("    ", ("- ", "delete"), old),
        line("    ", ("+ ", "add"), new),
    ]


def _calls(change: Change) -> list[Line]:
    text = ", ".join(f"{kind} {count}" for kind, count in sorted(change.calls.items()))
    return [line("      ", ("calls: " + text, "dim"))] if text else []


def _bounds(plan: Plan) -> Iterator[Line]:
    """How long what goes is given, where the stack bounds it."""
    bounds, said = plan.shutdown, []
    waves = {c.wave for c in plan.changes if c.key.kind in ("service", "job")}
    if bounds.drain:
        said.append(f"drains for at most {format_duration(bounds.drain)}")
    if bounds.stop:
        many = f"{len(waves)} waves" if len(waves) != 1 else "one wave"
        said.append(f"ends in {many} of at most {format_duration(bounds.stop)}")
    if bounds.flush:
        said.append(f"keeps what has ended for {format_duration(bounds.flush)}")
    if bounds.total is not None:
        said.append(f"kills what is left after {format_duration(bounds.total)}")
    if said:
        yield line(("Shutdown", "bold"), ": ", "; ".join(said))
        yield line()


def _aside(plan: Plan) -> Iterator[Line]:
    """What is deliberately not done."""
    if plan.held:
        yield line(("Held", "warn"), ": this revision has failed before and is not tried again")
        for key, reason in sorted(plan.held.items()):
            yield line("    ", (str(key), "bold"), f"  {reason}")
        retry = " ".join(f"--retry {key.name}" for key in sorted(plan.held))
        yield line("    change it, or try it once more with ", (f"apply {retry}", "bold"))
        yield line()
    if plan.kept:
        yield line(("Kept", "warn"), ": ours, no longer declared, and left as it is")
        for key in plan.kept:
            yield line("    ", (str(key), "bold"))
        if any(key.kind == "volume" for key in plan.kept):
            yield line("    volumes go with ", ("destroy --volumes", "bold"))
        yield line()

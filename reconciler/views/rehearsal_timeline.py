"""One run as a picture in text: instances over time, the ready count, what was dropped."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap

from reconciler.model.rehearsal import Moment, Run, ServiceRun, Span
from reconciler.views.lines import Line, Part, Style, cut, line, text_of
from reconciler.views.rehearsal_facts import when
from reconciler.views.rehearsal_runs import numbers, ready_steps, rows_of, window

# A state's glyph and style. Glyphs differ by form: colour is never all there is.
STATES: dict[str, tuple[str, Style]] = {
    "waiting": ("·", "dim"), "starting": ("-", "change"), "ready": ("━", "good"),
    "unready": ("!", "bad"), "draining": ("~", "warn"), "down": ("x", "dim"),
}  # fmt: skip
# Where several share a column, the first of these is shown: what is short must not vanish.
_FIRST = ("unready", "draining", "starting", "waiting", "down", "ready")
_HEIGHTS = "▁▂▃▄▅▆▇█"
_LABEL_MOST = 34
_COLUMNS_LEAST = 20
MOST_INSTANCES = 24  # of one service
MOST_MOMENTS = 16


@dataclass(frozen=True, slots=True)
class Axis:
    """`columns` equal parts of the time from `from_ns` to `to_ns`."""

    from_ns: int
    to_ns: int
    columns: int

    def column(self, at_ns: int) -> int:
        """The column of a time; those outside go to the ends."""
        width = max(self.to_ns - self.from_ns, 1)
        return min(max((at_ns - self.from_ns) * self.columns // width, 0), self.columns - 1)

    def start(self, column: int) -> int:
        """When a column begins."""
        return self.from_ns + (self.to_ns - self.from_ns) * column // self.columns

    def sums(self, found: Sequence[tuple[int, int]]) -> list[int]:
        """Counts at times, added up by column; none from outside."""
        made = [0] * self.columns
        for at_ns, count in found:
            if self.from_ns <= at_ns <= self.to_ns:
                made[self.column(at_ns)] += count
        return made


def timeline_lines(run: Run, *, width: int = 100) -> list[Line]:
    """The run from shortly before its first event to shortly after its last, `width` cells."""
    names = {span.instance for span in run.spans}
    widest = min(max((len(name) for name in names), default=0), _LABEL_MOST)
    label = max(widest, len("sessions cut")) + 2
    from_ns, to_ns = window(run)
    axis = Axis(from_ns, to_ns, max(width - label - 2, _COLUMNS_LEAST))
    told, more = _told(run)
    made = [_ends(axis, label)]
    if told:
        made.append(_row("", label, [(_mark(told, axis, c), "bold") for c in range(axis.columns)]))
    for service in run.services:
        made += _service(run, service, axis, label)
    made += _legend(run)
    for number, moment in enumerate(told):
        made += _moment(_letter(number), moment, width)
    if more:
        made.append(line("  ", (f"and {more} more faults", "dim")))
    return made


def _moment(letter: str, moment: Moment, width: int) -> Iterator[Line]:
    at = when(moment.at_ns)
    pieces = wrap(f"{moment.kind}: {moment.text}", max(width - len(at) - 7, _COLUMNS_LEAST))
    yield line("  ", (letter, "bold"), f"  {at}  {pieces[0]}")
    yield from (line(" " * (len(at) + 7), piece) for piece in pieces[1:])


def _told(run: Run) -> tuple[list[Moment], int]:
    """Changes and verdicts, and as many faults as there is room for; how many there is none for."""
    firm = [m for m in run.moments if m.kind in ("change", "verdict")][:MOST_MOMENTS]
    faults = [m for m in run.moments if m.kind == "fault"]
    shown = faults[: MOST_MOMENTS - len(firm)]
    told = sorted([*firm, *shown], key=lambda moment: moment.at_ns)
    return told, len(faults) - len(shown)


def _ends(axis: Axis, label: int) -> Line:
    first, last = when(axis.from_ns), when(axis.to_ns)
    middle = when((axis.from_ns + axis.to_ns) // 2)
    text = f"{first}{middle:^{max(axis.columns - len(first) - len(last), 0)}}{last}"
    return line(" " * (label + 2), (text, "dim"))


def _letter(number: int) -> str:
    return chr(ord("a") + number)


def _mark(told: Sequence[Moment], axis: Axis, column: int) -> str:
    """The letter of the first moment in a column."""
    at = (_letter(n) for n, m in enumerate(told) if axis.column(m.at_ns) == column)
    return next(at, " ")


def _row(label: str, width: int, cells: Sequence[tuple[str, Style]]) -> Line:
    """Cells of one style together, so that colours cost little."""
    parts: list[Part] = []
    for text, style in cells:
        last = parts[-1] if parts else None
        if isinstance(last, tuple) and last[1] == style:
            parts[-1] = (last[0] + text, style)
        else:
            parts.append((text, style))
    name = text_of(cut(label, _LABEL_MOST))
    return line("  ", f"{name:<{width}}", *parts)


def _service(run: Run, service: ServiceRun, axis: Axis, label: int) -> Iterator[Line]:
    spans = [span for span in run.spans if span.service == service.service]
    if not spans and not service.arrivals:
        return
    if _is_still(service, spans, axis):
        text = f"  {service.wanted} wanted, {len(spans)} ready throughout"
        yield line((service.service, "bold"), (text, "dim"))
        return
    room = max(label + axis.columns - len(service.service), _COLUMNS_LEAST)
    first, *more = wrap(numbers(service), room)
    yield line((service.service, "bold"), (f"  {first}", "dim"))
    yield from (line("  ", (text, "dim")) for text in more)
    rows = rows_of(run, service.service)
    shown = _worth_showing(run, rows)
    for name in shown:
        yield _row(name, label, _states(rows[name], axis))
    if len(rows) > len(shown):
        yield line("  ", (f"and {len(rows) - len(shown)} more instances", "dim"))
    yield from _counts(run, service, axis, label)


def _is_still(service: ServiceRun, spans: Sequence[Span], axis: Axis) -> bool:
    """Whether nothing at all happens to a service."""
    return not service.dropped_total and not service.sessions_cut and all(
        span.state == "ready" and span.from_ns <= axis.from_ns and span.to_ns >= axis.to_ns
        for span in spans
    )  # fmt: skip


def _worth_showing(run: Run, rows: dict[str, list[Span]]) -> list[str]:
    """All of them, or those that something was lost at and the first of those that change."""
    if len(rows) <= MOST_INSTANCES:
        return list(rows)
    blamed = {name for cause in run.causes for name in cause.instances}
    order = sorted(rows, key=lambda name: (name not in blamed, len(rows[name]) == 1))
    picked = set(order[:MOST_INSTANCES])
    return [name for name in rows if name in picked]


def _states(spans: Sequence[Span], axis: Axis) -> list[tuple[str, Style]]:
    cells: list[tuple[str, Style]] = [(" ", "dim")] * axis.columns
    best = [len(_FIRST)] * axis.columns
    for span in spans:
        if span.to_ns < axis.from_ns or span.from_ns > axis.to_ns:
            continue
        rank = _FIRST.index(span.state)
        for column in range(axis.column(span.from_ns), axis.column(max(span.to_ns - 1, 0)) + 1):
            if rank < best[column]:
                best[column], cells[column] = rank, STATES[span.state]
    return cells


def _counts(run: Run, service: ServiceRun, axis: Axis, label: int) -> Iterator[Line]:
    least = _least_ready(run, service, axis)
    most = max(max(least), service.wanted, 1)
    height: Callable[[int], str] = str if most <= 9 else lambda n: _height(n, most)
    below = _below(run, service, axis)
    cells: list[tuple[str, Style]] = [
        (height(n), "bad" if c in below else "good") for c, n in enumerate(least)
    ]
    yield _row("ready", label, cells)
    if below:
        marks = ["^" if column in below else " " for column in range(axis.columns)]
        yield _row("below floor", label, [(mark, "bad") for mark in marks])
    slices = service.slices
    lost = axis.sums([(each.at_ns, each.dropped) for each in slices])
    cuts = axis.sums([(each.at_ns, each.sessions_cut) for each in slices])
    for name, found in (("dropped", lost), ("sessions cut", cuts)):
        if any(found):
            yield _row(name, label, [(_height(n, max(found)), "bad") for n in found])


def _below(run: Run, service: ServiceRun, axis: Axis) -> set[int]:
    """The columns in which fewer are ready than the floor that is in force then."""
    ready, floors = dict(ready_steps(run, service)), dict(service.floor_steps)
    found: set[int] = set()
    count = floor = 0
    times = [*sorted({*ready, *floors}), run.lasted_ns]
    for from_ns, to_ns in pairwise(times):
        count, floor = ready.get(from_ns, count), floors.get(from_ns, floor)
        if count < floor and to_ns > axis.from_ns and from_ns < axis.to_ns:
            found.update(range(axis.column(from_ns), axis.column(max(to_ns - 1, from_ns)) + 1))
    return found


def _least_ready(run: Run, service: ServiceRun, axis: Axis) -> list[int]:
    """The least ready count within each column: of what holds at its start or begins in it."""
    steps, made, place = ready_steps(run, service), [], 0
    for column in range(axis.columns):
        from_ns, to_ns = axis.start(column), axis.start(column + 1)
        while place + 1 < len(steps) and steps[place + 1][0] <= from_ns:
            place += 1
        within = (n for at_ns, n in steps[place + 1 :] if from_ns < at_ns < to_ns)
        made.append(min([*(n for _, n in steps[place : place + 1]), *within], default=0))
    return made


def _height(value: int, most: int) -> str:
    """An eighth of the line's height for each eighth of `most`; nothing for nothing."""
    return " " if value <= 0 else _HEIGHTS[min((value * 8 - 1) // most, 7)]


def _legend(run: Run) -> Iterator[Line]:
    there = {span.state for span in run.spans}
    parts: list[Part] = ["  "]
    for state, (glyph, style) in STATES.items():
        if state in there:
            parts += [(glyph, style), (f" {state}   ", "dim")]
    if there:
        yield tuple(parts)

"""Capacity for people and for machines."""

from collections.abc import Iterator

from reconciler.model.capacity import Capacity, Fit, Stage, Use
from reconciler.model.units import format_cpu
from reconciler.views.documents import Document, document
from reconciler.views.lines import Line, Part, line
from reconciler.views.values import counted

_UNITS = (
    ("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10),
    ("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3),
)  # fmt: skip

_PLAIN_DIGITS = 4


def size(size_bytes: int) -> str:
    """The plainest exact text, decimal (``14G``) or binary (``14Gi``), or one rounded down.

    A share of something is seldom exact: ``6.3Gi``.
    """
    if not size_bytes:
        return "0"
    exact = [(size_bytes // unit, name) for name, unit in _UNITS if size_bytes % unit == 0]
    plain = [f"{n}{name}" for n, name in exact if n < 10**_PLAIN_DIGITS]
    if plain:
        return min(plain, key=len)
    roundest = [(len(str(n).rstrip("0")), n, name) for n, name in exact if name not in ("Ki", "k")]
    is_binary = min(roundest, default=(0, 0, "Ki"))[2].endswith("i")
    for name, unit in _UNITS:
        if name.endswith("i") is is_binary and size_bytes >= unit:
            return f"{size_bytes * 10 // unit / 10:g}{name}"
    return str(size_bytes)


def capacity_lines(report: Capacity) -> list[Line]:
    """The nodes, each service, and each stage with what finds no room."""
    made = list(_rooms(report))
    made += [line(("services", "dim"))]
    made += [_service(fit, bool(report.rooms)) for fit in report.fits]
    made += [line(("all together", "dim"))]
    for stage in report.stages:
        made += list(_stage(report, stage))
    for name in report.unbounded:
        made.append(line(("warning", "warn"), f": budget {name} has a factor without a value"))
    return made


def _rooms(report: Capacity) -> Iterator[Line]:
    if not report.rooms:
        yield line(("no nodes are declared: only budgets are counted", "warn"))
        return
    yield line(("nodes, less what is kept back", "dim"))
    for room in report.rooms:
        cpu = format_cpu(room.cpu_m) if room.cpu_m is not None else "any"
        memory = size(room.memory_bytes) if room.memory_bytes is not None else "any"
        each = " each" if room.count != 1 else ""
        many = f" × {room.count}" if room.count != 1 else ""
        yield line("  ", (room.node, "bold"), f"{many}  {cpu} CPU, {memory} memory{each}")


def _service(fit: Fit, nodes: bool) -> Line:
    parts: list[Part] = ["  ", (f"service/{fit.service}", "bold"), f"  {_instances(fit)}"]
    if nodes:
        parts.append(f"; {_asks(fit)}")
    if fit.beside is None:
        return (*parts, "; nothing bounds it")
    parts.append(f"; {fit.beside} fit")
    if fit.alone is not None and fit.alone != fit.beside:
        parts.append(f" ({fit.alone} alone)")
    if fit.binds:
        parts.append(f", {fit.binds} binds{' at max_utilisation' if fit.held_back else ''}")
    if fit.beside < fit.wanted:
        parts.append(("; too few", "bad"))
    elif not fit.rolls:
        parts.append(("; no room for its surge", "warn"))
    return tuple(parts)


def _instances(fit: Fit) -> str:
    text = f"{fit.wanted} wanted"
    if fit.surge:
        text += f" + {fit.surge} surge"
    return text + (f", at most {fit.most}" if fit.most != fit.wanted else "")


def _asks(fit: Fit) -> str:
    said = [f"{format_cpu(fit.cpu_m)} CPU"] if fit.cpu_m else []
    said += [size(fit.memory_bytes)] if fit.memory_bytes else []
    return f"{' and '.join(said)} each" if said else "requests nothing"


def _stage(report: Capacity, stage: Stage) -> Iterator[Line]:
    mark: Part = ("fits", "good") if stage.fits else ("does not fit", "bad")
    if not report.rooms and not stage.budgets:
        mark = ("no bound", "dim")
    yield line(
        "  ",
        mark,
        f"  {stage.name}: {counted(stage.instances, 'instance')}, {_sums(report, stage)}",
    )
    for name, count in stage.missing.items():
        why = stage.why.get(name, "")
        without = f"service/{name}: {counted(count, 'instance')} without a place"
        yield line("    ", without, (f"; {why}" if why else "", "dim"))
    for use in stage.budgets:
        yield line("    ", f"budget {use.budget}: {use.total:g} of {use.limit:g}", *_more(use))


def _more(use: Use) -> Iterator[Part]:
    if use.drained > use.total:
        over = use.total <= use.limit < use.drained
        yield f"; {use.drained:g} with what still drains", "warn" if over else "dim"
    if use.total > use.limit:
        yield "  exceeded", "bad"


def _sums(report: Capacity, stage: Stage) -> str:
    """What all of them request, of what all nodes have where that is bounded."""
    cpu, memory = f"{stage.cpu_m / 1000:g}", size(stage.memory_bytes)
    has_cpu = [(room.count, room.cpu_m) for room in report.rooms]
    has_memory = [(room.count, room.memory_bytes) for room in report.rooms]
    all_cpu, all_memory = _sum(has_cpu), _sum(has_memory)
    cpu += f" of {all_cpu / 1000:g}" if all_cpu is not None else ""
    memory += f" of {size(all_memory)}" if all_memory is not None else ""
    return f"{cpu} CPU, {memory} memory"


def _sum(amounts: list[tuple[int, int | None]]) -> int | None:
    """The whole of so many nodes alike; None where one of them has no bound."""
    found = [count * each for count, each in amounts if each is not None]
    return sum(found) if found and len(found) == len(amounts) else None


def capacity_document(report: Capacity) -> Document:
    """Capacity for machines: CPU in millicores, memory in bytes, null for no bound."""
    return document(
        "capacity",
        stack=report.stack,
        fits=report.ok,
        nodes=[
            {
                "name": room.node,
                "count": room.count,
                "cpu_m": room.cpu_m,
                "memory_bytes": room.memory_bytes,
            }
            for room in report.rooms
        ],
        services=[_fit_document(fit) for fit in report.fits],
        stages=[_stage_document(stage) for stage in report.stages],
        unbounded=list(report.unbounded),
    )


def _fit_document(fit: Fit) -> Document:
    return {
        "service": fit.service, "wanted": fit.wanted, "surge": fit.surge, "most": fit.most,
        "cpu_m": fit.cpu_m, "memory_bytes": fit.memory_bytes,
        "fit_alone": fit.alone, "fit": fit.beside,
        "binds": fit.binds or None, "max_utilisation_binds": fit.held_back,
        "surge_fits": fit.rolls,
    }  # fmt: skip


def _stage_document(stage: Stage) -> Document:
    return {
        "name": stage.name, "fits": stage.fits, "instances": stage.instances,
        "cpu_m": stage.cpu_m, "memory_bytes": stage.memory_bytes,
        "missing": dict(stage.missing), "why": dict(stage.why),
        "budgets": [
            {
                "name": use.budget, "total": use.total, "with_draining": use.drained,
                "limit": use.limit, "exceeded": use.total > use.limit,
            }
            for use in stage.budgets
        ],
    }  # fmt: skip

"""Capacity for people and for machines."""

from collections.abc import Iterator

from reconciler.model.capacity import Capacity, Fit, Stage
from reconciler.model.units import format_cpu
from reconciler.views.documents import Document, document
from reconciler.views.lines import Line, Part, line
from reconciler.views.values import counted

_UNITS = (
    ("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10),
    ("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3),
)  # fmt: skip


def size(size_bytes: int) -> str:
    """The shortest exact text, decimal (``14G``) or binary (``14Gi``)."""
    texts = [f"{size_bytes // unit}{name}" for name, unit in _UNITS if size_bytes % unit == 0]
    return min(texts, key=len) if size_bytes and texts else str(size_bytes)


def capacity_lines(report: Capacity) -> list[Line]:
    """The nodes, each service, and each stage with what finds no room."""
    made = list(_rooms(report))
    made += [line(("services", "dim"))]
    made += [_service(fit, bool(report.rooms)) for fit in report.fits]
    made += [line(("all together", "dim"))]
    for stage in report.stages:
        made += list(_stage(stage))
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
        yield line("  ", (room.node, "bold"), f"  {cpu} CPU, {memory} memory")


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


def _stage(stage: Stage) -> Iterator[Line]:
    mark: Part = ("fits", "good") if stage.fits else ("does not fit", "bad")
    asks = f"{format_cpu(stage.cpu_m)} CPU, {size(stage.memory_bytes)} memory"
    yield line("  ", mark, f"  {stage.name}: {counted(stage.instances, 'instance')}, {asks}")
    for name, count in stage.missing.items():
        yield line("    ", f"service/{name}: {counted(count, 'instance')} without a place")
    if stage.why:
        yield line("    ", (stage.why, "dim"))
    for name, total, limit in stage.budgets:
        over: Part = ("  exceeded", "bad") if total > limit else ""
        yield line("    ", f"budget {name}: {total:g} of {limit:g}", over)


def capacity_document(report: Capacity) -> Document:
    """Capacity for machines: CPU in millicores, memory in bytes, null for no bound."""
    return document(
        "capacity",
        stack=report.stack,
        fits=report.ok,
        nodes=[
            {"name": room.node, "cpu_m": room.cpu_m, "memory_bytes": room.memory_bytes}
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
        "missing": dict(stage.missing), "why": stage.why or None,
        "budgets": [
            {"name": name, "total": total, "limit": limit, "exceeded": total > limit}
            for name, total, limit in stage.budgets
        ],
    }  # fmt: skip

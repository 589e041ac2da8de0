"""What `simulate` and `rehearse` share: seeds, progress, and a report in the form asked for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exits
from reconciler.cli.settings import Settings
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError

if TYPE_CHECKING:
    from reconciler.model.rehearsal import Report
    from reconciler.rehearsal.run import Task
    from reconciler.spec.scenarios import LoadedScenario

_FILE = click.Path(path_type=Path, dir_okay=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which seeds, on how many cores, and which files to write."""

    first_seed: int | None = None
    seeds: int | None = None
    cores: int = 0
    html: Path | None = None
    markdown: Path | None = None
    trace: Path | None = None

    def seeds_of(self, count: int) -> range:
        """The seeds to run, where a scenario asks for `count` of them."""
        if self.first_seed is not None:
            return range(self.first_seed, self.first_seed + (self.seeds or 1))
        return range(self.seeds or count)


def wanted_of(given: dict[str, Any]) -> Wanted:
    """What the options below say, taken out of what a command was given."""
    return Wanted(**{name: given.pop(name) for name in Wanted.__dataclass_fields__})


REPORT = (
    click.option(
        "--seed",
        "first_seed",
        type=click.IntRange(0),
        help="Run this seed, or from it --seeds many.",
    ),
    click.option("--seeds", type=click.IntRange(1, 100_000), help="How many seeds to run."),
    click.option(
        "--cores", type=click.IntRange(0, 256), default=0, help="Cores to use; 0 for all."
    ),
    click.option("--html", type=_FILE, metavar="FILE", help="Write the report as one HTML page."),
    click.option("--markdown", type=_FILE, metavar="FILE", help="Write it as Markdown."),
    click.option(
        "--trace", type=_FILE, metavar="FILE", help="Write every event of the worst seed's run."
    ),
)


def load_scenario(settings: Settings, path: str) -> "LoadedScenario":
    """Read a scenario and its states; warnings are told, mistakes raised together."""
    from reconciler.spec import scenarios

    console = settings.console
    loaded = scenarios.load_scenario(path, env=console.env, variables=settings.variables)
    console.warn(loaded.warnings)
    return loaded


def judged(
    settings: Settings, task: "Task", seeds: Sequence[int], wanted: Wanted, *,
    title: str, replay: str,
) -> int:  # fmt: skip
    """Run the task by all seeds, show the report, and say by the exit code whether it holds."""
    from reconciler.views.rehearsal import rehearsal_lines
    from reconciler.views.rehearsal_document import rehearsal_document

    report = rehearsed(settings, task, seeds, wanted, title=title, replay=replay)
    console = settings.console
    console.result(
        lambda: rehearsal_lines(report, width=console.width), lambda: rehearsal_document(report)
    )
    write(settings, report, wanted)
    return exits.OK if report.holds else exits.MISSED


def rehearsed(
    settings: Settings, task: "Task", seeds: Sequence[int], wanted: Wanted, *,
    title: str, replay: str,
) -> "Report":  # fmt: skip
    """The report on a task over all seeds, and the trace of its worst one where it is wanted."""
    from reconciler.rehearsal.many import run_seeds
    from reconciler.rehearsal.report import report_of
    from reconciler.rehearsal.run import run_seed
    from reconciler.rehearsal.shrink import with_faults

    with _bar(settings, len(seeds)) as advance:
        runs = run_seeds(task, seeds, cores=wanted.cores, on_run=lambda run: advance())
    report = with_faults(task, report_of(task, runs, title=title, replay=replay))
    if wanted.trace is not None:
        _, lines = run_seed(task, report.worst_seed, keep=True)
        _save(wanted.trace, "\n".join(lines) + "\n")
    return report


def write(settings: Settings, report: "Report", wanted: Wanted) -> None:
    """The files that were asked for."""
    if wanted.html is not None:
        from reconciler.views.rehearsal_html import rehearsal_html

        _save(wanted.html, rehearsal_html(report))
    if wanted.markdown is not None:
        from reconciler.views.rehearsal_markdown import rehearsal_markdown

        _save(wanted.markdown, rehearsal_markdown(report))


def write_compared(before: "Report", after: "Report", wanted: Wanted) -> None:
    """The files that were asked for, of two reports side by side."""
    if wanted.html is not None:
        from reconciler.views.rehearsal_html import comparison_html

        _save(wanted.html, comparison_html(before, after))
    if wanted.markdown is not None:
        from reconciler.views.rehearsal_markdown import comparison_markdown

        _save(wanted.markdown, comparison_markdown(before, after))


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        found = Diagnostic(
            "R713", f"{path} cannot be written: {error.strerror}", hint="choose another file"
        )
        raise DiagnosticsError([found]) from error


@contextmanager
def _bar(settings: Settings, count: int) -> Iterator[Callable[[], None]]:
    """A progress bar over the seeds, on a terminal only."""
    console = settings.console
    if console.verbosity < 0 or not console.can_redraw or count < 2:
        yield lambda: None
        return
    from rich.console import Console as Rich
    from rich.progress import Progress

    with Progress(console=Rich(file=console.err), transient=True) as progress:
        bar = progress.add_task("seeds", total=count)
        yield lambda: progress.advance(bar)

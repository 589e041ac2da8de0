"""What `simulate` and `rehearse` share: seeds, progress, and a report in the form asked for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exits
from reconciler.cli.reports import DASH, refuse_unwritable, save, show_or_save
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.model.rehearsal import Report
    from reconciler.rehearsal.run import Task
    from reconciler.spec.scenarios import LoadedScenario

_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which seeds, on how many cores, and which files to write."""

    first_seed: int | None = None
    seeds: int | None = None
    cores: int = 0
    html: Path | None = None
    markdown: Path | None = None
    trace: Path | None = None
    save: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is to be written."""
        found = (self.html, self.markdown, self.trace, self.save)
        return tuple(path for path in found if path is not None)

    def seeds_of(self, count: int) -> range:
        """The seeds to run, where a scenario asks for `count` of them."""
        if self.first_seed is not None:
            return range(self.first_seed, self.first_seed + (self.seeds or 1))
        return range(self.seeds or count)


@dataclass(frozen=True, slots=True)
class Side:
    """One thing to rehearse. `replay`, given whether it holds: its command, but for the seed."""

    task: "Task"
    title: str
    replay: Callable[[bool], str]


def wanted_of(settings: Settings, given: dict[str, Any]) -> Wanted:
    """What the options below say, taken out of what a command was given.

    What cannot be written is refused now, and not after a long run.
    """
    wanted = Wanted(**{n: given.pop(n) for n in Wanted.__dataclass_fields__ if n in given})
    dashes = [path for path in wanted.files if str(path) == DASH]
    if len(dashes) > 1 or (dashes and settings.console.output != "text"):
        raise click.UsageError("standard output takes one report: name files for the others")
    refuse_unwritable(wanted.files)
    return wanted


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
    click.option(
        "--html", type=_FILE, metavar="FILE",
        help="Write the report as one HTML page; - for standard output.",
    ),
    click.option(
        "--markdown", type=_FILE, metavar="FILE",
        help="Write it as Markdown; - for standard output.",
    ),
    click.option(
        "--trace", type=_FILE, metavar="FILE", help="Write every event of the worst seed's run."
    ),
)  # fmt: skip
SAVE = click.option(
    "--save", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Keep what runs now in this file, for --from.",
)  # fmt: skip


def load_scenario(settings: Settings, path: str) -> "LoadedScenario":
    """Read a scenario and its states; warnings are told, mistakes raised together."""
    from reconciler.spec import scenarios

    console = settings.console
    loaded = scenarios.load_scenario(path, env=console.env, variables=settings.variables)
    console.warn(loaded.warnings)
    return loaded


def judged(settings: Settings, side: Side, seeds: Sequence[int], wanted: Wanted) -> int:
    """Run the task by all seeds, show the report, and say by the exit code whether it holds."""
    from reconciler.views.rehearsal import rehearsal_lines
    from reconciler.views.rehearsal_document import rehearsal_document
    from reconciler.views.rehearsal_html import rehearsal_html
    from reconciler.views.rehearsal_markdown import rehearsal_markdown

    report = _rehearsed(settings, side, seeds, wanted)
    console = settings.console
    show_or_save(
        console, (wanted.html, lambda: rehearsal_html(report)),
        (wanted.markdown, lambda: rehearsal_markdown(report)),
        lambda: console.result(
            lambda: rehearsal_lines(report, width=console.width), lambda: rehearsal_document(report)
        ),
    )  # fmt: skip
    _trace(settings, wanted, side, report.worst_seed)
    return exits.OK if report.holds else exits.MISSED


def compared(
    settings: Settings, first: Side, second: Side, seeds: Sequence[int], wanted: Wanted
) -> int:
    """Run both tasks by the same seeds; the exit code says whether the second one holds."""
    from reconciler.views.rehearsal_comparison import comparison_document, comparison_lines
    from reconciler.views.rehearsal_comparison_html import comparison_html
    from reconciler.views.rehearsal_markdown import comparison_markdown

    before, after = (_rehearsed(settings, side, seeds, wanted) for side in (first, second))
    console = settings.console
    show_or_save(
        console, (wanted.html, lambda: comparison_html(before, after)),
        (wanted.markdown, lambda: comparison_markdown(before, after)),
        lambda: console.result(
            lambda: comparison_lines(before, after, width=console.width),
            lambda: comparison_document(before, after),
        ),
    )  # fmt: skip
    _trace(settings, wanted, second, after.worst_seed)
    return exits.OK if after.holds else exits.MISSED


def _rehearsed(settings: Settings, side: Side, seeds: Sequence[int], wanted: Wanted) -> "Report":
    """The report on a task over all seeds."""
    from reconciler.rehearsal.many import run_seeds
    from reconciler.rehearsal.report import report_of
    from reconciler.rehearsal.shrink import with_faults

    task = side.task
    with _bar(settings, "seeds", len(seeds)) as advance:
        runs = run_seeds(task, seeds, cores=wanted.cores, on_run=lambda run: advance())
    replay = side.replay(all(run.holds for run in runs))
    report = report_of(task, runs, title=side.title, replay=replay)
    with _bar(settings, "faults that matter", None) as advance:
        return with_faults(task, report, on_try=advance)


def _trace(settings: Settings, wanted: Wanted, side: Side, seed: int) -> None:
    if wanted.trace is not None:
        from reconciler.rehearsal.run import run_seed

        _, lines = run_seed(side.task, seed, keep=True)
        text = "\n".join(lines) + "\n"
        if str(wanted.trace) == DASH:
            settings.console.out.write(text)
        else:
            save(wanted.trace, text)


@contextmanager
def _bar(settings: Settings, what: str, count: int | None) -> Iterator[Callable[[], None]]:
    """A progress bar on standard error, where that is a terminal; `count` None is not known."""
    console = settings.console
    if console.verbosity < 0 or not console.can_redraw or (count is not None and count < 2):
        yield lambda: None
        return
    from rich.console import Console as Rich
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Rich(file=console.err), transient=True) as progress:
        bar = progress.add_task(what, total=count, visible=count is not None)

        def advance() -> None:
            progress.update(bar, advance=1, visible=True)

        yield advance

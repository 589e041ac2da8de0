"""`reconciler rehearse`: what an apply would cost, in numbers, before it is done."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.loading import findings, load, refuse_errors
from reconciler.cli.options import REHEARSED, needs_state, options
from reconciler.cli.origins import Origin, observed_at, origin_of, stack_at
from reconciler.cli.rehearsing import (
    REPORT,
    SAVE,
    Side,
    Wanted,
    compared,
    judged,
    load_scenario,
    wanted_of,
)
from reconciler.cli.replaying import command_of, saved
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.model.observed import Observed
    from reconciler.model.scenario import Scenario
    from reconciler.model.stack import Stack
    from reconciler.model.survey import Survey
    from reconciler.rehearsal.observation import Seen
    from reconciler.rehearsal.run import Task
    from reconciler.spec.scenarios import LoadedScenario


@click.command("rehearse")
@options(REHEARSED, REPORT)
@click.option(
    "--from", "beginning", metavar="WHAT",
    help="Take for what runs now what --save kept in this file, or what the state says in this "
         "file or git revision; contact nothing.",
)  # fmt: skip
@SAVE
@click.option(
    "--scenario", "scenario_file", type=click.Path(path_type=str, dir_okay=False), metavar="FILE",
    help="Take traffic, edge, behaviour, faults and checks from this scenario.",
)  # fmt: skip
@click.option(
    "--compare", "other", metavar="WHAT",
    help="Rehearse the state of this file or git revision too, by the same random numbers.",
)  # fmt: skip
def command(
    settings: Settings, beginning: str | None, scenario_file: str | None, other: str | None,
    **given: Any,
) -> int:  # fmt: skip
    """Say what applying STATE would drop: over many seeds, on a simulated copy of what runs.

    Takes what runs now, on the target or by another file or git revision, makes the plan that
    `apply` would make, and carries it out on the simulator, under traffic. Nothing on the target
    is changed. The exit code is 5 where a check does not hold.
    """
    needs_state(settings)
    wanted = wanted_of(settings, given)
    if wanted.save is not None and beginning is not None:
        raise click.UsageError("--save keeps what runs on the target, and --from looks at none")
    origin = None if beginning is None else origin_of(settings, beginning)
    rehearsal = _Rehearsal(settings, wanted, origin, scenario_file)
    seeds = wanted.seeds_of(rehearsal.scenario.seeds)
    side = Side(rehearsal.task(rehearsal.stack), rehearsal.title, rehearsal.replay)
    if other is None:
        return judged(settings, side, seeds, wanted)
    version = origin_of(settings, other)
    if version.kind == "observed":
        raise click.UsageError("--compare takes a state or a git revision; --from takes what ran")
    second = Side(
        rehearsal.task(stack_at(settings, version)),
        f"{rehearsal.title}, as of {version.name}",
        lambda holds: f"{rehearsal.replay(holds)} --compare {quote(version.word)}",
    )
    return compared(settings, second, side, seeds, wanted)


@dataclass
class _Rehearsal:
    """What is rehearsed: the change from what runs to what the state says."""

    settings: Settings
    wanted: Wanted
    origin: Origin | None
    scenario_file: str | None
    kept: list[str] = field(default_factory=list)  # where what was observed is, once it is kept

    @property
    def _is_live(self) -> bool:
        return self.origin is None or self.origin.kind == "observed"

    @cached_property
    def stack(self) -> "Stack":
        """What is wanted, checked as for an apply."""
        from reconciler.rehearsal.features import capabilities_of

        loaded = load(self.settings, resolve=self._is_live)
        found = findings(loaded, capabilities_of(self.settings.target), "a rehearsal")
        refuse_errors(found)
        self.settings.console.warn(found)
        return loaded.stack

    @property
    def title(self) -> str:
        """What the report is headed with."""
        what = f"since {self.origin.name}" if self.origin else f"on {self.settings.target}"
        return f"{self.stack.name} {what}"

    def replay(self, holds: bool) -> str:
        """The command, but for its seed. What was observed and failed is kept for it."""
        settings = self.settings
        words = ["reconciler rehearse", *settings.state]
        if settings.target != "docker":
            words += ["--target", settings.target]
        if settings.environment:
            words += ["-e", settings.environment]
        for name in ("namespace", "context", "kubeconfig"):
            if given := getattr(settings, name):
                words += [f"--{name}", given]
        if self.scenario_file:
            words += ["--scenario", self.scenario_file]
        if self.origin is not None:
            words += ["--from", self.origin.word]
        elif self.seen is not None and (path := saved(self.seen, self.wanted, self.kept, holds)):
            words += ["--from", path]
        elif settings.target == "simulator":
            words += ["--world", str(settings.world)]
        return command_of(words, settings.variables)

    @cached_property
    def scenario(self) -> "Scenario":
        """What loads it: from a file, or assumed."""
        from reconciler.rehearsal.assumed import scenario_of

        if self.scenario_file is None:
            routed = self._routed() if self.survey is not None else ()
            made = scenario_of(self.stack, routed)
            return replace(made, target="kubernetes") if self._on_cluster else made
        return self.from_file.scenario

    @cached_property
    def from_file(self) -> "LoadedScenario":
        """The scenario that was named."""
        assert self.scenario_file is not None
        return load_scenario(self.settings, self.scenario_file)

    @cached_property
    def seen(self) -> "Seen | None":
        """What runs now, or ran when it was saved; None where a state stands for it."""
        from reconciler.rehearsal.observation import bared, bared_survey

        if self.origin is not None:
            return observed_at(self.origin) if self.origin.kind == "observed" else None
        from reconciler.cli.targets import open_target, survey_of
        from reconciler.plan.planner import scope_of

        if self._on_cluster:
            return bared_survey(survey_of(self.settings, self.stack), self.stack)
        loaded = load(self.settings)
        with open_target(self.settings, loaded, acting=False) as opened:
            return bared(opened.target.observe(scope_of(self.stack)))

    @property
    def live(self) -> "Observed | None":
        """What runs on an engine, or the simulator."""
        from reconciler.model.survey import Survey

        return None if self.survey or isinstance(self.seen, Survey) else self.seen

    @cached_property
    def survey(self) -> "Survey | None":
        """The cluster that it runs in; None on another target, or where a state stands for it."""
        from reconciler.model.survey import Survey

        if not isinstance(self.seen, Survey):
            if self.seen is not None and self._on_cluster:
                raise click.UsageError("that was seen on an engine, not in a cluster: --target")
            return None
        if not self._on_cluster:
            raise click.UsageError("that was seen in a cluster: --target kubernetes")
        return self.seen

    def task(self, wanted: "Stack") -> "Task":
        """The change to `wanted`, as something that can be run by a seed."""
        from reconciler.rehearsal.assumed import CHANGE_NS
        from reconciler.rehearsal.run import task_of
        from reconciler.spec.scenario_size import too_large

        path = self.scenario_file or "."
        if self.survey is not None:
            from reconciler.rehearsal.cluster import ground_of

            on = ground_of(self.survey, wanted, self.scenario)
            refuse_errors(too_large(on.scenario, [on.start, on.wanted]))
            self._named([on.start, on.wanted])
            task = task_of(on.scenario, path, on.start, [(CHANGE_NS, on.wanted)])
            return replace(task, landed=on.landed, facts=on.facts, measured=on.measured)
        if self._is_live and self.scenario.target == "kubernetes":
            raise click.UsageError(
                "the scenario is of a cluster (target: kubernetes), and what runs is on an engine: "
                "take --target kubernetes, or target: docker in the scenario"
            )
        from_state = self.origin is not None and not self._is_live
        start = stack_at(self.settings, self.origin) if from_state and self.origin else wanted
        refuse_errors(too_large(self.scenario, [start, wanted]))
        self._named([start, wanted])
        return task_of(self.scenario, path, start, [(CHANGE_NS, wanted)], self.live)

    def _named(self, stacks: list["Stack"]) -> None:
        """The scenario's names must lead somewhere in what is rehearsed, not in its own state."""
        if self.scenario_file is not None:
            found = self.from_file.nameless(stacks)
            refuse_errors(found)
            self.settings.console.warn(found)

    @property
    def _on_cluster(self) -> bool:
        return self.settings.target == "kubernetes"

    def _routed(self) -> Collection[str]:
        from reconciler.rehearsal.cluster import routed_by

        assert self.survey is not None
        return routed_by(self.survey)

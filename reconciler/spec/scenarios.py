"""From a scenario's file to a scenario, and to every state that it passes through."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from reconciler.model.scenario import Change, Scenario
from reconciler.model.stack import Positions, Stack
from reconciler.spec.contents import FileContents
from reconciler.spec.load import Loaded, Located, load
from reconciler.spec.patches import Patches, patches_of
from reconciler.spec.report import Report
from reconciler.spec.scenario_names import check_names
from reconciler.spec.scenario_rules import check_rules
from reconciler.spec.scenario_size import check_size
from reconciler.spec.tree import Map, Path, kind_text, locate, lookup, place
from reconciler.spec.validation import validate_whole
from reconciler.spec.yaml import bulk, read_yaml

_NO_VARIABLES: Mapping[str, str] = {}
_UNRESOLVED = "R162"  # secrets stay closed: a simulated instance opens none


@dataclass(frozen=True)
class LoadedScenario:
    """A scenario, and the stacks that it passes through.

    `start` is what runs at the beginning; `after` gives, for each change, its time from the
    beginning in ns and the stack from then on, None where everything is removed. `contents`
    are those of `start`; `path` is the file, and relative paths in it count from its folder.
    """

    scenario: Scenario
    path: str
    positions: Positions
    start: Stack
    after: tuple[tuple[int, Stack | None], ...]
    warnings: tuple[Diagnostic, ...]
    contents: FileContents
    root: Map

    def nameless(self, stacks: Sequence[Stack]) -> list[Diagnostic]:
        """What it names that is in none of these `stacks`, rehearsed in place of its own.

        What was told of its own stacks is not told again.
        """
        report = Report(what="the scenario", files=[self.path])
        check_names(self.scenario, stacks, self.root, report)
        return [found for found in report.found if found not in self.warnings]


def load_scenario(
    path: str | FilePath, *, env: Mapping[str, str], variables: Mapping[str, str] = _NO_VARIABLES
) -> LoadedScenario:
    """Read the scenario in the file `path`, and every state that it names.

    `variables` are given by hand and go before the scenario's own, `env` is the process
    environment. Raises DiagnosticsError with everything that was found.
    """
    report = Report(what="the scenario")
    with bulk():
        root = _read(str(path), report)
    report.stop()
    scenario = validate_whole(Scenario, root, report)
    if scenario is None:
        report.stop()
        raise AssertionError("a refused scenario without a finding")
    check_rules(scenario, root, FilePath(path).parent, report)
    states = _States(scenario, root, str(path), {**scenario.variables, **variables}, env, report)
    loaded = states.pass_through()
    if all(each is not None for _, each in loaded):
        stacks = [each.stack for _, each in loaded if isinstance(each, Loaded)]
        check_names(scenario, stacks, root, report)
        check_size(scenario, stacks, root, report)
    report.stop()
    start = loaded[0][1]
    assert isinstance(start, Loaded)
    after = tuple(
        (at_ns, each.stack if isinstance(each, Loaded) else None) for at_ns, each in loaded[1:]
    )
    positions = Located(root, tuple(report.files))
    warnings = tuple(sorted(report.warnings, key=lambda found: found.sort_key))
    return LoadedScenario(
        scenario, str(path), positions, start.stack, after, warnings, start.contents, root
    )


def _read(path: str, report: Report) -> Map:
    """The one document of the file; an empty mapping, and findings, where there is none."""
    nothing = Map(place(0, 0, 0))
    try:
        data = FilePath(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        report.add("R605", f"cannot read {path!r}: {reason}")
        return nothing
    report.files.append(path)
    report.has_placeholders = b"$" in data
    documents = read_yaml(data, 0, report)
    if report.errors:
        return nothing
    if len(documents) != 1:
        count = f"{len(documents)} documents" if documents else "nothing"
        at = documents[1].at if documents else place(0, 0, 0)
        report.add("R605", f"the file holds {count}, and a scenario is one document", at)
        return nothing
    document = documents[0]
    if not isinstance(document, Map):
        found = kind_text(document.value)
        report.add("R605", f"a scenario is a mapping, not {found}", document.at)
        return nothing
    return document


class _Removed:
    """Everything was removed on purpose."""


_REMOVED = _Removed()


@dataclass
class _States:
    """The states of a scenario, loaded one after another, each change on top of the last."""

    scenario: Scenario
    root: Map
    path: str
    variables: Mapping[str, str]
    env: Mapping[str, str]
    report: Report

    def pass_through(self) -> list[tuple[int, Loaded | _Removed | None]]:
        """The state at the beginning and after each change; None where it was refused."""
        scenario, self.environment = self.scenario, self.scenario.environment
        self.state: str = scenario.state
        self.places: dict[str, Path] = {"state": ("state",), "environment": ("environment",)}
        first = patches_of(self.root, lookup(self.root, ("set",)), self.report)
        self.patches = Patches(self.path, tuple(first), self.report.has_placeholders)
        made: list[tuple[int, Loaded | _Removed | None]] = [(0, self._load())]
        for index, change in enumerate(scenario.changes):
            now = self._changed(index, change)
            if change != Change(at=change.at):  # else it is refused already
                self._tell_nothing(index, made[-1][1], now)
            made.append((change.at, now))
        return made

    def _changed(self, index: int, change: Change) -> Loaded | _Removed | None:
        here: Path = ("changes", index)
        self.patches = self.patches.and_these(
            patches_of(self.root, lookup(self.root, (*here, "set")), self.report)
        )
        if change.state is not None:
            self.state, self.places["state"] = change.state, (*here, "state")
        if change.environment is not None:
            self.environment = change.environment
            self.places["environment"] = (*here, "environment")
        return _REMOVED if change.destroy else self._load()

    def _load(self) -> Loaded | None:
        file = os.path.normpath(os.path.join(os.path.dirname(self.path), self.state))
        try:
            loaded = load(
                [file], environment=self.environment, variables=self.variables, env=self.env,
                resolve=False, patches=self.patches,
            )  # fmt: skip
        except DiagnosticsError as error:
            self._take(error.diagnostics)
            return None
        self._take(loaded.warnings)
        return loaded

    def _take(self, found: list[Diagnostic]) -> None:
        """Add findings of a load, each once, each at a place."""
        for each in found:
            if each.position is None:
                at = locate(self.root, self._leads_to(each))
                each = replace(each, position=self.report.position(at))
            if each.code != _UNRESOLVED and each not in self.report.found:
                self.report.found.append(each)

    def _leads_to(self, finding: Diagnostic) -> Path:
        """What of the scenario leads to a finding that no place of the state is to blame for."""
        if finding.code == "R120":
            return self.places["environment"]
        for name in self.scenario.variables:
            if finding.code == "R133" and repr(name) in finding.summary:
                return ("variables", name)
        return self.places["state"]

    def _tell_nothing(self, index: int, before: Any, now: Any) -> None:
        """A change that leaves everything as it was."""
        same = before is now and isinstance(now, _Removed)
        if isinstance(before, Loaded) and isinstance(now, Loaded):
            same = before.stack.declared == now.stack.declared
        if same:
            at = locate(self.root, ("changes", index))
            self.report.add("R613", "the change changes nothing", at, severity="warning")

"""Property tests over one's own scenarios, with Hypothesis (``pip install reconciler[testing]``).

`holds` rehearses a scenario over and over: with other seeds, with faults beside its own, and with
calls that fail at moments that Hypothesis chooses. A run in which a check does not hold is
shrunk to the few things that matter, and written beside the scenario as one of its own, so that
``reconciler simulate FILE --seed N`` replays it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from reconciler.model.faults import FAULT_KINDS
from reconciler.model.rehearsal import Run
from reconciler.model.scenario import Scenario, Trouble
from reconciler.model.units import NS_PER_S, format_duration
from reconciler.rehearsal.run import Task, run_seed, task_of
from reconciler.sim.faults import CallFault
from reconciler.spec.report import Report
from reconciler.spec.scenario_faults import CALLS, NATIVE_CALLS
from reconciler.spec.scenarios import load_scenario
from reconciler.spec.yaml import read_yaml

SELDOM = 12  # one decision in so many goes another way
MOST = 400  # decisions that are drawn; later ones go as usual
FAILING = "-failing.yaml"  # what the file of a failing run's name ends in
GENTLE = ("delay", "fail_before", "fail_after", "lost_reply", "event_lost", "event_doubled",
          "event_delayed", "look_fails")  # fmt: skip
_CALLS: tuple[CallFault, ...] = ("fail_before", "fail_after", "lost_reply")


class Drawn:
    """The chooser that Hypothesis plays: each rare decision is a draw of its own, when it comes.

    So a counterexample shrinks to the decisions that matter: one that is drawn away is one where
    nothing goes wrong, and none of the others moves. `chosen` has what was: which decision, its
    name, which of those by that name (from 1), and the option.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._named: dict[str, int] = {}
        self.asked = 0
        self.chosen: list[tuple[int, str, int, int]] = []

    def __repr__(self) -> str:
        return f"Drawn({self.chosen})"

    def choose(self, name: str, options: int) -> int:
        """0, and now and then one of the others."""
        self.asked += 1
        self._named[name] = number = self._named.get(name, 0) + 1
        if options < 2 or self.asked > MOST:
            return 0
        # The least, to which all shrinks, is that nothing happens.
        drawn = self._draw(st.integers(0, SELDOM * (options - 1)))
        chosen = drawn - (SELDOM - 1) * (options - 1)
        if chosen <= 0:
            return 0
        self.chosen.append((self.asked, name, number, chosen))
        note(f"decision {self.asked}, {name}: option {chosen}")
        return chosen

    def faults(self) -> tuple[Trouble, ...]:
        """What it chose for calls, as faults of a scenario."""
        made = []
        for _, name, number, option in self.chosen:
            call, _, key = name.partition(" ")
            made.append(Trouble(kind=_CALLS[option - 1], call=call, on=key, nth=number))
        return tuple(made)


@st.composite
def choosers(draw: st.DrawFn) -> Drawn:
    """A chooser that draws while the example runs."""
    return Drawn(draw)


@dataclass(frozen=True)
class Stage:
    """A scenario that was read, and whatever of its state a fault can strike."""

    path: Path
    task: Task
    raw: dict[str, Any]

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.task.scenario

    @property
    def services(self) -> tuple[str, ...]:
        """The services there are at the beginning."""
        return tuple(sorted(self.task.start.declared.services))

    def run(self, faults: Sequence[Trouble] = (), *, seed: int = 0, chooser: Any = None) -> Run:
        """One run, with these faults beside the scenario's own."""
        own = self.scenario.faults
        made = replace(self.task, scenario=replace(self.scenario, faults=(*own, *faults)))
        return run_seed(made, seed, chooser=chooser)[0]

    def write(self, faults: Sequence[Trouble]) -> Path:
        """The scenario with these faults too, beside the scenario's file; where it is."""
        own = list(self.raw.get("faults") or [])
        said = {**self.raw, "faults": own + [as_written(fault) for fault in faults]}
        path = self.path.with_name(self.path.stem + FAILING)
        path.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
        return path


@cache
def stage(path: str | Path) -> Stage:
    """Read a scenario; DiagnosticsError with everything that is wrong with it."""
    found = load_scenario(path, env={})
    (raw,) = read_yaml(Path(path).read_bytes(), 0, Report([str(path)]))
    return Stage(Path(path), task_of(found.scenario, found.path, found.start, found.after), raw)


def as_written(fault: Trouble) -> dict[str, Any]:
    """A fault as a scenario's file says it."""
    said = {f.name: getattr(fault, f.name) for f in fields(fault)}
    given = {n: v for n, v in said.items() if n == "kind" or v != _DEFAULTS[n]}
    times = {n: format_duration(v) for n, v in given.items() if n in ("at", "lasting", "every")}
    return {**given, **times}


_DEFAULTS = {f.name: f.default for f in fields(Trouble)}


@st.composite
def faults(draw: st.DrawFn, of: Stage, kinds: Sequence[str] = GENTLE, most: int = 3) -> Any:
    """Up to `most` faults of these kinds that can strike the scenario; they end before it does.

    By default nothing breaks in the world: calls, looks and events go wrong. Kinds of instances
    (``crash``, ``hang`` …) and those that strike everything may be named too.
    """
    return tuple(draw(st.lists(_fault(of, tuple(kinds)), max_size=most)))


@st.composite
def _fault(draw: st.DrawFn, of: Stage, kinds: tuple[str, ...]) -> Trouble:
    kind = draw(st.sampled_from(kinds))
    about = FAULT_KINDS[kind]
    assert about.strikes not in ("node", "external", "image"), f"{kind} is for a scenario to name"
    half_s = max(of.scenario.lasts // NS_PER_S // 2, 1)
    said: dict[str, Any] = {}
    if about.needs_on or (about.takes_on and draw(st.booleans())):
        said["on"] = f"service/{draw(st.sampled_from(of.services))}"
    if about.is_timed:
        said["at"] = draw(st.integers(0, half_s - 1)) * NS_PER_S
    else:
        said["nth"] = draw(st.integers(1, 8))
    if about.strikes == "call":
        calls = NATIVE_CALLS if of.scenario.target == "kubernetes" else CALLS
        said["call"] = draw(st.sampled_from(("", *calls)))
    if about.lasting in ("must", "delay") or (about.lasting and about.is_timed):
        said["lasting"] = draw(st.integers(1, max(1, min(30, half_s)))) * NS_PER_S
    if kind == "edit":
        said |= {"field": "environment.EDITED", "value": "1"}
    if kind == "port_taken":
        said["amount"] = draw(st.integers(1024, 65_535))
    return Trouble(kind=kind, **said)  # type: ignore[arg-type]


def holds(
    path: str | Path,
    *,
    kinds: Sequence[str] = GENTLE,
    most: int = 3,
    calls: bool = True,
    examples: int = 50,
) -> None:
    """Every check of the scenario holds, whatever of these goes wrong and by any seed.

    `calls`: besides, any call may fail before or after its effect or lose its reply, where
    Hypothesis so chooses. Raises AssertionError with the command that replays the least run
    that does not hold.
    """
    found = stage(path)

    @settings(max_examples=examples, deadline=None)
    @given(st.integers(0, 10_000), faults(found, kinds, most), choosers())
    def check(seed: int, wrong: tuple[Trouble, ...], chooser: Drawn) -> None:
        run = found.run(wrong, seed=seed, chooser=chooser if calls else None)
        if run.holds:
            return
        least = found.write((*wrong, *chooser.faults()))
        missed = [f"{each.text}: {each.value}" for each in run.checks if not each.holds]
        raise AssertionError(
            f"{'; '.join((*missed, *run.violations)) or run.verdict}\n"
            f"replay: reconciler simulate {least} --seed {seed}"
        )

    check()

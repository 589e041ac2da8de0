"""Measure every case under us and under Compose, and write the table of the page.

``python -m tests.live.drift`` from the root of the repository; some minutes, on a real
engine with Compose beside it.
"""

import concurrent.futures
import contextlib
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import docker

from reconciler.spec.pages import replaced
from tests.live.drift.cases import CASES, PW, Case, prepare, tidy
from tests.live.drift.ground import AT_ONCE
from tests.live.drift.ours import Ours, shows, told
from tests.live.drift.test_drift import Story, line, state, story_of
from tests.live.drift.theirs import Result, tried

PAGE = Path("docs/explanation/drift.md")
HEAD = ["| changed behind its back | shows in the plan as | `apply` | Compose `up -d` |",
        "| --- | --- | --- | --- |"]  # fmt: skip


def main() -> int:
    """Run both, and write what came of it."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with contextlib.closing(docker.APIClient(version="auto")) as engine:
            version = engine.version()["Version"]
            try:
                story = _ours(folder)
                prepare(engine)
                results = _theirs(folder, engine)
            finally:
                tidy(engine)
    rows = [_row(case, story, results.get(case.name)) for case in CASES]
    page = replaced(PAGE.read_text(), "table", "\n".join([*HEAD, *rows, ""]))
    PAGE.write_text(replaced(page, "measured", _measured(version, story, results)))
    return 0


def _ours(folder: Path) -> Story:
    ground = Ours(f"drift{os.getpid()}", folder, {"DRIFT_PW": PW})
    try:
        prepare(ground.engine)
        ground.write(state())
        verdict = ground.apply(ground.plan())
        assert verdict.kind == "converged", verdict
        return story_of(ground)
    finally:
        ground.clean()


def _theirs(folder: Path, engine: docker.APIClient) -> dict[str, Result]:
    """By case; those that move an image go alone, since the others' image would move too."""
    cases = [case for case in CASES if case.compose]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda case: tried(case, folder), cases)
        return dict(zip((case.name for case in cases), found, strict=True))


def _row(case: Case, story: Story, theirs: Result | None) -> str:
    found = shows(told(story.drifted), line(case))
    where = f"`{case.shows.rstrip('.@')}`" if found else "**not found**"
    expected = story.changed if case.kept else story.before
    repaired = story.repaired[case.name] == expected[case.name]
    ours = ("left, and told" if case.kept else "repaired") if repaired else "**not repaired**"
    return f"| {case.what} | {where} | {ours} | {_compose(theirs)} |"


def _compose(result: Result | None) -> str:
    if result is None:
        return "–"
    if result.repaired:
        return "repaired"
    return f"no: {result.said}".replace("|", "\\|") if result.said else "no"


def _measured(version: str, story: Story, results: dict[str, Result]) -> str:
    compose = subprocess.run(
        ["docker", "compose", "version", "--short"], capture_output=True, text=True, check=True
    ).stdout.strip()
    good = sum(story.repaired[c.name] == story.before[c.name] for c in CASES if not c.kept)
    theirs = sum(result.repaired for result in results.values())
    return (
        f"Docker Engine {version}, Compose {compose}, Python {platform.python_version()}. "
        f"Of {len(CASES)} ways, {good} are repaired by one `apply` and "
        f"{sum(c.kept for c in CASES)} told and left on purpose; of the {len(results)} that can "
        f"be tried under Compose, `up -d` repairs {theirs}.\n"
    )


sys.exit(main())

"""What a command costs to start: what it does not need is not imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import require

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("docker", "kubernetes", "networkx", "watchfiles", "requests")
ASK = """
import sys
sys.argv = ["reconciler", *sys.argv[1:]]
from reconciler.__main__ import main
try:
    main()
except SystemExit as end:
    code = end.code or 0
else:
    code = 0
print("\\nMODULES", code, *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def modules_after(*arguments: str) -> tuple[int, set[str]]:
    """The exit code, and the top-level modules that are there at the end."""
    made = subprocess.run(
        [sys.executable, "-c", ASK, *arguments],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    _, code, *names = made.stdout.splitlines()[-1].split()
    return int(code), set(names)


def test_the_version_is_told_before_anything_is_imported() -> None:
    code, names = modules_after("--version")
    assert code == 0
    assert not names & {"click", "pydantic", "yaml", "rich", "importlib_metadata", "json", *HEAVY}


def test_the_version_with_other_flags_is_the_same() -> None:
    calls = (["--version"], ["--debug", "--version"])
    told = {
        subprocess.run(
            [sys.executable, "-m", "reconciler", *call],
            capture_output=True, text=True, cwd=ROOT, check=True,
        ).stdout
        for call in calls
    }  # fmt: skip
    assert len(told) == 1
    assert told.pop().startswith("reconciler ")


@pytest.mark.parametrize("target", ["docker", "simulator"])
def test_a_validation_imports_no_client_and_no_graph_library(target: str, tmp_path: Path) -> None:
    state = tmp_path / "shop.yaml"
    state.write_text("name: shop\nservices: {web: {image: 'web:1.0', ports: [5432/tcp]}}\n")
    code, names = modules_after("validate", str(state), "--target", target)
    assert code == 0
    assert "pydantic_core" in names
    assert not names & {*HEAVY, "rich", "pydantic"}


def test_help_imports_neither_the_schema_nor_a_client() -> None:
    for arguments in (("--help",), ("plan", "--help"), ("completion", "bash")):
        code, names = modules_after(*arguments)
        assert code == 0
        assert not names & {"pydantic_core", "yaml", "rich", *HEAVY}


def test_a_plan_imports_no_graph_library(tmp_path: Path) -> None:
    state = tmp_path / "shop.yaml"
    state.write_text(
        "name: shop\nservices:\n  db: {image: 'db:1'}\n"
        "  web: {image: 'web:1.0', depends_on: [db]}\n"
    )
    world = str(tmp_path / "world.json")
    code, names = modules_after("plan", str(state), "--target", "simulator", "--world", world)
    assert code == 0
    assert not names & {"networkx", "docker", "kubernetes", "watchfiles", "pydantic"}


@pytest.mark.live
def test_a_plan_on_an_engine_imports_neither_the_graph_library_nor_what_acts(
    tmp_path: Path,
) -> None:
    require("docker")
    state = tmp_path / "shop.yaml"
    state.write_text("name: planned-only\nservices: {web: {image: 'local/busybox:1'}}\n")
    code, names = modules_after("plan", str(state), "--target", "docker")
    assert code == 0
    assert "docker" in names
    assert not names & {"networkx", "watchfiles", "rich", "pydantic", "kubernetes"}

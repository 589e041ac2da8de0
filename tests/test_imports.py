"""Who may import whom, and what a command loads before it is needed."""

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.test_tidy import ROOT, at, imports_of, modules

# What only some commands need, and what it costs to import it (ms, on a small machine).
HEAVY = {"docker": 121, "kubernetes": 246, "networkx": 142, "watchfiles": 57, "pydantic": 72}


def contracts() -> list[dict[str, Any]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    return found


def loaded_by(*arguments: str) -> set[str]:
    """The top-level modules in memory after a command of ours ended."""
    program = (
        "import sys, json\n"
        f"sys.argv = ['reconciler', *{list(arguments)!r}]\n"
        "from reconciler.__main__ import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "sys.stderr.write('\\n' + json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_import_contracts_hold(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_every_library_has_a_home() -> None:
    homes = {
        name
        for contract in contracts()
        for name in (*contract.get("protected_modules", ()), *contract.get("forbidden_modules", ()))
    }
    homeless = [
        f"{at(path, line)} imports {name}"
        for path in modules()
        for name, line in imports_of(path)
        if (top := name.partition(".")[0]) not in sys.stdlib_module_names
        and top not in homes | {"reconciler"}
    ]
    assert homeless == []


def test_every_module_imports_without_an_sdk_being_loaded_by_the_core() -> None:
    program = (
        "import importlib, pkgutil, sys, json, reconciler\n"
        "core = ('model', 'graph', 'diff', 'plan', 'controller', 'targets.port', 'sim')\n"
        "for found in pkgutil.walk_packages(reconciler.__path__, 'reconciler.'):\n"
        "    if found.name.removeprefix('reconciler.').startswith(core):\n"
        "        importlib.import_module(found.name)\n"
        "print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    third_party = set(json.loads(done.stdout)) & (set(HEAVY) | {"yaml", "click", "rich"})
    assert third_party == set()


def test_the_version_is_answered_before_anything_is_imported() -> None:
    ours = {m for m in loaded_by("--version") if m in HEAVY or m in ("click", "yaml", "rich")}
    assert ours == set()


def test_help_loads_no_sdk() -> None:
    assert loaded_by("--help") & set(HEAVY) == set()


def test_validate_loads_neither_sdk() -> None:
    assert loaded_by("validate", "state/hello.yaml") & {"docker", "kubernetes"} == set()


def test_a_plan_on_the_simulator_loads_no_sdk(tmp_path: Path) -> None:
    world = str(tmp_path / "world.json")
    loaded = loaded_by("plan", "state/hello.yaml", "--target", "simulator", "--world", world)
    assert loaded & {"docker", "kubernetes", "watchfiles"} == set()


def test_no_module_imports_by_a_relative_name() -> None:
    # But for the kernel's source: a copy of that folder is compiled under another name.
    kernel = ROOT / "reconciler" / "sim" / "traffic"
    sources = [path for path in modules() if path.parent.parent != kernel]
    relative = [
        at(path, node.lineno)
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []

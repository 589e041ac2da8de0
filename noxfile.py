"""Everything that is checked, one session each; `nox` alone runs all that the machine can.

Two are for when they are asked for: `benchmarks` wants a quiet machine, `crashes` an hour.

All sessions share one environment, made anew when `pyproject.toml` changes: making one
each takes longer than most of the checks.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "imports", "tests", "live", "docs", "fresh"]

ROOT = Path(__file__).parent
ENVIRONMENT = ROOT / ".nox" / "environment"
SOURCES = ("reconciler", "benchmarks", "tests", "docs", "noxfile.py", "hatch_build.py")


def tool(
    session: nox.Session, *command: str, allowed: tuple[int, ...] = (0,),
    env: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """Run a command of the shared environment, which is made first if need be."""
    project = nox.project.load_toml(ROOT / "pyproject.toml")
    wanted = hashlib.sha256(json.dumps(project, sort_keys=True).encode()).hexdigest()
    made_for = ENVIRONMENT / "made-for"
    if not made_for.exists() or made_for.read_text() != wanted:
        session.log("making %s", ENVIRONMENT)
        packages = nox.project.dependency_groups(project, "dev")
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        pip = [str(ENVIRONMENT / "bin" / "pip"), "install", "--quiet"]
        subprocess.run([*pip, *packages, "--editable", str(ROOT)], check=True)
        made_for.write_text(wanted)
    program = str(ENVIRONMENT / "bin" / command[0])
    session.run(program, *command[1:], external=True, success_codes=allowed, env=env)


@nox.session
def lint(session: nox.Session) -> None:
    """Style: ruff's rules and its formatting."""
    tool(session, "ruff", "check", *SOURCES)
    tool(session, "ruff", "format", "--check", *SOURCES)


@nox.session
def types(session: nox.Session) -> None:
    """Types: mypy, strict."""
    tool(session, "mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Who may import whom: the contracts in pyproject.toml."""
    tool(session, "lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Everything that needs nothing but Python. Arguments go to pytest."""
    tool(session, "pytest", "-n", "2", "-m", "not live and not fresh", *session.posargs)


@nox.session
def live(session: nox.Session) -> None:
    """Tests against real services; skipped, with the reason, where there are none."""
    tool(session, "pytest", "-m", "live", *session.posargs)


@nox.session
def crashes(session: nox.Session) -> None:
    """The real process killed at every call that writes, both ways, and at 30 random moments.

    Longer races and outages too. Takes a quarter of an hour; the default run tries a sample.
    """
    folders = [f"tests/live/{name}" for name in ("crashes", "races", "watch")]
    everything = {"RECONCILER_CRASHES": "all"}
    tool(session, "pytest", "-m", "live", *folders, *session.posargs, env=everything)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, built with every warning an error: links, pages that none leads to."""
    built = str(ROOT / ".nox" / "docs")
    tool(session, "sphinx-build", "-W", "--keep-going", "-q", "--no-color", "docs", built)


@nox.session
def fresh(session: nox.Session) -> None:
    """What the README says, in a clean copy of the repository."""
    tool(session, "pytest", "-m", "fresh", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Every figure against its bar, or the ones that are named.

    A missed bar (3) is printed and fails nothing: a busy machine is no defect of a change.
    """
    tool(session, "python", "-m", "benchmarks", *(session.posargs or ["--all"]), allowed=(0, 3))

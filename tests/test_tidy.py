"""The house style that no linter knows. Each rule is a test, each finding names its line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "reconciler"

MODULE_LINES_MOST = 400
FUNCTION_LINES_MOST = 70

# Rooms whose every decision follows from what they are handed.
PURE_ROOMS = ("model", "graph.py", "diff", "plan", "controller")
# Each would let the outside in: a clock, chance, a thread, a file, a socket, a process.
IMPURE_MODULES = frozenset(
    {
        "asyncio", "datetime", "io", "os", "pathlib", "queue", "random", "secrets", "select",
        "shutil", "socket", "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
    }
)  # fmt: skip
# Rooms that people read from; nothing else may print.
SPEAKING_ROOMS = ("cli", "views", "__main__.py")
# Chance has one home, whose streams are named and seeded.
CHANCE_ROOM = "sim"

# Folders of tests that mirror no room, and what they are for.
# One function where a call within would cost as much as what it does: the kernel's hot loop.
HOT_LOOPS = {"rush"}
OTHER_TESTS = {
    "conformance": "one body, several targets",
    "docs": "the commands that the documentation shows",
    "golden": "files that outputs are compared with",
    "live": "the whole product on real services",
    "fuzz": "inputs gone wrong, through the command line",
    "mutation": "wrong controllers that the properties must kill",
    "properties": "the sentences that always hold",
    "sims": "scenarios and states of the five systems",
    "standin": "images that stand in for what cannot be pulled",
    "support": "strategies and stand-ins that several tests share",
}

# Spelled in parts, so that this file has none of them.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:ro" r"ot|ho" r"me|Us" r"ers|wo" r"rk|mnt)/\w")
TEXTS = ("*.py", "*.md", "*.yaml", "*.yml", "*.toml", "*.json")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def folders_of(path: Path) -> list[str]:
    return sorted(p.name for p in path.iterdir() if p.is_dir() and p.name != "__pycache__")


def in_rooms(path: Path, rooms: tuple[str, ...]) -> bool:
    return path.relative_to(PACKAGE).parts[0] in rooms


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def at(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """The modules that a file imports by absolute name, anywhere in it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno


def texts() -> Iterator[Path]:
    """Every text of the repository that people wrote, tests included."""
    for folder in ("reconciler", "tests", "benchmarks", "docs", "state", "sims"):
        for pattern in TEXTS:
            yield from sorted((ROOT / folder).rglob(pattern))
    for name in ("README.md", "CHANGELOG.md", "pyproject.toml", "noxfile.py", ".ci/run"):
        yield ROOT / name


def matches(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{at(path, number)}: {line.strip()}"
        for path in texts()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]


def test_a_module_is_short_enough_to_be_read_at_once() -> None:
    lengths = {at(path, 1): len(path.read_text().splitlines()) for path in modules()}
    assert {place: n for place, n in lengths.items() if n > MODULE_LINES_MOST} == {}


def test_a_function_fits_a_screen() -> None:
    long = [
        f"{at(path, node.lineno)} {node.name}: {lines} lines"
        for path in modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name not in HOT_LOOPS
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MOST
    ]
    assert long == []


def test_what_decides_has_no_clock_no_chance_and_no_input_or_output() -> None:
    impure = [
        f"{at(path, line)} imports {name}"
        for path in modules()
        if in_rooms(path, PURE_ROOMS)
        for name, line in imports_of(path)
        if name.partition(".")[0] in IMPURE_MODULES
    ]
    assert impure == []


def test_chance_comes_from_the_simulator_alone() -> None:
    elsewhere = [
        f"{at(path, line)} imports {name}"
        for path in modules()
        if not in_rooms(path, (CHANCE_ROOM,))
        for name, line in imports_of(path)
        if name in ("random", "numpy.random")
    ]
    assert elsewhere == []


def test_the_simulator_reads_no_clock_of_this_machine() -> None:
    clocks = [
        f"{at(path, line)} imports {name}"
        for path in modules()
        if in_rooms(path, ("sim",))
        for name, line in imports_of(path)
        if name.partition(".")[0] in ("time", "datetime", "threading", "uuid", "secrets")
    ]
    assert clocks == []


def test_only_the_command_line_and_the_views_print() -> None:
    prints = [
        at(path, node.lineno)
        for path in modules()
        if not in_rooms(path, SPEAKING_ROOMS)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert prints == []


def test_nothing_is_left_unfinished() -> None:
    assert matches(UNFINISHED) == []


def test_no_text_names_a_path_of_one_machine() -> None:
    assert matches(MACHINE_PATH) == []


def test_no_exception_is_swallowed_whole() -> None:
    bare = [
        at(path, node.lineno)
        for path in modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id == "BaseException")
        )
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]
    assert bare == []


def test_tests_mirror_the_package() -> None:
    known = {*folders_of(PACKAGE), *OTHER_TESTS}
    assert [name for name in folders_of(ROOT / "tests") if name not in known] == []


@pytest.mark.parametrize("room", folders_of(PACKAGE))
def test_a_room_that_holds_code_has_tests(room: str) -> None:
    code = [p for p in (PACKAGE / room).rglob("*.py") if p.name != "__init__.py"]
    folders = [ROOT / "tests" / room, *sorted((ROOT / "tests" / "conformance").glob(room))]
    tests = [p for folder in folders for p in folder.rglob("test_*.py")]
    assert not code or tests, f"reconciler/{room} holds {len(code)} modules and no test"


def test_a_test_asserts_something() -> None:
    checks = re.compile(
        r"\bassert\b|\braises\(|\bwarns\(|fnmatch_lines|check|expect|verify|demand\(|pytest\.fail\("
    )
    empty = [
        f"{at(path, node.lineno)} {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for text in [path.read_text()]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not checks.search(ast.get_source_segment(text, node) or "")
    ]
    assert empty == []

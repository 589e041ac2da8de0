"""Builds the traffic kernel's compiled form, where Cython and a C compiler are there.

Used by hatchling, for wheels and for editable installs alike; without either of the two the
package is complete all the same, and plain Python runs. By hand: ``python hatch_build.py``.

A copy of ``reconciler/sim/traffic/core`` is compiled as ``reconciler.sim.traffic.compiled``,
beside it: both can be loaded at once. ``SOURCES`` there tells what it was made from.
"""

import importlib
import importlib.util
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # by hand, without hatchling

    class BuildHookInterface:  # type: ignore[no-redef]
        """Nothing to hook into."""


TRAFFIC = Path("reconciler/sim/traffic")
NOT_COMPILED = ("__init__", "words", "fields", "arrays", "lanes", "means")
DIRECTIVES = {
    "language_level": 3,
    "infer_types": True,
    "annotation_typing": False,
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "nonecheck": False,
    "cdivision": True,
    "show_performance_hints": False,
}
# What is called from outside looks before it reaches into an array.
CHECKED = ("answers", "kernel", "settings")
FLAGS = ["-O2", "-fno-math-errno", "-fwrapv"]


class Hook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's build hook: it adds what could be compiled."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; in place for an editable install, else into the wheel."""
        root = Path(self.root)
        if self.target_name != "wheel":
            return
        if version == "editable":
            build(root)
            return
        into = Path(self.directory) / "compiled"
        if build(root, into):
            for each in sorted(into.iterdir()):
                build_data["force_include"][str(each)] = f"{TRAFFIC}/compiled/{each.name}"
            build_data["pure_python"] = False
            build_data["infer_tag"] = True


def build(root: Path, into: Path | None = None) -> bool:
    """Compile the kernel of the tree at `root`; whether it could be."""
    folder = into or root / TRAFFIC / "compiled"
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            made = _compile(root / TRAFFIC / "core", Path(scratch))
        except Exception as error:
            why = str(error).strip().splitlines()[-1:] or [type(error).__name__]
            print(f"traffic kernel: not compiled, plain Python will run ({why[0]})", flush=True)
            return False
        folder.mkdir(parents=True)
        for each in made:
            shutil.copy(each, folder / each.name)
        source = root / TRAFFIC / "core"
        for name in NOT_COMPILED:
            shutil.copy(source / f"{name}.py", folder / f"{name}.py")
        (folder / "SOURCES").write_text(_digest(source) + "\n")
    print(f"traffic kernel: compiled, {len(made)} modules", flush=True)
    return True


def _compile(source: Path, scratch: Path) -> list[Path]:
    cythonize = importlib.import_module("Cython.Build").cythonize
    setuptools: Any = importlib.import_module("setuptools")
    package = scratch / TRAFFIC / "compiled"
    package.mkdir(parents=True)
    for folder in (package, *package.parents):
        if folder == scratch:
            break
        (folder / "__init__.py").touch()
    for each in source.iterdir():
        if each.suffix in (".py", ".pxd"):
            shutil.copy(each, package / each.name)
    _type_state(package)
    names = sorted(each.stem for each in package.glob("*.pxd"))
    dotted = ".".join((*TRAFFIC.parts, "compiled"))
    modules = []
    for name in names:
        made = setuptools.Extension(
            f"{dotted}.{name}", [str(package / f"{name}.py")], extra_compile_args=FLAGS
        )
        checks = name in CHECKED
        directives = {**DIRECTIVES, "boundscheck": checks, "wraparound": checks}
        modules += cythonize([made], compiler_directives=directives, quiet=True)
    command = setuptools.Distribution({"ext_modules": modules}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(scratch / "lib"), str(scratch / "temp")
    command.parallel = 2
    command.ensure_finalized()
    command.run()
    suffix = str(sysconfig.get_config_var("EXT_SUFFIX"))
    return [scratch / "lib" / TRAFFIC / "compiled" / f"{name}{suffix}" for name in names]


STATE_TYPES = """\
from .heap cimport Heap

cdef long long BUCKETS, FAR, FREE, HASH_KEY, REASON_COUNT

cdef class State:
    cdef public Heap heap
    cdef public list orders
    cdef public list watched
    cpdef long long new_slot(self)
    cdef void more_sums(self)
    cdef long long new_record(self)
    cdef void more_records(self)
    cdef long long new_place(self)
    cpdef void tie_places(self)
    cdef void let_go(self, long long record) noexcept
"""
C_TYPES = {"int": "long long", "Bits": "unsigned long long", "Ints": "long long[::1]"}


def _type_state(package: Path) -> None:
    """Give the state its C types; what names them is a class in Python, and a comment in C."""
    fields = _load(package / "fields.py").Fields.__annotations__
    lines = [f"    cdef public {C_TYPES[type_]} {name}\n" for name, type_ in fields.items()]
    (package / "state.pxd").write_text(STATE_TYPES + "".join(lines))
    state = (package / "state.py").read_text()
    assert "class State(Fields):" in state
    (package / "state.py").write_text(state.replace("class State(Fields):", "class State:"))


def _digest(source: Path) -> str:
    """As the kernel itself makes it, to tell whether it was compiled from what is there."""
    return str(_load(source.parent / "sources.py").sources_digest(source))


def _load(path: Path) -> Any:
    """A module by its path: the package may not be installed yet, nor what it needs."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(0 if build(Path(__file__).parent) else 1)

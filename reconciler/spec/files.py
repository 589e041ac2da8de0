"""State files: which ones a path means, and their documents put together by key."""

import re
from collections.abc import Sequence
from pathlib import Path

from reconciler.spec.report import Report
from reconciler.spec.tree import Map, Seq, kind_text, place
from reconciler.spec.yaml import read_yaml

STDIN = "-"
STDIN_NAME = "<stdin>"
_SUFFIXES = (".yaml", ".yml")


def read_state(paths: Sequence[str], stdin: str | None, report: Report) -> Map:
    """Every document of every path, as one mapping. Directories are read in order of name.

    ``report.has_placeholders`` says whether any of them could hold one.
    """
    merged = Map(place(len(report.files), 0, 0))
    for name, data in _contents(paths, stdin, report):
        index = len(report.files)
        report.files.append(name)
        report.has_placeholders |= b"$" in data
        for document in read_yaml(data, index, report):
            if not isinstance(document, Map):
                found = kind_text(document.value)
                report.add("R103", f"a document must be a mapping, not {found}", document.at)
                continue
            _put_together(merged, document, report)
    if not merged and not report.found:
        hint = "write what should run; `destroy` removes all that does"
        report.add("R103", "the state is empty", hint=hint)
    return merged


def default_name(paths: Sequence[str]) -> str:
    """The stack's name where none is written: the stem of the first file or directory."""
    first = next((path for path in paths if path != STDIN), None)
    if first is None:
        return ""
    path = Path(first).resolve()
    name = path.name if path.is_dir() else path.stem
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _contents(paths: Sequence[str], stdin: str | None, report: Report) -> list[tuple[str, bytes]]:
    """The name and the bytes of every file, in the order in which they are read."""
    made: list[tuple[str, bytes]] = []
    seen: set[Path] = set()
    for text in paths:
        if text == STDIN:
            # Text that came from undecodable bytes gives them back: the reader reports them.
            made.append((STDIN_NAME, (stdin or "").encode("utf-8", "surrogateescape")))
            continue
        for path in _files_of(text, report):
            try:
                same = path.resolve()
                data = None if same in seen else path.read_bytes()
            except (OSError, ValueError, RuntimeError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                report.add("R100", f"cannot read {str(path)!r}: {reason}")
                continue
            seen.add(same)
            if data is not None:
                made.append((str(path), data))
    if not paths:
        report.add("R100", "no state file was given")
    return made


def _files_of(text: str, report: Report) -> list[Path]:
    path = Path(text)
    try:
        if not path.is_dir():
            return [path]
        found = [p for p in sorted(path.iterdir()) if p.suffix in _SUFFIXES and p.is_file()]
    except (OSError, ValueError) as error:
        report.add("R100", f"cannot read {text!r}: {error}")
        return []
    if not found:
        report.add("R100", f"the directory {text} holds no *.yaml or *.yml file")
    return found


def _put_together(merged: Map, document: Map, report: Report) -> None:
    """Add a document to those before it; what both say is a finding with both places."""
    for key, value in document.items():
        marked = document.marks[key]
        if key not in merged:
            # A copy, since later documents are added to it.
            copied = value.copy() if isinstance(value, Map) else value
            merged.put(key, copied, marked)
            continue
        there = merged[key]
        if isinstance(there, Map) and isinstance(value, Map):
            for name, entry in value.items():
                if name in there:
                    _twice(f"{key}.{name}", there.key_at(name), value.key_at(name), report)
                else:
                    there.put(name, entry, value.marks[name])
        elif isinstance(there, Seq) and isinstance(value, Seq):
            merged.put(key, _joined(there, value), merged.marks[key])
        else:
            _twice(key, merged.key_at(key), document.key_at(key), report)


def _joined(first: Seq, second: Seq) -> Seq:
    made = Seq(first.at)
    for part in (first, second):
        for index, item in enumerate(part):
            made.put(item, part.item_at(index))
    return made


def _twice(what: str, first: int, second: int, report: Report) -> None:
    where = report.position(first)
    report.add("R109", f"{what} is declared twice", second, detail=f"first at {where}")

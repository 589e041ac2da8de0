"""YAML text → values with places, on libyaml's parser and a constructor of our own.

What differs from other loaders, on purpose: YAML 1.2 scalars, duplicate keys are errors
with both places, keys are text, and everything is bounded: the size of a file, the depth,
and the number of nodes with aliases written out. ``<<`` merges as it does in Compose:
keys written beside it win. The tag ``!override`` marks a mapping or list that replaces
what it is merged over; other tags of one's own are refused.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from reconciler.spec.report import Report
from reconciler.spec.scalars import WORDS, Plain, resolve
from reconciler.spec.tree import NOWHERE, Map, Seq, mark, place

MAX_FILE_BYTES = 32 * 2**20
MAX_DEPTH = 64
MAX_NODES = 1_000_000

# libyaml is in every wheel of PyYAML; without it the same events come slower.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"
_KINDS = {f"{_TAG}map": Map, f"{_TAG}seq": Seq}
_MERGE = "<<"
_SCALAR, _MAPPING, _SEQUENCE = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent


@contextmanager
def bulk() -> Iterator[None]:
    """No collections while many objects are made that stay: hardly one is on a circle.

    Looking through all of them again and again takes a tenth of a large plan's time. What
    is read is bounded, so what could be collected meanwhile is as well.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def read_yaml(data: bytes, file: int, report: Report) -> list[Any]:
    """The documents in `data`; what is wrong with it goes to `report`.

    `file` is the index of the file's name in ``report.files``. What cannot be parsed gives
    no documents at all; empty documents are left out.
    """
    text = _decoded(data, file, report)
    if text is None:
        return []
    constructor = _Constructor(file, report)
    try:
        with bulk():
            return constructor.documents(text)
    except _Refused:
        return []
    except yaml.YAMLError as error:
        _broken(error, text, file, report)
        return []


class _Refused(Exception):
    """The document was refused, and the report says why."""


def _decoded(data: bytes, file: int, report: Report) -> str | None:
    start = place(file, 0, 0)
    if len(data) > MAX_FILE_BYTES:
        size = f"{len(data) / 2**20:.0f} MiB"
        report.add("R104", f"the file is too large: {size}", start)
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        report.add("R102", "the file is not UTF-8: it begins with a UTF-16 byte order mark", start)
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n")
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace"))
        byte = f"0x{data[error.start]:02x}"
        report.add("R102", f"the file is not UTF-8: byte {byte}", place(file, line, column))
        return None


def _broken(error: yaml.YAMLError, text: str, file: int, report: Report) -> None:
    """libyaml's complaint as a diagnostic, with what people do about the usual ones."""
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line = before.count("\n")
        at = place(file, line, len(before) - (before.rfind("\n") + 1))
        character = error.character
        shown = f"U+{character:04X}" if isinstance(character, int) else repr(character)
        report.add("R102", f"a character that YAML does not allow: {shown}", at)
        return
    assert isinstance(error, yaml.MarkedYAMLError), error
    where = error.problem_mark or error.context_mark
    at = place(file, where.line, where.column) if where else place(file, 0, 0)
    problem = error.problem or "not YAML"
    if "nesting depth" in problem:  # the scanner's own bound, far above ours
        report.add("R104", f"nested deeper than {MAX_DEPTH} levels", at)
        return
    context = error.context or ""
    if error.context_mark:
        context += f" at line {error.context_mark.line + 1}"
    lines = text.split("\n")
    broken = lines[where.line] if where and where.line < len(lines) else ""
    report.add("R101", f"not YAML: {problem}", at, detail=context, hint=_advice(problem, broken))


def _advice(problem: str, line: str) -> str:
    """What people do about the usual mistakes; `line` is the text where the parser gave up."""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces; YAML does not allow tabs there"
    if "${" in line and "expected ','" in problem:
        return "quote placeholders that stand between { } or [ ]"
    if "mapping values are not allowed" in problem:
        return "quote the text if it holds `: `, or mend the indentation"
    if "did not find expected key" in problem or "expected <block end>" in problem:
        return "mend the indentation: this line is not aligned with those before it"
    if "could not find expected ':'" in problem:
        return "a key is followed by a colon and a space"
    return ""


class _Constructor:
    """Turns events into values. One for each file; it keeps its own stack, so depth is free."""

    def __init__(self, file: int, report: Report) -> None:
        self.file_bits = place(file, 0, 0)
        self.report = report
        self.anchors: dict[str, tuple[Any, int, int]] = {}
        self.nodes = 0
        self.known: dict[str, Any] = dict(WORDS)
        self.keys: dict[str, str] = {_MERGE: _MERGE_KEY}
        self.merged: dict[int, set[str]] = {}  # id of a mapping → its keys that `<<` brought

    def documents(self, text: str) -> list[Any]:
        """The values of all documents that are not empty."""
        loader = _LOADER(text)
        try:
            return self._documents(loader)
        finally:
            loader.dispose()

    def _documents(self, loader: Any) -> list[Any]:
        made = []
        event_of = loader.get_event
        while (event := event_of()) is not None:
            if type(event) is yaml.DocumentStartEvent:
                self.anchors.clear()
                self.merged.clear()
                value, at = self._value(event_of)
                if value is not None:
                    made.append((value, at))
        return [value if isinstance(value, Map) else _Bare(value, at) for value, at in made]

    def _value(self, event_of: Any) -> tuple[Any, int]:
        """The next whole value and its place. The hot loop: 100,000 lines in half a second."""
        stack: list[tuple[Any, str | None, int, Any, int]] = []
        node: Any = None  # the open collection
        key: str | None = None  # its key that waits for a value
        key_at, mapped = NOWHERE, False  # whether the open collection is a mapping
        known, keys, file_bits, nodes = self.known, self.keys, self.file_bits, self.nodes
        scalar, mapping, sequence = _SCALAR, _MAPPING, _SEQUENCE
        while True:
            event = event_of()
            kind = type(event)
            if kind is scalar:
                start, text = event.start_mark, event.value
                column = start.column
                at = file_bits + (start.line << 16) + (column if column < 65535 else 65535)
                plain = not event.style and event.tag is None
                if key is None and mapped:
                    key = keys[text] if plain and text in keys else self._key(event, at)
                    key_at = at
                    if event.anchor:
                        self._anchor(event, key, at, 1)
                    continue
                if not plain:
                    value = self._tagged(event, text, at)
                elif text in known:
                    value = known[text]
                else:
                    value = known[text] = Plain(text) if "$" in text else resolve(text)
                nodes += 1
                if event.anchor:
                    self._anchor(event, value, at, 1)
            elif kind is mapping or kind is sequence:
                at = self._at(event)
                stack.append((node, key, key_at, event, nodes))
                if len(stack) > MAX_DEPTH or (key is None and mapped):
                    self._refuse_opening(len(stack), at)
                mapped = kind is mapping
                node, key = Map(at) if mapped else Seq(at), None
                self._opened(event, node, at)
                continue
            elif kind is yaml.AliasEvent:
                at = self._at(event)
                value, size = self._alias(event, at)
                nodes += size
                if key is None and mapped:
                    key, key_at = self._alias_key(value, at), at
                    continue
            else:
                value, at = node, node.at
                node, key, key_at, opened, before = stack.pop()
                mapped = type(node) is Map
                nodes += 1
                if opened.anchor:
                    self._anchor(opened, value, at, nodes - before)
            if nodes > MAX_NODES:
                self._refuse("R104", f"more than {MAX_NODES:,} values, aliases written out", at)
            if mapped:
                assert key is not None
                if key in node or key is _MERGE_KEY:
                    self._put_twice(node, key, key_at, value, at)
                else:
                    node[key] = value
                    node.marks[key] = key_at << 56 | at
                key = None
            elif node is None:
                self.nodes = nodes
                return value, at
            else:
                node.append(value)
                node.marks.append(at)

    def _refuse_opening(self, depth: int, at: int) -> None:
        if depth > MAX_DEPTH:
            self._refuse("R104", f"nested deeper than {MAX_DEPTH} levels", at)
        self._refuse("R106", "a key must be text, not a mapping or a list", at)

    def _at(self, event: Any) -> int:
        start = event.start_mark
        return self.file_bits + place(0, start.line, start.column)

    def _refuse(self, code: str, summary: str, at: int) -> None:
        self.report.add(code, summary, at)
        raise _Refused

    def _key(self, event: Any, at: int) -> str:
        text = str(event.value)
        if event.tag is not None and event.tag not in (f"{_TAG}str", "!"):
            self.report.add("R107", f"the tag {_short(event.tag)!r} on a key", at)
        if event.style or event.tag is not None:
            return text
        if not isinstance(resolve(text), str):
            shown = _short(text) or "null"
            self.report.add("R106", f"the key {shown} is not text", at, hint=f'quote it: "{shown}"')
            return text
        self.keys[text] = text
        return text

    def _alias_key(self, value: Any, at: int) -> str:
        if not isinstance(value, str):
            self._refuse("R106", "a key must be text", at)
        return str(value)

    def _tagged(self, event: Any, text: str, at: int) -> Any:
        """A quoted scalar, a block scalar, or one with a tag."""
        tag = event.tag
        if tag is None or tag in (f"{_TAG}str", "!"):
            return text
        if tag in (f"{_TAG}int", f"{_TAG}float", f"{_TAG}bool", f"{_TAG}null"):
            value = resolve(text) if text else None
            wanted = {"int": int, "float": (int, float), "bool": bool, "null": type(None)}
            if isinstance(value, wanted[tag.removeprefix(_TAG)]):  # type: ignore[arg-type]
                return value
            self.report.add("R107", f"{_short(text)!r} is no {_short(tag)}", at)
            return text
        self.report.add("R107", f"the tag {_short(tag)!r} is not known", at)
        return text

    def _opened(self, event: Any, made: Map | Seq, at: int) -> None:
        """A collection with a tag or an anchor."""
        tag = event.tag
        if tag == "!override":
            made.whole = True
        elif tag is not None and tag != "!" and _KINDS.get(tag) is not type(made):
            self.report.add("R107", f"the tag {_short(tag)!r} is not known", at)
        if event.anchor:
            # Open: an alias to it before its end would make a circle.
            self.anchors[event.anchor] = (_OPEN, at, 0)

    def _anchor(self, event: Any, value: Any, at: int, size: int) -> None:
        self.anchors[event.anchor] = (value, at, size)

    def _alias(self, event: Any, at: int) -> tuple[Any, int]:
        """What an alias stands for, and how many values that is."""
        found = self.anchors.get(event.anchor)
        if found is None:
            self._refuse("R108", f"the alias *{_short(event.anchor)} has no anchor before it", at)
            raise AssertionError
        value, _, size = found
        if value is _OPEN:
            self._refuse("R108", f"*{_short(event.anchor)} is inside of what it stands for", at)
        return value, max(size, 1)

    def _put_twice(self, node: Map, key: str, key_at: int, value: Any, at: int) -> None:
        """The rare entries: a merge key, a key that is there already."""
        if key is _MERGE_KEY:
            self._merge(node, value, at)
        elif key in self.merged.get(id(node), ()):
            self.merged[id(node)].discard(key)
            node.put(key, value, mark(key_at, at))
        else:
            first = self.report.position(node.key_at(key))
            self.report.add(
                "R105", f"the key {_short(key)!r} is written twice", key_at,
                detail=f"first at {first}",
            )  # fmt: skip

    def _merge(self, node: Map, value: Any, at: int) -> None:
        """``<<``: entries of one mapping or of several, the first of them winning."""
        sources = value if isinstance(value, Seq) else [value]
        merged = self.merged.setdefault(id(node), set())
        for source in sources:
            if not isinstance(source, Map):
                self.report.add("R108", "`<<` takes a mapping or a list of mappings", at)
                return
            for key, entry in source.items():
                if key not in node:
                    node.put(key, entry, source.marks.get(key, NOWHERE))
                    merged.add(key)


class _Bare:
    """A document that is no mapping: the caller says so, with its place."""

    def __init__(self, value: Any, at: int) -> None:
        self.value, self.at = value, at


_OPEN = object()
_MERGE_KEY = str(b"<<", "ascii")  # an object of its own: a quoted "<<" is an ordinary key


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"

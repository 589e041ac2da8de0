"""Short ways to load a state in tests."""

import re
import textwrap
from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from reconciler.model.service import Service
from reconciler.spec.load import Loaded, load
from reconciler.spec.report import Report
from reconciler.spec.tree import Map
from reconciler.spec.yaml import read_yaml


def loaded(text: str, *, env: Mapping[str, str] | None = None, **options: Any) -> Loaded:
    """A state from standard input, named `t` unless it says otherwise."""
    return load(["-"], stdin=named(textwrap.dedent(text)), env=env or {}, **options)


def named(text: str) -> str:
    """`text` with a name for the stack, if it is a block mapping that has none."""
    has_one = text[:1] in "[{" or re.search(r"^name:", text, re.MULTILINE)
    return text if has_one else f"{text}\nname: t\n"


def findings(text: str, **options: Any) -> list[Diagnostic]:
    """What a refused state is refused for."""
    with pytest.raises(DiagnosticsError) as refused:
        loaded(text, **options)
    return refused.value.diagnostics


def finding(text: str, **options: Any) -> Diagnostic:
    """The one finding of a refused state."""
    found = findings(text, **options)
    assert len(found) == 1, [(d.code, d.summary) for d in found]
    return found[0]


def web(text: str, **options: Any) -> Service:
    """The service `web` of a state."""
    return loaded(text, **options).stack.declared.services["web"]


def at(diagnostic: Diagnostic) -> tuple[int, int]:
    """Line and column of a finding."""
    assert diagnostic.position is not None
    return diagnostic.position.line, diagnostic.position.column


def parsed(text: str | bytes) -> tuple[list[Any], Report]:
    """The documents of a YAML text, and what was found in it."""
    report = Report(["f.yaml"])
    data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
    return read_yaml(data, 0, report), report


def document(text: str) -> Map:
    """The one document of a well-formed YAML text."""
    documents, report = parsed(text)
    assert report.found == []
    assert isinstance(documents[0], Map)
    return documents[0]

"""Validation: a merged tree into the model's nouns, mistakes into diagnostics.

Scalars are strict (``"3"`` is no number, ``no`` is not false), collections are not (a list
is fine for a tuple). Parts of a stack, such as overlays, are checked by the same validators,
minus complaints about what is not there yet.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic_core import ValidationError

from reconciler.model.service import Service
from reconciler.model.stack import Declared
from reconciler.spec.core import validator
from reconciler.spec.explain import Mistake, explain
from reconciler.spec.report import Report
from reconciler.spec.tree import Map, Path
from reconciler.spec.vocabulary import Vocabulary

T = TypeVar("T")


def validate_declared(
    root: Map, report: Report, written: Mapping[int, str], *, filled: bool = True
) -> Declared | None:
    """The declared stack; None, and findings, where the tree does not make one.

    `written` gives, by place, the text that a value had before placeholders were filled, so
    that no message shows what came from outside. If not all could be `filled`, what still
    holds one is not complained of again.
    """
    made = _validate(
        Declared, root, root, (), report, written,
        lambda mistake: filled or not _has_placeholder(mistake["input"]),
    )  # fmt: skip
    return made if isinstance(made, Declared) else None


def validate_vocabulary(root: Map, part: Map, report: Report) -> Vocabulary | None:
    """The document-level sections in `part`, whose places are those of `root`."""
    made = _validate(Vocabulary, part, root, (), report, {}, lambda mistake: True)
    return made if isinstance(made, Vocabulary) else None


def validate_whole(kind: type[T], root: Map, report: Report) -> T | None:
    """A document as the noun `kind`; None, and findings, where it does not make one."""
    made = _validate(kind, root, root, (), report, {}, lambda mistake: True)
    return made if isinstance(made, kind) else None


def check_part(
    kind: type[Declared] | type[Service], part: Map, root: Map, path: Path, report: Report
) -> None:
    """Report what is wrong with a part of a stack, found at `path` of `root`.

    What is missing may come from what it is laid over, null removes, and placeholders may
    become anything: none of these is a mistake here.
    """
    _validate(kind, part, root, path, report, {}, _is_wrong_in_a_part)


def _is_wrong_in_a_part(mistake: Mistake) -> bool:
    value = mistake["input"]
    if mistake["type"].startswith("missing") or value is None:
        return False
    return not _has_placeholder(value)


def _has_placeholder(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_placeholder(item) for item in value)
    return isinstance(value, str) and "${" in value


def _validate(
    kind: type,
    part: Map,
    root: Map,
    path: Path,
    report: Report,
    written: Mapping[int, str],
    counts: Callable[[Mistake], bool],
) -> Any:
    try:
        return validator(kind).validate_python(part)
    except ValidationError as error:
        mistakes: list[Any] = error.errors(include_url=False)
        for mistake in mistakes:
            if counts(mistake):
                explain(kind, mistake, root, path, report, written)
        return None

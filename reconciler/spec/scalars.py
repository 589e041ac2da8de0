"""Plain scalars by YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema).

``no`` is text, ``0o17`` is 15, ``017`` is 17, ``12:30`` is text. A number whose text says
more than its value (``1.10``, ``0444``) keeps that text: where text is wanted, as in an
environment variable, it is what was written.
"""

import math
import re
from typing import Any

_NUMBER = re.compile(
    r"(?P<int>[-+]?[0-9]+)|(?P<oct>0o[0-7]+)|(?P<hex>0x[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<inf>[-+]?\.(?:inf|Inf|INF))|(?P<nan>\.(?:nan|NaN|NAN))",
    re.ASCII,
)
_NUMBER_START = frozenset("0123456789+-.")
_LONGEST_NUMBER = 300
WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class WrittenInt(int):
    """A whole number that remembers how it was written."""

    text: str

    def __str__(self) -> str:
        return self.text


class WrittenFloat(float):
    """A number that remembers how it was written."""

    text: str

    def __str__(self) -> str:
        return self.text


class Plain(str):
    """Text that was not quoted and still holds placeholders: resolved once they are filled."""

    __slots__ = ()


def resolve(text: str) -> Any:
    """The value of an unquoted scalar."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in _NUMBER_START or len(text) > _LONGEST_NUMBER:
        return text
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    if match["float"]:
        return _written_float(float(text), text)
    if match["inf"]:
        return -math.inf if text[0] == "-" else math.inf
    if match["nan"]:
        return math.nan
    return _written_int(int(text, 10 if match["int"] else 0), text)


def _written_int(value: int, text: str) -> int:
    if str(value) == text:
        return value
    made = WrittenInt(value)
    made.text = text
    return made


def _written_float(value: float, text: str) -> float:
    if str(value) == text:
        return value
    made = WrittenFloat(value)
    made.text = text
    return made

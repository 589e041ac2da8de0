"""HTML that escapes by default, and the page that all of it stands in."""

import base64
import hashlib
import json
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

_VOID = ("br", "line", "path", "rect", "circle")
_SELF_CLOSING = ("line", "path", "rect", "circle")  # of SVG, which is XML


class Html(str):
    """Markup that was made here. Any other text is escaped before it gets into a page."""

    __slots__ = ()


def el(name: str, *children: str | None, **attributes: Any) -> Html:
    """An element. `cls` is its class; attributes that are None are left out."""
    texts = []
    for key, value in attributes.items():
        if value is not None:
            written = "class" if key == "cls" else key.replace("_", "-")
            texts.append(f' {written}="{escape(str(value))}"')
    start = f"<{name}{''.join(texts)}"
    if name in _VOID:
        return Html(start + ("/>" if name in _SELF_CLOSING else ">"))
    return Html(f"{start}>{joined(*children)}</{name}>")


def joined(*children: str | None) -> Html:
    """Children one after the other; plain texts escaped."""
    return Html("".join(c if isinstance(c, Html) else escape(c) for c in children if c))


def page(title: str, body: Html, data: Any) -> str:
    """A page of its own: it asks for nothing, and runs no script and no style but its own.

    The Content-Security-Policy names both by their hash (W3C, CSP Level 3, § 2.3.1), so that
    nothing from a report could be run even if it were taken for markup.
    """
    style, script = _part("page.css"), _part("page.js")
    parts = {
        "style-hash": _hash(style), "script-hash": _hash(script), "title": escape(title),
        "style": style, "script": script, "body": body, "data": _embedded(data),
    }  # fmt: skip
    # One pass over the skeleton: what is filled in is not looked at for more to fill in.
    made = []
    for piece in _part("page.html").split("{{"):
        name, mark, rest = piece.partition("}}")
        made.append(parts[name] + rest if mark else piece)
    return "".join(made)


@cache
def _part(name: str) -> str:
    return files("reconciler.views").joinpath("page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


def _embedded(data: Any) -> str:
    """JSON that cannot end the element it stands in, or begin another."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text

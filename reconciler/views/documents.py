"""Machine-readable results: documents that name their format and its version.

A format's number changes when a reader of the old one would be misled; new keys may come
at any time.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

Document = Mapping[str, Any]


def document(name: str, version: int = 1, **content: Any) -> Document:
    """``{"format": "reconciler.NAME/VERSION", …}``."""
    return {"format": f"reconciler.{name}/{version}", **content}


def written(made: Document, output: Literal["json", "yaml"]) -> str:
    """The document as text, keys in the order they were given."""
    text = json.dumps(made, indent=2, ensure_ascii=False)
    if output == "json":
        return text + "\n"
    import yaml

    # Through JSON, so that both forms hold the very same values: no tuples, no tags.
    plain = yaml.safe_dump(
        json.loads(text), sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )
    return str(plain)

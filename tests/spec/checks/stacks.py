"""Small stacks, made without YAML, whose positions spell the path that was asked for."""

from typing import Any

from pydantic import TypeAdapter

from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.stack import Declared, Stack
from reconciler.spec.checks import check

ADAPTER = TypeAdapter(Declared)


class Spelled:
    """Every path is there, and its position's file is the path itself."""

    def find(self, path: tuple[str | int, ...]) -> Position | None:
        return Position("/".join(map(str, path)), 1)


def stack(**sections: Any) -> Stack:
    return Stack(ADAPTER.validate_python({"name": "shop", **sections}), Spelled())


def web(**fields: Any) -> dict[str, Any]:
    """Sections with one service that breaks no check by itself."""
    return {"services": {"web": {"image": "web:1", **fields}}}


def both(web: dict[str, Any], api: dict[str, Any]) -> dict[str, Any]:
    """Sections with two services."""
    return {"services": {"web": {"image": "web:1", **web}, "api": {"image": "api:1", **api}}}


def routed(**routing: Any) -> dict[str, Any]:
    """Fields of a routed service that breaks no check by itself."""
    return {
        "ports": ["80"],
        "routing": {"drain": "60s", **routing},
        "readiness": http("/ready"),
        "liveness": http("/live"),
    }


def http(path: str, **fields: Any) -> dict[str, Any]:
    return {"http": {"path": path, "port": 80}, **fields}


def findings(code: str, sections: dict[str, Any]) -> list[Diagnostic]:
    return [found for found in check(stack(**sections)) if found.code == code]

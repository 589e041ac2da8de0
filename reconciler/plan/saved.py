"""Saved plans: versioned JSON, and when one may no longer be applied."""

import json
from collections.abc import Mapping
from typing import Any

from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError, Position
from reconciler.model.observed import Value
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Shutdown
from reconciler.plan.plan import Plan

FORMAT = "reconciler.plan/1"


def dump(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values. Holds digests of secrets, never their content."""
    return {
        "format": FORMAT,
        "stack": plan.stack,
        "target": plan.target,
        "environment": plan.environment,
        "state": list(plan.state),
        "desired_digest": plan.desired_digest,
        "confirm_above": plan.confirm_above,
        "changes": [_change(change) for change in plan.changes],
        "held": {str(key): reason for key, reason in plan.held.items()},
        "kept": [str(key) for key in plan.kept],
        "findings": [_finding(finding) for finding in plan.findings],
        **_shutdown(plan.shutdown),
    }


def _shutdown(bounds: Shutdown) -> dict[str, Any]:
    """The bounds of a destroy; nothing where there are none."""
    given = {f"{name}_ns": getattr(bounds, name) for name in ("drain", "stop", "flush", "total")}
    return {"shutdown": given} if bounds != Shutdown() else {}


def load(text: str, name: str) -> Plan:
    """The plan that `text`, read from the file `name`, holds.

    Raises DiagnosticsError where it holds none, or one of another format.
    """
    try:
        data = json.loads(text)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            given = data.get("format") if isinstance(data, dict) else None
            raise DiagnosticsError([_unreadable(name, f"its format is {given!r}, not {FORMAT!r}")])
        return Plan(
            stack=data["stack"],
            target=data["target"],
            environment=data["environment"],
            desired_digest=data["desired_digest"],
            changes=tuple(_read_change(raw) for raw in data["changes"]),
            held={ResourceKey.parse(key): reason for key, reason in data["held"].items()},
            kept=tuple(ResourceKey.parse(key) for key in data["kept"]),
            state=tuple(data["state"]),
            confirm_above=data["confirm_above"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DiagnosticsError([_unreadable(name, f"{type(error).__name__}: {error}")]) from None


def stale(saved: Plan, fresh: Plan, what: str = "the saved plan") -> list[Diagnostic]:
    """Why `saved`, which is `what`, is not what would be done now; nothing where it still is."""
    found: list[str] = []
    if (saved.stack, saved.target) != (fresh.stack, fresh.target):
        found.append(f"it is for stack {saved.stack} on {saved.target}")
    if saved.desired_digest != fresh.desired_digest:
        found.append("the desired state has changed since")
    before = {change.key: change for change in saved.changes}
    now = {change.key: change for change in fresh.changes}
    for key in sorted(before.keys() | now.keys()):
        found += _difference(key, before.get(key), now.get(key))
    return [stale_for(reason, what) for reason in found]


def stale_for(reason: str, what: str) -> Diagnostic:
    """What says that `what` may not be applied any more, and why."""
    return Diagnostic(
        "R310", f"{what} is stale: {reason}",
        "What is applied is what was shown; what it was decided on is no longer so.",
        "make a new plan and look at it again",
    )  # fmt: skip


def _difference(key: ResourceKey, before: Change | None, now: Change | None) -> list[str]:
    if before is None:
        return [f"{key} would change now and was not in it"]
    if now is None:
        return [f"{key} needs no change any more"]
    if before.reads != now.reads:
        return [f"{key} is no longer as it was read"]
    pairs = (
        ("action", before.action.value, now.action.value),
        ("revision", before.to_revision, now.to_revision),
        ("former revision", before.from_revision, now.from_revision),
        ("replicas", before.to_replicas, now.to_replicas),
        ("deletions", before.deletes, now.deletes),
    )
    return [f"{key}: its {name} is now another" for name, old, new in pairs if old != new]


def _change(change: Change) -> dict[str, Any]:
    return {
        "key": str(change.key),
        "action": change.action.value,
        "reason": change.reason,
        "position": _position(change.position),
        "from_revision": change.from_revision,
        "to_revision": change.to_revision,
        "from_replicas": change.from_replicas,
        "to_replicas": change.to_replicas,
        "deletes": list(change.deletes),
        "reads": change.reads,
        "wave": change.wave,
        "calls": dict(change.calls),
        "notes": list(change.notes),
        "fields": [
            {
                "path": field.path,
                "old": field.old,
                "new": field.new,
                "replaces": field.replaces,
                "position": _position(field.position),
            }
            for field in change.fields
        ],
    }


def _read_change(raw: Mapping[str, Any]) -> Change:
    return Change(
        key=ResourceKey.parse(raw["key"]),
        action=Action(raw["action"]),
        reason=raw["reason"],
        fields=tuple(
            FieldChange(
                field["path"], _value(field["old"]), _value(field["new"]),
                field["replaces"], _read_position(field["position"]),
            )
            for field in raw["fields"]
        ),
        position=_read_position(raw["position"]),
        from_revision=raw["from_revision"],
        to_revision=raw["to_revision"],
        from_replicas=raw["from_replicas"],
        to_replicas=raw["to_replicas"],
        deletes=tuple(raw["deletes"]),
        reads=raw["reads"],
        wave=raw["wave"],
        calls=raw["calls"],
        notes=tuple(raw["notes"]),
    )  # fmt: skip


def _value(raw: Any) -> Value:
    return tuple(raw) if isinstance(raw, list) else raw


def _position(position: Position | None) -> dict[str, Any] | None:
    if position is None:
        return None
    return {"file": position.file, "line": position.line, "column": position.column}


def _read_position(raw: Mapping[str, Any] | None) -> Position | None:
    return None if raw is None else Position(raw["file"], raw["line"], raw["column"])


def _finding(finding: Diagnostic) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "summary": finding.summary,
        "detail": finding.detail,
        "hint": finding.hint,
        "position": _position(finding.position),
        "waived": finding.waived,
    }


def _unreadable(name: str, reason: str) -> Diagnostic:
    return Diagnostic(
        "R311", f"{name} is not a plan that can be applied", reason,
        "make one with `reconciler plan STATE --out FILE`",
    )  # fmt: skip

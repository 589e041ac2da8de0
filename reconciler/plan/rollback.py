"""Going back by hand: the facts that make an older revision the one that should run.

The file still asks for the present one, so that one is noted as failed, and the older one as
good once more. The rest is what follows from any failure: it is held, and `--retry` goes
forward again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from reconciler.model.noun import listed
from reconciler.model.record import Record, Revision, revision_body
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.plan.changes import Asked, standing_for
from reconciler.plan.standing import Standing, fact
from reconciler.plan.view import View

NOTHING_TO_GO_BACK_TO = "R320"
NO_SUCH_REVISION = "R321"
USES_WHAT_IS_GONE = "R322"
WAS_ONLY_A_VARIABLE = "R323"
BY_HAND = "rolled back by hand"
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Rollback:
    """The revision to go back to, and what has to be written for that, in this order.

    Nothing has to be where it is what should run already. `image_id` is that of the very
    image that was good, empty where it was not noted; `image` what it was called.
    """

    revision: str
    records: tuple[Record, ...] = ()
    image: str = ""
    image_id: str = ""


def rollback_of(
    asked: Asked, view: View, now_ns: int, *, to: str, reason: str, commit: str = ""
) -> Rollback:
    """How `asked` goes back: to the revision that begins with `to`, or to the last good one.

    Raises DiagnosticsError where there is none, or it uses what is no longer there.
    """
    standing = standing_for(asked, view)
    chosen = _named(asked, standing, to) if to else _last(asked, standing)
    if standing.is_rolled_back and standing.effective and (
        standing.effective.revision == chosen.revision
    ):  # fmt: skip
        return _to(chosen)
    missing = _missing(asked.stack, chosen.fields, view)
    if missing:
        raise DiagnosticsError([_gone(asked, chosen, need) for need in missing])
    said = f"{BY_HAND}: {reason}" if reason else BY_HAND
    again = _again(chosen, standing, now_ns)
    records = (*view.records_of(asked.key), again)
    failed = fact(standing, "failed", now_ns, records, reason=said, commit=commit, by_hand=True)
    # In this order: cut off between the two, the wanted one is only confirmed once more.
    return _to(chosen, again, failed)


def _to(chosen: Revision, *records: Record) -> Rollback:
    return Rollback(chosen.revision, records, str(chosen.fields["image"]), chosen.image_id)


def good_revisions(facts: Iterable[Revision]) -> dict[str, Revision]:
    """What can be gone back to, by revision: its newest good fact; the newest one first."""
    newest: dict[str, Revision] = {}
    for each in sorted(facts, key=lambda f: f.seq, reverse=True):
        if each.outcome == "good" and each.fields:
            newest.setdefault(each.revision, each)
    return newest


def _last(asked: Asked, standing: Standing) -> Revision:
    running = standing.effective.revision if standing.effective else ""
    for revision, found in good_revisions(standing.facts).items():
        if revision not in (running, standing.wanted.revision):
            return found
    raise DiagnosticsError(
        [
            Diagnostic(
                NOTHING_TO_GO_BACK_TO, f"{asked.key} has no other good revision to go back to",
                "Only what has been confirmed as healthy is gone back to.",
                f"see what there is with `reconciler history STATE {asked.key.name}`",
                asked.stack.position(asked.key),
            )
        ]
    )  # fmt: skip


def _named(asked: Asked, standing: Standing, to: str) -> Revision:
    good = good_revisions(standing.facts)
    wanted = standing.wanted.revision
    found = [revision for revision in good if revision.startswith(to)]
    if len(found) == 1 and found[0] != wanted:
        return good[found[0]]
    others = [revision for revision in good if revision != wanted][:_SHOWN]
    hint = f"one of {', '.join(others)}" if others else "there is no other good revision"
    if len(found) > 1:
        why = f"{to} is the beginning of several revisions of {asked.key}"
    elif wanted.startswith(to):
        why = f"{wanted} is what the desired state asks of {asked.key}"
        hint = f"`apply --retry {asked.key.name}` goes forward to it where it was held; {hint}"
    elif any(each.revision.startswith(to) for each in standing.facts):
        why = f"the revision {to} of {asked.key} has never been good"
    else:
        why = f"{asked.key} has no revision {to}"
    detail = "Only what has been confirmed as healthy is gone back to."
    position = asked.stack.position(asked.key)
    raise DiagnosticsError([Diagnostic(NO_SUCH_REVISION, why, detail, hint, position)])


def _again(chosen: Revision, standing: Standing, now_ns: int) -> Record:
    seq = 1 + max(each.seq for each in standing.facts)
    body = revision_body(
        replace(chosen, reason="gone back to by hand", when_ns=now_ns, by_hand=True)
    )
    return Record("revision", chosen.service, seq, body)


def _missing(stack: Stack, fields: Mapping[str, Any], view: View) -> list[ResourceKey]:
    """What a revision uses that neither is there nor would be made as it was."""
    there = {key for key, found in view.objects.items() if found.owned}
    return [key for key in _uses(fields) if key not in there and not _is_declared(stack, key)]


def _is_declared(stack: Stack, key: ResourceKey) -> bool:
    declared = stack.declared
    if key.kind == "config":
        config = declared.configs.get(key.base_name)
        return config is not None and key.name == f"{key.base_name}@{config.digest}"
    if key.kind == "secret":
        secret = declared.secrets.get(key.base_name)
        return secret is not None and key.name == f"{key.base_name}@{secret.digest}"
    return False


def _uses(fields: Mapping[str, Any]) -> list[ResourceKey]:
    """The networks, volumes and contents that an instance with these fields uses."""
    found = {ResourceKey("network", name) for name in fields.get("networks") or ()}
    for path, value in fields.items():
        section, text = path.partition(".")[0], str(value)
        if section == "volumes" and not text.startswith("/"):
            found.add(ResourceKey("volume", text.removesuffix(":ro")))
        elif section == "configs":
            found.add(ResourceKey("config", text.rpartition(":")[0]))
        elif section == "secrets":
            found.add(ResourceKey("secret", text.rpartition(":")[0]))
        elif section == "environment" and _is_reference(text):
            kind, _, name = text.partition(":")
            found.add(ResourceKey("config" if kind == "config" else "secret", name))
    return sorted(found)


def _is_reference(text: str) -> bool:
    """``secret:db@0123456789abcdef``: a variable whose value is a content."""
    digest = text.rpartition("@")[2]
    is_digest = len(digest) == 16 and all(c in "0123456789abcdef" for c in digest)
    return text.startswith(("config:", "secret:")) and is_digest


def _variables(fields: Mapping[str, Any], need: ResourceKey) -> list[str]:
    """The variables that a content goes into, where it is not a file as well."""
    reference = f"{need.kind}:{need.name}"
    if any(
        path.startswith(("configs.", "secrets.")) and str(value).rpartition(":")[0] == need.name
        for path, value in fields.items()
    ):
        return []
    return sorted(
        path.removeprefix("environment.")
        for path, value in fields.items()
        if path.startswith("environment.") and value == reference
    )


def _gone(asked: Asked, chosen: Revision, need: ResourceKey) -> Diagnostic:
    variables = _variables(chosen.fields, need)
    if variables:
        return _never_kept(asked, chosen, need, variables)
    content = need.kind in ("config", "secret")
    what = f"the content of {need.kind} {need.base_name}" if content else str(need)
    return Diagnostic(
        USES_WHAT_IS_GONE,
        f"{asked.key}: revision {chosen.revision} needs {what}, which is no longer there",
        "A revision keeps what it was made of by reference; other contents would make another.",
        "put the former content or declaration back into the desired state, or go back to "
        "another revision",
        asked.stack.position(asked.key),
    )


def _never_kept(
    asked: Asked, chosen: Revision, need: ResourceKey, variables: list[str]
) -> Diagnostic:
    return Diagnostic(
        WAS_ONLY_A_VARIABLE,
        f"{asked.key}: revision {chosen.revision} had another value of {need.kind} "
        f"{need.base_name} in {listed(variables)}, and that value is not kept anywhere",
        "A record holds no secret, only a digest of it; a value that goes in as a variable alone "
        "ends with the containers that had it.",
        f"put the former value back where {need.base_name} is read from, and apply: that is the "
        "former revision; or go back to another one",
        asked.stack.position(asked.key, "environment", variables[0]),
    )

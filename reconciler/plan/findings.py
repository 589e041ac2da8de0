"""What only the live state shows: mistakes that can be seen before the first call."""

from collections.abc import Iterable

from reconciler.model.change import Action, Change
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.fields import for_ordinal
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.plan import objects
from reconciler.plan.changes import Asked
from reconciler.plan.naming import instance_name
from reconciler.plan.standing import Standing
from reconciler.plan.view import View


def live_findings(asked: Asked, standing: Standing, view: View) -> list[Diagnostic]:
    """What stands in the way of one workload."""
    found = [*_image(asked, standing), *_names(asked, standing, view)]
    if isinstance(asked.workload, Service) and view.foreign:
        found += _ports(asked, standing, view)
    return found


def protected_findings(stack: Stack, view: View, changes: Iterable[Change]) -> list[Diagnostic]:
    """Changes that would remove or replace what is protected."""
    declared = set(objects.protection(stack)["protected"])
    before = set(objects.remembered(stack, view)["protected"])
    guarded = declared | {t for t in before if stack.declaration(ResourceKey.parse(t)) is None}
    found: list[Diagnostic] = []
    if not guarded:
        return found
    for change in changes:
        text = str(change.key)
        if text in guarded and change.action in (Action.DELETE, Action.REPLACE):
            verb = "removed" if change.action is Action.DELETE else "replaced"
            found.append(
                Diagnostic(
                    "R304", f"{text} is protected and would be {verb}", change.reason,
                    "apply it once with `protect: false`, then again with this change",
                    change.position,
                )
            )  # fmt: skip
    return found


def absent_image(asked: Asked, standing: Standing) -> Diagnostic | None:
    """What says that the image of what should run is not on the target, where it is not."""
    wanted = standing.effective
    if wanted is None or wanted.image_id is not None:
        return None
    position = asked.stack.position(asked.key, "image")
    if asked.workload.pull == "never":
        return Diagnostic(
            "R503", f"{asked.key}: the image {wanted.image} is not there and is never pulled",
            "`pull: never` uses only what the target has already.",
            "load the image first, or say `pull: missing`", position,
        )  # fmt: skip
    return Diagnostic(
        "R506", f"{asked.key}: the image {wanted.image} is not there",
        "It has not been pulled yet, or could not be.",
        "`apply` pulls it, and says what stands in the way: its name, its tag, or the account "
        "at its registry",
        position,
    )  # fmt: skip


def _image(asked: Asked, standing: Standing) -> list[Diagnostic]:
    found = absent_image(asked, standing)
    return [found] if found is not None and found.code == "R503" else []


def _names(asked: Asked, standing: Standing, view: View) -> list[Diagnostic]:
    """Instances that are to be made under a name that something foreign has."""
    taken = {f.name for f in view.foreign if f.holds_name}
    if not taken or standing.effective is None or not isinstance(asked.workload, Service):
        return []
    shape, key, revision = asked.shape, asked.key, standing.effective.revision
    found = []
    for ordinal in range(shape.replicas):
        own = [i for i in view.of(key) if i.ordinal == ordinal and i.revision == revision]
        attempt = 1 + max((i.attempt for i in own), default=0)
        name = instance_name(
            asked.stack.name, key, ordinal, revision, attempt, singleton=shape.singleton
        )
        if name in taken:
            found.append(
                Diagnostic(
                    "R505", f"{key}: the name {name} is in use by something that is not ours",
                    "It does not carry this stack's mark and will not be touched.",
                    "rename or remove it, or adopt it by name", asked.stack.position(key),
                )
            )  # fmt: skip
    return found


def _ports(asked: Asked, standing: Standing, view: View) -> list[Diagnostic]:
    if standing.effective is None:
        return []
    taken = {port: f.name for f in view.foreign for port in f.host_ports}
    found = []
    for ordinal in range(asked.shape.replicas):
        fields = for_ordinal(standing.effective.fields, ordinal)
        for path, value in fields.items():
            if not path.startswith("ports."):
                continue
            transport = path.rpartition("/")[2]
            for holder, text in _holders(taken, str(value), transport):
                found.append(
                    Diagnostic(
                        "R504", f"{asked.key}: the host port {text} is in use by {holder}",
                        f"{holder} is not ours and will not be touched.",
                        "publish on another host port, or stop what holds it",
                        asked.stack.position(asked.key, "ports"),
                    )
                )  # fmt: skip
    return found


def _holders(taken: dict[str, str], published: str, transport: str) -> list[tuple[str, str]]:
    ip, _, port = published.rpartition(":")
    anywhere = ("", "0.0.0.0", "::")
    return [
        (holder, f"{port}/{transport}")
        for text, holder in sorted(taken.items())
        if text.endswith(f":{port}/{transport}")
        and (ip in anywhere or text.rpartition(":")[0] in (ip, *anywhere))
    ]

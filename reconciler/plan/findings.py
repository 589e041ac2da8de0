"""What only the live state shows: mistakes that can be seen before the first call."""

from collections.abc import Iterable

from reconciler.model.change import Action, Change
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.fields import for_ordinal
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.plan import objects
from reconciler.plan.changes import Asked
from reconciler.plan.naming import instance_name
from reconciler.plan.shape import shape_of
from reconciler.plan.standing import Standing
from reconciler.plan.view import View


def live_findings(asked: Asked, standing: Standing, view: View) -> list[Diagnostic]:
    """What stands in the way of one workload."""
    found = [*_image(asked, standing), *_names(asked, standing, view)]
    if isinstance(asked.workload, Service) and view.foreign:
        found += _ports(asked, asked.workload, standing, view)
    return found


def protected_findings(stack: Stack, view: View, changes: Iterable[Change]) -> list[Diagnostic]:
    """Changes that would remove or replace what is protected."""
    declared = set(objects.protection(stack)["protected"])
    before = set(objects.remembered(stack, view)["protected"])
    gone = {text for text in before if not _is_declared(stack, text)}
    found = []
    for change in changes:
        text = str(change.key)
        if text in declared | gone and change.action in (Action.DELETE, Action.REPLACE):
            verb = "removed" if change.action is Action.DELETE else "replaced"
            found.append(
                Diagnostic(
                    "R304", f"{text} is protected and would be {verb}", change.reason,
                    "apply it once with `protect: false`, then again with this change",
                    change.position,
                )
            )  # fmt: skip
    return found


def _is_declared(stack: Stack, text: str) -> bool:
    kind, _, name = text.partition("/")
    tables = {
        "service": stack.declared.services, "job": stack.declared.jobs,
        "network": stack.declared.networks, "volume": stack.declared.volumes,
    }  # fmt: skip
    return name in tables.get(kind, {})


def _image(asked: Asked, standing: Standing) -> list[Diagnostic]:
    wanted = standing.effective
    if wanted is None or asked.workload.pull != "never" or wanted.image_id is not None:
        return []
    return [
        Diagnostic(
            "R503", f"{asked.key}: the image {wanted.image} is not there and is never pulled",
            "`pull: never` uses only what the target has already.",
            "load the image first, or say `pull: missing`",
            asked.stack.position(asked.key, "image"),
        )
    ]  # fmt: skip


def _names(asked: Asked, standing: Standing, view: View) -> list[Diagnostic]:
    """Instances that are to be made under a name that something foreign has."""
    if standing.effective is None or not isinstance(asked.workload, Service):
        return []
    taken = {f.name for f in view.foreign if f.holds_name}
    shape, key, revision = shape_of(asked.workload), asked.key, standing.effective.revision
    found = []
    for ordinal in range(shape.replicas if taken else 0):
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


def _ports(asked: Asked, service: Service, standing: Standing, view: View) -> list[Diagnostic]:
    if standing.effective is None:
        return []
    taken = {port: f.name for f in view.foreign for port in f.host_ports}
    found = []
    for ordinal in range(shape_of(service).replicas):
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

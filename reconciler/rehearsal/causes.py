"""Why requests and sessions were dropped: from what instances were doing to a field to blame.

The table is `reconciler.rehearsal.blames`; the stack tells at which line the field stands.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from reconciler.model.rehearsal import Cause
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.rehearsal.blames import OF_STACK, TABLE, Blame
from reconciler.rehearsal.scene import Scene
from reconciler.sim.traffic.endpoints import Ledger

MENDED = (
    "what runs was made so and ends so, whatever the state says now: it holds from the change "
    "after this one on"
)


def causes_of(scene: Scene, ledger: Ledger) -> tuple[Cause, ...]:
    """The causes of everything in the ledger, the heaviest first."""
    made: dict[tuple[str, bool], Cause] = {}
    for (reason, context), first_ns in sorted(ledger.first_ns.items(), key=lambda item: item[1]):
        names = tuple(ledger.instances.get((reason, context), {}))
        then = _then(scene, names)
        blame = next(row for row in TABLE if row.fits(reason, context, then or scene))
        mended = then is not None and _differs(blame.path(then), then.service, scene.service)
        own = then if then is not None and mended else scene
        cause = made.get((blame.code, mended)) or found_by(blame, own, first_ns)
        if mended:
            cause = replace(cause, fix=MENDED, position=None)
        requests = 0 if reason == "session" else ledger.requests[reason, context]
        sessions = ledger.sessions[context] if reason == "session" else 0
        made[blame.code, mended] = replace(
            cause,
            requests=cause.requests + requests,
            sessions=cause.sessions + sessions,
            instances=tuple(dict.fromkeys((*cause.instances, *names))),
        )
    return tuple(sorted(made.values(), key=_weight))


def _then(scene: Scene, names: Collection[str]) -> Scene | None:
    """The scene as it was before the change, where it struck only what was made before."""
    if scene.before is None or not names or not scene.made_before.issuperset(names):
        return None
    return replace(scene, service=scene.before)


def _differs(path: str, before: Service, wanted: Service) -> bool:
    """Whether the state has another value there than what runs was made with."""
    if not path or path.startswith(OF_STACK):
        return False
    return _value(before, path) != _value(wanted, path)


def _value(service: Service, path: str) -> object:
    found: object = service
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def merged(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """The causes of several runs as one list: their counts added up."""
    made: dict[tuple[str, str, bool], Cause] = {}
    for cause in causes:
        key = (cause.code, cause.service, cause.fix == MENDED)
        before = made.get(key)
        if before is None:
            made[key] = cause
            continue
        made[key] = replace(
            before,
            requests=before.requests + cause.requests,
            sessions=before.sessions + cause.sessions,
            moved=before.moved + cause.moved,
            first_ns=_earlier(before.first_ns, cause.first_ns),
            instances=tuple(dict.fromkeys((*before.instances, *cause.instances))),
        )
    return tuple(sorted(made.values(), key=_weight))


def _weight(cause: Cause) -> tuple[int, int, str, str]:
    first_ns = cause.first_ns or 0
    return -cause.sessions - cause.requests - cause.moved, first_ns, cause.code, cause.service


def _earlier(one: int | None, other: int | None) -> int | None:
    """The earlier of two times, of which either may not be known."""
    known = [each for each in (one, other) if each is not None]
    return min(known, default=None)


def found_by(blame: Blame, scene: Scene, first_ns: int | None) -> Cause:
    """The cause that a row of the table tells of, with its field's place."""
    path = blame.path(scene)
    key = ResourceKey("service", scene.name)
    if path.startswith(OF_STACK):
        full = path.removeprefix(OF_STACK)
        position = scene.stack.positions.find(tuple(full.split(".")))
    else:
        position = scene.stack.position(key, *path.split(".")) if path else None
        # An external goes by its bare name in a file.
        full = f"services.{scene.name}.{path.replace('external/', '')}" if path else ""
    return Cause(
        blame.code, scene.name, blame.text(scene), blame.fix(scene), path=full,
        position=position, first_ns=first_ns,
    )  # fmt: skip

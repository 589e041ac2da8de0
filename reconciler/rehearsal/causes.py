"""Why requests and sessions were dropped: from what instances were doing to a field to blame.

The table is `reconciler.rehearsal.blames`; the stack tells at which line the field stands.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from reconciler.model.rehearsal import Cause
from reconciler.model.resource import ResourceKey
from reconciler.rehearsal.blames import OF_STACK, TABLE, Blame
from reconciler.rehearsal.scene import Scene
from reconciler.sim.traffic.endpoints import Ledger

MENDED = (
    "what runs was made so and ends so, whatever the state says now: it holds from the change "
    "after this one on"
)
CHANGED = "it was so until it was changed: the state says otherwise now"
# Paths of what an edge does, which changes when the edge acts on it, for instances of before too.
OF_EDGES = ("routing", "weights", "/zones", "/edge")


def causes_of(scene: Scene, *eras: tuple[Scene, Ledger]) -> tuple[Cause, ...]:
    """The causes of everything in the ledgers, the heaviest first.

    Each comes with the scene as it was routed then; `scene` is as it is wanted.
    """
    made: dict[tuple[str, bool], Cause] = {}
    for era, ledger in eras:
        for what, first_ns in sorted(ledger.first_ns.items(), key=lambda item: item[1]):
            _put_down(made, scene, era, ledger, what, first_ns)
    return tuple(sorted(made.values(), key=_weight))


def _put_down(
    made: dict[tuple[str, bool], Cause], scene: Scene, era: Scene, ledger: Ledger,
    what: tuple[str, str], first_ns: int,
) -> None:  # fmt: skip
    """Add one line of a ledger to its cause."""
    reason, context = what
    names = tuple(ledger.instances.get(what, {}))
    then = _then(era, names) or era
    blame = next(row for row in TABLE if row.fits(reason, context, then))
    path = blame.path(then)
    is_edges = path.startswith(OF_EDGES)
    mended = _differs(path, then, scene) or (is_edges and path != blame.path(scene))
    cause = made.get((blame.code, mended)) or found_by(blame, then if mended else scene, first_ns)
    if mended:
        fix = CHANGED if is_edges else MENDED
        cause = replace(cause, fix=fix, position=None)
    made[blame.code, mended] = replace(
        cause,
        requests=cause.requests + (0 if reason == "session" else ledger.requests[what]),
        sessions=cause.sessions + (ledger.sessions[context] if reason == "session" else 0),
        instances=tuple(dict.fromkeys((*cause.instances, *names))),
    )


def _then(scene: Scene, names: Collection[str]) -> Scene | None:
    """The scene as it was before the change, where it struck only what was made before."""
    if scene.before is None or not names or not scene.made_before.issuperset(names):
        return None
    own = scene.service
    return replace(
        scene, service=replace(scene.before, routing=own.routing, weights=own.weights)
    )  # fmt: skip


def _differs(path: str, before: Scene, wanted: Scene) -> bool:
    """Whether the state has another value there than what runs was made with, or did by."""
    if path.startswith(OF_STACK):
        path = path.removeprefix(OF_STACK)
        return _value(before.stack.declared, path) != _value(wanted.stack.declared, path)
    return bool(path) and _value(before.service, path) != _value(wanted.service, path)


def _value(noun: object, path: str) -> object:
    found: object = noun
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)
    return found


def merged(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """The causes of several runs as one list: their counts added up."""
    made: dict[tuple[str, str, bool], Cause] = {}
    for cause in causes:
        key = (cause.code, cause.service, cause.fix in (MENDED, CHANGED))
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

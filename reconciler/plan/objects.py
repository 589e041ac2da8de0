"""Changes of what is no workload of ours: networks, volumes, configs, secrets, native objects."""

from collections.abc import Collection, Iterable, Sequence

from reconciler.diff.fields import Delta, deltas, field_changes
from reconciler.model.change import Action, Change
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.fields import digest_of
from reconciler.model.observed import Fields, Instance, ObservedObject
from reconciler.model.record import Record, next_seq
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.plan.view import View

# Kinds whose objects cannot change in place and hold nothing that would be lost.
REPLACEABLE = ("network", "config", "secret")
LEFTOVER = "leftover."


def object_deltas(wanted: Fields, found: ObservedObject) -> tuple[Delta, ...]:
    """How an object differs from what is wanted of it."""
    return deltas(wanted, found.fields, found.defaults)


def object_change(
    stack: Stack, key: ResourceKey, wanted: Fields, found: ObservedObject | None, native: bool
) -> Change | None:
    """How an object gets from what is there to what is wanted; None where it is so already."""
    position = stack.position(key)
    if found is None:
        return Change(
            key, Action.CREATE, "not there yet", position=position,
            to_revision=digest_of(wanted), to_replicas=1, calls={"apply": 1},
        )  # fmt: skip
    differing = object_deltas(wanted, found)
    if not differing or not found.owned:
        return None
    replaced = not native and key.kind in REPLACEABLE and not _only_leftovers(differing)
    names = ", ".join(delta.path for delta in differing[:3])
    return Change(
        key,
        Action.REPLACE if replaced else Action.UPDATE,
        f"{names} {'differ' if len(differing) > 1 else 'differs'} from what is there",
        field_changes(stack, key, differing, () if replaced else ("",)),
        position,
        from_revision=digest_of(found.fields),
        to_revision=digest_of(wanted),
        from_replicas=1,
        to_replicas=1,
        deletes=(found.id,) if replaced else (),
        reads=f"{found.id}.{found.fingerprint}",
        calls={"apply": 1, "delete": 1} if replaced else {"apply": 1},
    )


def _only_leftovers(differing: Sequence[Delta]) -> bool:
    """Whether it is as wanted, and only what a killed process left beside it has to go."""
    return all(delta.path.startswith(LEFTOVER) for delta in differing)


def object_removal(found: ObservedObject, records: Sequence[Record] = ()) -> Change:
    """The end of an object that is no longer declared, and of what is remembered of it."""
    return Change(
        found.key,
        Action.DELETE,
        "no longer declared",
        from_revision=digest_of(found.fields),
        from_replicas=1,
        deletes=(found.id,),
        reads=f"{found.id}.{found.fingerprint}",
        calls={"delete": 1, **({"forget": len(records)} if records else {})},
    )


def conflicts(
    stack: Stack, key: ResourceKey, wanted: Fields, found: ObservedObject
) -> list[Diagnostic]:
    """What cannot be done about an object, and what a person can do."""
    position = stack.position(key)
    if not found.owned:
        return [
            Diagnostic(
                "R501", f"{key}: something of this name is there and is not ours",
                f"It has the id {found.id[:12]} and does not carry this stack's mark.",
                "rename one of the two, or adopt it by name", position,
            )
        ]  # fmt: skip
    differing = object_deltas(wanted, found) if key.kind == "volume" else ()
    if not differing:
        return []
    return [
        Diagnostic(
            "R502", f"{key}: {differing[0].path} cannot change without losing its data",
            f"It is {differing[0].old!r} and {differing[0].new!r} is wanted.",
            "declare a volume of another name and move the data, or take the change back",
            position,
        )
    ]  # fmt: skip


def holders(key: ResourceKey, instances: Iterable[Instance]) -> tuple[str, ...]:
    """Names of the instances that hold an object, by their live fields."""
    return tuple(i.name for i in instances if holds(key, i.fields))


def holds(key: ResourceKey, fields: Fields) -> bool:
    """Whether an instance with these fields holds the object."""
    if key.kind == "network":
        networks = fields.get("networks")
        return isinstance(networks, tuple) and key.name in networks
    prefix = {"volume": "volumes.", "config": "configs.", "secret": "secrets."}.get(key.kind)
    if prefix is None:
        return False
    return any(
        path.startswith(prefix) and _source(str(value), key) == key.name
        for path, value in fields.items()
    )


def _source(value: str, key: ResourceKey) -> str:
    if key.kind == "volume":
        return value.removesuffix(":ro")
    return value.rpartition(":")[0]


def stack_key(stack: Stack) -> ResourceKey:
    """The stack itself, as the owner of what is remembered of the whole."""
    return ResourceKey("stack", stack.name)


def protection(
    stack: Stack, view: View | None = None, going: Collection[ResourceKey] = ()
) -> dict[str, list[str]]:
    """What must outlive its declaration: kept in a record, since the file forgets it.

    With a `view`, what was remembered of things that are no longer declared stays so as
    long as they are there and not `going`.
    """
    declared = stack.declared
    protected = [f"service/{n}" for n, s in declared.services.items() if s.protect]
    protected += [f"job/{n}" for n, j in declared.jobs.items() if j.protect]
    protected += [f"network/{n}" for n, net in declared.networks.items() if net.protect]
    protected += [f"volume/{n}" for n, v in declared.volumes.items() if v.protect]
    unkept = [f"volume/{n}" for n, v in declared.volumes.items() if not v.keep]
    wanted = {"protected": protected, "unkept": unkept}
    if view is not None:
        for name, texts in remembered(stack, view).items():
            wanted[name] += [t for t in texts if _outlives(stack, view, t, going)]
    return {name: sorted(set(texts)) for name, texts in wanted.items()}


def outliving(stack: Stack, view: View) -> list[ResourceKey]:
    """What is remembered, no longer declared, and still there."""
    texts = {text for found in remembered(stack, view).values() for text in found}
    return [ResourceKey.parse(t) for t in sorted(texts) if _outlives(stack, view, t, ())]


def _outlives(stack: Stack, view: View, text: str, going: Collection[ResourceKey]) -> bool:
    key = ResourceKey.parse(text)
    there = bool(view.of(key)) or key in view.objects
    return there and stack.declaration(key) is None and key not in going


def remembered(stack: Stack, view: View) -> dict[str, list[str]]:
    """The newest record of what is protected and what may go."""
    facts = view.records_of(stack_key(stack))
    body = facts[-1].body if facts else {}
    return {name: list(body.get(name, [])) for name in ("protected", "unkept")}


def protection_change(
    stack: Stack, view: View, going: Collection[ResourceKey] = ()
) -> Change | None:
    """The record of protection, where it is not as it is to be once what is `going` is gone."""
    key = stack_key(stack)
    wanted, now = protection(stack, view, going), remembered(stack, view)
    facts = view.records_of(key)
    empty = not any(wanted.values())
    if wanted == now and len(facts) == (0 if empty else 1):
        return None
    found = [
        Delta(name, tuple(now[name]), tuple(wanted[name]))
        for name in sorted(wanted)
        if now[name] != wanted[name]
    ]
    written = int(wanted != now)
    drops = len(facts) if empty or written else len(facts) - 1
    calls = {"forget": drops} if empty else {"record": written, "forget": drops}
    return Change(
        key,
        Action.DELETE if empty else (Action.UPDATE if facts else Action.CREATE),
        "what is protected changes" if found else "nothing is protected any more",
        field_changes(stack, key, found, ("",)),
        reads=str(facts[-1].seq if facts else 0),
        to_revision=digest_of({name: tuple(names) for name, names in wanted.items()}),
        calls={kind: count for kind, count in calls.items() if count},
    )


def protection_record(stack: Stack, view: View) -> Record:
    """The next record of what is protected."""
    key = stack_key(stack)
    seq = next_seq("hold", str(key), view.records_of(key))
    return Record("hold", str(key), seq, protection(stack, view))

"""Who still uses a workload that is to go, and which of them are not to be waited for.

What uses another ends before it, by the labels its instances were made with. Labels may be of
a time long past, and what is declared may itself wait for what is to go: for its network,
which is made anew when the last one has left it, or for its host port. Whoever waits for
such a one waits for itself, and nothing would ever happen again.
"""

from collections.abc import Callable, Iterator
from functools import partial

from reconciler.controller.decision import Context
from reconciler.controller.shutdown import holds_others
from reconciler.model.observed import Fields, Instance
from reconciler.model.resource import ResourceKey
from reconciler.plan.objects import holds
from reconciler.plan.restarting import may_start_again

EVERY_ADDRESS = ("", "0.0.0.0", "::")


def users_of(ctx: Context) -> list[ResourceKey]:
    """What has to end, or to be made anew, before the workload that is decided on may end."""
    return [user for user in _named(ctx, ctx.key) if not _is_let_be(ctx, user)]


def _named(ctx: Context, key: ResourceKey) -> list[ResourceKey]:
    """The workloads of ours with an instance that was made to depend on this one, in order.

    One that is declared and as wanted does so no longer: its labels may be of a time when it
    did, and are no reason to make it anew.
    """
    text, instances = str(key), ctx.view.instances
    found = [
        k
        for k in instances
        if k != key and any(text in i.depends and holds_others(ctx, i) for i in instances[k])
    ]
    return sorted(k for k in found if k not in ctx.graph.needs or not _is_ready(ctx, k))


def _is_ready(ctx: Context, key: ResourceKey) -> bool:
    return ctx.status_of(key).phase == "ready"


def _is_let_be(ctx: Context, user: ResourceKey) -> bool:
    """Whether this user is not to be waited for, because it waits for the one decided on."""
    if user in ctx.graph.needs:
        return not _makes_way(ctx, user) and _waits_for(ctx, user, ctx.key)
    # Both are to go, and each was once made to depend on the other: the younger knows better.
    return user in _used_by(ctx, ctx.key) and _age(ctx, user) < _age(ctx, ctx.key)


def _makes_way(ctx: Context, user: ResourceKey) -> bool:
    """Whether a service leaves a network that is made anew: what it is now waits for nothing."""
    if user.kind != "service":
        return False
    networks = [need for need in _unmet(ctx, user) if need.kind == "network"]
    return any(holds(network, i.fields) for network in networks for i in ctx.view.of(user))


def _unmet(ctx: Context, key: ResourceKey) -> list[ResourceKey]:
    """What a declared resource waits for; others than are asked for decide nothing."""
    needs, only = ctx.graph.needs[key], ctx.policy.only
    asked_for = [need for need in needs if only is None or need in only]
    return [need for need in asked_for if needs[need] not in ctx.status_of(need).meets]


def _age(ctx: Context, key: ResourceKey) -> tuple[int, ResourceKey]:
    """When its newest instance was made; no two workloads are of the same age."""
    return max((i.created_at_ns for i in ctx.view.of(key)), default=0), key


def _used_by(ctx: Context, key: ResourceKey) -> set[ResourceKey]:
    """What a workload that is to go depends on, directly or not, of all that is to go."""
    found: set[ResourceKey] = set()
    ahead = [key]
    while ahead:
        texts = {text for i in ctx.view.of(ahead.pop()) for text in i.depends}
        used = {ResourceKey.parse(text) for text in texts} - found - ctx.graph.needs.keys()
        found |= used
        ahead += sorted(used)
    return found


def _waits_for(ctx: Context, user: ResourceKey, other: ResourceKey) -> bool:
    """Whether a declared workload can only go on when another, which is to go, is gone."""
    seen, ahead = {user}, [user]
    while ahead:
        for key in _awaited(ctx, ahead.pop()):
            if key == other:
                return True
            if key not in seen:
                seen.add(key)
                ahead.append(key)
    return False


def _awaited(ctx: Context, key: ResourceKey) -> Iterator[ResourceKey]:
    """What the next step of a resource waits for."""
    if key not in ctx.graph.needs:
        yield from _named(ctx, key)
    elif key.kind == "network":
        yield from _going(ctx, lambda i: not i.has_ended and holds(key, i.fields))
    else:
        yield from _unmet(ctx, key)
        for wanted in ctx.view.of(key):
            if may_start_again(wanted):
                yield from _going(ctx, partial(_stands_in_the_way, wanted))


def _going(ctx: Context, which: Callable[[Instance], bool]) -> list[ResourceKey]:
    """The workloads that are to go with an instance of this sort."""
    instances = ctx.view.instances
    gone = [key for key in instances if key not in ctx.graph.needs]
    return sorted(key for key in gone if any(which(i) for i in instances[key]))


def _stands_in_the_way(wanted: Instance, other: Instance) -> bool:
    """Whether an instance cannot start while another runs, for a host port that both publish."""
    held = _published(other.fields) if other.is_running else []
    return any(_overlap(a, b) for a in _published(wanted.fields) for b in held)


def _overlap(one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    same_address = one[0] == other[0] or one[0] in EVERY_ADDRESS or other[0] in EVERY_ADDRESS
    return same_address and one[1:] == other[1:]


def _published(fields: Fields) -> list[tuple[str, str, str]]:
    """(address, host port, transport) of each port that is published."""
    return [
        (*_address_and_port(str(value)), path.rpartition("/")[2])
        for path, value in fields.items()
        if path.startswith("ports.")
    ]


def _address_and_port(text: str) -> tuple[str, str]:
    address, _, port = text.rpartition(":")
    return address, port

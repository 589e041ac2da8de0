"""What a destroy keeps to: its bounds, and who uses whom, both as the stack declared them.

`drain` is had once, by all: an edge of ours sends what it routes no new session, and the rest
finishes what it has. Then users end before what they use, each within `stop`. What has ended is
kept for `flush`, so that whoever collects logs can read the last of them. At `total` nothing is
waited for any more. A bound that is zero or not set binds nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler import graph as graphs
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Shutdown, Stack
from reconciler.plan.stopping import Limits
from reconciler.plan.view import View

WORKLOADS = ("service", "job")
Users = Mapping[ResourceKey, Sequence[ResourceKey]]


@dataclass(frozen=True, slots=True)
class Ending:
    """How everything of a stack is to end. `users`: the workloads that depend on each workload.

    Where instances carry labels, these say who uses whom; `users` is for targets that have none.
    """

    bounds: Shutdown
    users: Users

    def drain_end_ns(self, began_ns: int) -> int:
        """When draining is over at the latest, for a shutdown that began then."""
        end_ns, last_ns = began_ns + self.bounds.drain, self.end_ns(began_ns)
        return end_ns if last_ns is None else min(end_ns, last_ns)

    def end_ns(self, began_ns: int) -> int | None:
        """From when on nothing is waited for."""
        return None if self.bounds.total is None else began_ns + self.bounds.total

    def limits(self, began_ns: int) -> Limits:
        """What the stop of one instance has to keep to."""
        bounds = self.bounds
        return Limits(bounds.stop or None, self.end_ns(began_ns), is_drained=bounds.drain > 0)

    def grace_ns(self, began_ns: int, now_ns: int) -> int | None:
        """How long what is told now to end may take; None leaves it its own time."""
        end_ns = self.end_ns(began_ns)
        left_ns = None if end_ns is None else max(0, end_ns - now_ns)
        return min((t for t in (self.bounds.stop or None, left_ns) if t is not None), default=None)


def ending_of(stack: Stack) -> Ending:
    """How a destroy ends this stack. What stands on a cycle is waited for by nobody."""
    graph = graphs.build(stack)
    levels = graph.levels
    users = {
        key: tuple(u for u in graph.dependents[key] if u.kind in WORKLOADS and u in levels)
        for key in levels
        if key.kind in WORKLOADS
    }
    return Ending(stack.declared.shutdown, users)


def labelled_users(view: View) -> Users:
    """Who uses whom, by the labels that instances were made with."""
    found: dict[ResourceKey, list[ResourceKey]] = {}
    for user in sorted(view.instances):
        for text in sorted({text for i in view.of(user) for text in i.depends}):
            found.setdefault(ResourceKey.parse(text), []).append(user)
    return found


def depths(keys: Iterable[ResourceKey], users: Users) -> dict[ResourceKey, int]:
    """The wave in which each of these ends, from 0: after the last of its users.

    What stands on a cycle, as labels of another time may have it, ends with the first.
    """
    asked = sorted(keys)
    among = set(asked)
    missing = {key: {u for u in users.get(key, ()) if u in among and u != key} for key in asked}
    used: dict[ResourceKey, list[ResourceKey]] = {}
    for key in asked:
        for user in sorted(missing[key]):
            used.setdefault(user, []).append(key)
    depth = dict.fromkeys(asked, 0)
    ready = [key for key in asked if not missing[key]]
    while ready:
        user = ready.pop()
        for key in used.get(user, ()):
            missing[key].discard(user)
            depth[key] = max(depth[key], depth[user] + 1)
            if not missing[key]:
                ready.append(key)
    return {key: 0 if missing[key] else depth[key] for key in asked}

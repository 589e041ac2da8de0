"""What follows from a stack alone: read once, and shared by every controller that wants it."""

from reconciler import graph as graphs
from reconciler.controller.slot import Fitted
from reconciler.model.observed import Fields
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.plan.changes import Asked
from reconciler.plan.planner import fields_of, scope_of


class Desired:
    """A stack as it is decided on. Nothing in it depends on what runs, or on the time."""

    def __init__(self, stack: Stack, in_place: tuple[str, ...]) -> None:
        self.stack = stack
        self.in_place = in_place
        self.graph = graphs.build(stack)
        self.scope = scope_of(stack, self.graph)
        self._asked: dict[ResourceKey, Asked] = {}
        self._fields: dict[ResourceKey, Fields] = {}
        self._fits: dict[ResourceKey, dict[str, Fitted]] = {}

    def asked(self, key: ResourceKey) -> Asked:
        """A workload as it is asked for."""
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = Asked(self.stack, key, self.in_place)
        return asked

    def fields(self, key: ResourceKey) -> Fields:
        """What is wanted of an object."""
        fields = self._fields.get(key)
        if fields is None:
            fields = self._fields[key] = fields_of(self.stack, key)
        return fields

    def fits(self, key: ResourceKey) -> dict[str, Fitted]:
        """How instances of a workload were last found to fit, by id."""
        return self._fits.setdefault(key, {})


_latest: Desired | None = None


def desired(stack: Stack, in_place: tuple[str, ...]) -> Desired:
    """What follows from a stack; the newest is remembered.

    A simulator brings thousands of worlds to the same stack, each with a controller of its own.
    """
    global _latest
    latest = _latest
    if latest is None or latest.stack is not stack or latest.in_place != in_place:
        latest = _latest = Desired(stack, in_place)
    return latest

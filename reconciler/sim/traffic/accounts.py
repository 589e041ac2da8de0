"""Why what was dropped was dropped, as a flow notes it down."""

from reconciler.sim.traffic.belief import Belief
from reconciler.sim.traffic.endpoints import NOBODY, UNASKED, Context, Endpoint, Ledger
from reconciler.sim.traffic.kernel import REASONS, UP


class Accounts(Belief):
    """A flow's ledger; the part of `reconciler.sim.traffic.flow.Flow` that fills it."""

    ledger: Ledger

    @property
    def now_ns(self) -> int:
        """The kernel's time: since the traffic began."""
        return self.world.now_ns - self.began_ns

    def _note(self, endpoint: Endpoint, context: Context) -> None:
        """What was dropped there since the last time is put down to what it was doing."""
        dropped = self.kernel.dropped_at(endpoint.slot)
        cut = self.kernel.sessions_cut_at(endpoint.slot)
        if dropped == endpoint.seen and cut == endpoint.seen_cut:
            return
        name = endpoint.container.name if endpoint.container is not None else ""
        if dropped != endpoint.seen:
            for index, (now, before) in enumerate(
                zip(dropped, endpoint.seen or (0,) * len(dropped), strict=True)
            ):
                if now != before:
                    what = "its own limit" if REASONS[index] == "limited" else context
                    self.ledger.note(REASONS[index], what, now - before, self.now_ns, name)
            endpoint.seen = dropped
        if cut != endpoint.seen_cut:
            if self.kernel.every and context in ("killed", "drain over"):
                context = "state gone"
            self.ledger.note("session", context, cut - endpoint.seen_cut, self.now_ns, name)
            endpoint.seen_cut = cut

    def _lacking(self) -> Context:
        """Why the edge had nobody to give a request to."""
        there = self.endpoints.values()
        for why in UNASKED:
            if any(why in (e.doing(self.world.now_ns), e.edge != UP and e.why_down) for e in there):
                return NOBODY + why
        if any(self.owed.values()):
            return NOBODY + "node"
        if any(e.healthy for e in there):
            return NOBODY + "not let in"
        contexts = {e.context for e in there}
        for context in ("starting", "draining", "hung", "serving", "down"):
            if context in contexts:
                return NOBODY + context
        return "nobody"

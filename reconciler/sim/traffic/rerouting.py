"""A flow whose routing changes: when its edge acts on it, and what it does then."""

from dataclasses import dataclass

from reconciler.model.observed import Fields
from reconciler.sim.edge import EdgeRules
from reconciler.sim.things import Thing
from reconciler.sim.traffic.accounts import Accounts
from reconciler.sim.traffic.endpoints import Endpoint, Ledger
from reconciler.sim.traffic.kernel import DOWN, UP
from reconciler.sim.traffic.route import Route
from reconciler.sim.world import SYNC


@dataclass(frozen=True, slots=True)
class Turn:
    """Another routing: `stage` tells which of the stacks says so, counted from the first.

    In a cluster its service's object is written for it, unless nothing of that changes: it is
    `written` with these fields.
    """

    stage: int
    route: Route
    rules: EdgeRules
    written: Fields | None = None


class Rerouting(Accounts):
    """The part of `reconciler.sim.traffic.flow.Flow` that follows the state's routing.

    `past` are the ledgers of before, each with the stage whose routing held.
    """

    stack: str
    route: Route
    stage: int
    past: list[tuple[int, Ledger]]
    turns: list[Turn]
    turned_ns: int = 0  # when it last acted on one

    @property
    def wanted(self) -> Turn:
        """What the state says, acted on or not."""
        return self.turns[-1] if self.turns else Turn(self.stage, self.route, self.rules)

    @property
    def ledgers(self) -> list[tuple[int, Ledger]]:
        """All that was noted, each with the stage whose routing held."""
        return [*self.past, (self.stage, self.ledger)]

    def turn(self, turn: Turn) -> None:
        """The state says so from now on: the edge hears of it with its lag, or once written."""
        self.turns.append(turn)
        there = self.world.holding(self.stack).objects.get(self.key)
        if turn.written is None or (there is not None and self._is_written(there)):
            self._hear()

    def wrote(self, there: Thing) -> None:
        """The service's object has changed."""
        if self.turns and self._is_written(there):
            self._hear()

    def _is_written(self, there: Thing) -> bool:
        """Whether the object says what the newest turn wants it to."""
        written = self.turns[-1].written or {}
        return all(there.fields.get(path) == value for path, value in written.items())

    def _hear(self) -> None:
        at_ns = self.world.now_ns + self.rules.lag
        if at_ns == self.world.now_ns:
            self.reroute(len(self.turns) - 1)
            return
        payload = (str(self.key), "", len(self.turns) - 1, "route")
        self.world.push(at_ns, SYNC, "edge", payload)

    def reroute(self, number: int) -> None:
        """The edge acts on a turn, if it is the newest and is not acted on already."""
        turn = self.turns[number]
        if number != len(self.turns) - 1 or turn.stage == self.stage:
            return
        self.sync()
        before, asked = self.route, self.rules
        self.past.append((self.stage, self.ledger))
        self.ledger, self.stage, self.turned_ns = Ledger(), turn.stage, self.now_ns
        self.route, self.rules, self.weights = turn.route, turn.rules, turn.route.weights
        turn.route.follow(before, self.kernel, turn.rules)
        reloaded = turn.route.is_reload(before, turn.rules) or turn.rules != asked
        for endpoint in self.endpoints.values():
            if turn.rules != asked or (reloaded and self._forgets):
                self._ask_anew(endpoint)
            self._publish(endpoint)

    @property
    def _forgets(self) -> bool:
        """Whether a reload of the edge takes whom it had put out by its checks for well.

        nginx Plus does, unless told otherwise (`persistent`, `mandatory`;
        ngx_http_upstream_hc_module). An HAProxy is given the states in a file.
        """
        return self.rules.kind == "nginx"

    def _ask_anew(self, endpoint: Endpoint) -> None:
        """Checks go on by the edge's present rules."""
        if not endpoint.registered:
            return
        if self._forgets and endpoint.edge == DOWN:
            self._set(endpoint, edge=UP)
        if self.rules.active:
            self._ask(endpoint)
        else:
            endpoint.token += 1  # nobody asks any more
            if endpoint.edge == DOWN:
                self._set(endpoint, edge=UP)

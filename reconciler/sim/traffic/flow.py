"""One routed service's traffic, bound to the service's instances in a world.

The kernel serves all that arrives between two changes of the endpoints. This is what tells
it of the changes: what an instance's process does with a request is the world's own truth,
and what the edge believes of it comes later, as its kind has it.
"""

from reconciler.model.resource import ResourceKey
from reconciler.sim.edge import EdgeRules
from reconciler.sim.probes import asking
from reconciler.sim.things import Container, Transition
from reconciler.sim.traffic.endpoints import (
    UNASKED,
    Context,
    Endpoint,
    Kernel,
    Ledger,
    why_ended,
)
from reconciler.sim.traffic.kernel import (
    ABSENT,
    ANSWERS_503,
    CLOSED,
    DOWN,
    DRAIN,
    HANGS,
    REASONS,
    SERVES,
    UP,
)
from reconciler.sim.traffic.rerouting import Rerouting
from reconciler.sim.traffic.route import PLAIN, Route
from reconciler.sim.world import SYNC, Payload, World

SAMPLE_NS = 250_000_000  # between two looks at whether an instance is drained


class Flow(Rerouting):
    """The traffic of one service. Make it, then let it hear the world's transitions."""

    def __init__(
        self, world: World, stack: str, key: ResourceKey, kernel: Kernel, rules: EdgeRules,
        *, route: Route = PLAIN, stage: int = 0, places: int = 0,
    ) -> None:  # fmt: skip
        self.world, self.stack, self.key = world, stack, key
        self.kernel, self.rules, self.weights = kernel, rules, route.weights
        self.route, self.stage, self.turns = route, stage, []
        self.ledger, self.past = Ledger(), []
        self.endpoints: dict[str, Endpoint] = {}  # container id, or ordinal of a place
        self.began_ns = world.now_ns
        self.away_until_ns = 0
        self.fallen, self.last_ready = True, None
        self.fell: Context = ""  # the last end that nobody asked for
        self.nowhere: tuple[int, ...] = ()
        self.owed: dict[str, bool] = {}
        self.accounted = (0, 0)  # requests dropped and sessions cut, as far as causes are noted
        if rules.membership == "static":
            for ordinal in range(places):
                self._place(ordinal)
        for container in world.of(stack, key):
            self._join(container)

    # -- what the world tells -------------------------------------------------------------

    def heard(self, told: Transition) -> None:
        """A transition of an instance of the service: first everything until now happens."""
        container = told.thing
        if not isinstance(container, Container):
            return
        self.sync()
        self._owe(container, told.what)
        endpoint = self._of(container)
        match told.what:
            case "started":
                self._started(container)
            case "removed":
                self._gone(endpoint, container)
            case _ if endpoint is None or endpoint.container is not container:
                return
            case "up":
                self._serves(endpoint, container)
            case "ready" | "unready":
                if told.what == "ready" and endpoint.context != "error":
                    endpoint.lacks = False
                self._readiness(endpoint, ready=told.what == "ready")
            case "lack":
                endpoint.lacks = True
            case "hung":
                self._hung(endpoint, container)
            case "signalled":
                self._signalled(endpoint, container, told.detail)
            case "error":
                self._truth(endpoint, ANSWERS_503, "error", healthy=False)
            case "terminating":
                self._register(endpoint, wanted=False)
            case "exited" | "restarting":
                self._ended(endpoint, container)

    def on_edge(self, payload: Payload) -> None:
        """Entry ``edge``: the edge has learnt something that is still so."""
        _, name, token, what = payload
        if what == "back":
            self.come_back()
            return
        if what == "warm":
            self._warmed(name)
            return
        if what == "route":
            self.reroute(token)
            return
        endpoint = self.endpoints.get(name)
        listing = what in ("register", "deregister")
        if endpoint is None or token != (endpoint.news if listing else endpoint.token):
            return
        self.sync()
        if what == "register":
            self._registered(endpoint)
        elif what == "deregister":
            endpoint.registered = False
            self._set(endpoint, edge=ABSENT)
        elif what == "asked":
            self._answered_first(endpoint)
        elif endpoint.registered:
            self._found(endpoint, healthy=what == "up")
        self._fall_back()

    # -- what the reconciler does at an edge of ours --------------------------------------

    def drain(self, container: Container, *, on: bool = True) -> None:
        """No new session goes to this instance, or they do again."""
        self.sync()
        endpoint = self._of(container)
        if endpoint is None:
            return
        endpoint.held = on
        if on and endpoint.edge == UP:
            self._set(endpoint, edge=DRAIN)
        elif not on and endpoint.edge == DRAIN:
            self._set(endpoint, edge=UP if endpoint.healthy else DOWN)
        container.drained = False
        container.draining_since_ns = self.world.now_ns if on else None
        self._tell_routed(endpoint, "drains at the edge" if on else "back at the edge")
        if on:
            self.look_drained(container)

    def look_drained(self, container: Container) -> None:
        """Whether what drains has nothing left to do; if not, look again when it should."""
        if container.draining_since_ns is None or container.drained:
            return
        if self.is_drained(container):
            container.drained = True
            self._take_out(container)
            self.world.emit("drained", container)
            return
        at_ns = max(self._done_ns(container), self.world.now_ns + SAMPLE_NS)
        self.world.push(at_ns, SYNC, "drained", (str(self.key), container.id))

    def _take_out(self, container: Container) -> None:
        """From drain to maintenance, ahead of the stop: nobody comes back, tied or not."""
        endpoint = self._of(container)
        if endpoint is not None and endpoint.edge == DRAIN:
            self._set(endpoint, edge=DOWN)

    def _tell_routed(self, endpoint: Endpoint, what: str) -> None:
        """The reconciler sees at the instance what an edge of its own does with it."""
        container = endpoint.container
        if container is None or self.rules.membership != "announced":
            return
        routed = endpoint.registered and not endpoint.held
        if container.routed != routed:
            container.routed = routed
            self.world.emit(what, container)

    def is_drained(self, container: Container) -> bool:
        """Whether its edge knows nothing more to wait for at this instance.

        Nothing is in flight there and no connection open; and nobody may come again whom
        affinity ties to it: what the edge gave it last is older than the tie lasts. The edge
        knows of no session beyond that.
        """
        self.sync()
        endpoint = self._of(container)
        if endpoint is None:
            return True
        if self.kernel.finish_by(endpoint.slot) or self.kernel.last_session_end(endpoint.slot):
            return False
        return self.kernel.tied_until(endpoint.slot) < max(self.now_ns, 1)

    def replace_edge(self, gap_ns: int) -> None:
        """The edge itself goes and comes back after a gap; its connections are cut."""
        self.sync()
        self.away_until_ns = self.world.now_ns + gap_ns
        for endpoint in self.endpoints.values():
            self.kernel.cut(endpoint.slot, self.now_ns, True, True, False)
            self._note(endpoint, "edge")
            self._publish(endpoint)
        self.world.push(self.away_until_ns, SYNC, "edge", (str(self.key), "", 0, "back"))

    def come_back(self) -> None:
        """The edge is there again, and knows of every instance what it knew."""
        self.sync()
        for endpoint in self.endpoints.values():
            self._publish(endpoint)

    # -- numbers ---------------------------------------------------------------------------

    def sync(self) -> None:
        """Let all that is due happen, and say why what was dropped was dropped."""
        self.kernel.run(self.now_ns)
        lost = (self.dropped, self.kernel.sessions_cut)
        if lost != self.accounted:
            self._account()
            self.accounted = lost

    @property
    def dropped(self) -> int:
        """All requests dropped so far, told without a look at each slot."""
        kernel = self.kernel
        return kernel.arrivals - kernel.served - kernel.in_flight_total

    def _account(self) -> None:
        """Put what was lost since the last time down to what each instance was doing."""
        for endpoint in self.endpoints.values():
            self._note(endpoint, endpoint.doing(self.world.now_ns))
        lost = self.kernel.dropped_at(-1)
        for index, (now, before) in enumerate(
            zip(lost, self.nowhere or (0,) * len(lost), strict=True)
        ):
            if now != before:
                context = "edge" if self.world.now_ns < self.away_until_ns else self._lacking()
                if REASONS[index] == "limited":
                    context = "zone"
                self.ledger.note(REASONS[index], context, now - before, self.now_ns, "")
        self.nowhere = lost

    def finished_ns(self, container: Container) -> int:
        """When what is in flight at an instance will be done, in the world's time."""
        self.sync()
        endpoint = self._of(container)
        if endpoint is None:
            return self.world.now_ns
        last = max(
            self.kernel.finish_by(endpoint.slot), self.kernel.last_session_end(endpoint.slot)
        )
        return max(self.world.now_ns, self.began_ns + last)

    def _done_ns(self, container: Container) -> int:
        """When its edge should look again whether it is drained, in the world's time."""
        endpoint = self._of(container)
        tied = self.kernel.tied_until(endpoint.slot) if endpoint is not None else 0
        return max(self.finished_ns(container), self.began_ns + tied + 1)

    # -- endpoints -------------------------------------------------------------------------

    def _place(self, ordinal: int) -> Endpoint:
        made = self.endpoints[str(ordinal)] = Endpoint(
            self.kernel.add_slot(), str(ordinal), edge=DOWN if self.rules.active else UP,
            registered=True, since_ns=self.world.now_ns,
        )  # fmt: skip
        self._publish(made)
        return made

    def _join(self, container: Container) -> None:
        """An instance that runs already, as the edge has known it for long."""
        if container.phase != "running":
            return
        endpoint = self._enter(container)
        ready = container.ready or asking(container.fields, "readiness") is None
        endpoint.healthy = ready and not container.hung
        endpoint.app = HANGS if container.hung else SERVES if endpoint.healthy else CLOSED
        endpoint.context = "hung" if container.hung else "serving" if ready else "starting"
        endpoint.registered = endpoint.healthy or self.rules.membership != "registered"
        endpoint.edge = UP if endpoint.healthy else DOWN
        self._publish(endpoint)
        self._tell_routed(endpoint, "at the edge")

    def _enter(self, container: Container) -> Endpoint:
        endpoint = self._of(container)
        if endpoint is None:
            if self.rules.membership == "static":
                endpoint = self._place(container.ordinal)
            else:
                endpoint = Endpoint(
                    self.kernel.add_slot(), container.id, since_ns=self.world.now_ns
                )
                self.endpoints[container.id] = endpoint
        endpoint.container = container
        endpoint.seen = self.kernel.dropped_at(endpoint.slot)
        endpoint.seen_cut = self.kernel.sessions_cut_at(endpoint.slot)
        behaviour = container.behaviour
        self.kernel.set_app_limit(endpoint.slot, behaviour.limit_gap_ns, behaviour.limit_burst)
        return endpoint

    def _started(self, container: Container) -> None:
        endpoint = self._enter(container)
        endpoint.held, container.draining_since_ns, container.drained = False, None, False
        endpoint.lacks = False
        if (stands_in := self._makes_good(container)) or container.streak:
            endpoint.why_down = "node" if stands_in else self.fell
        if self.rules.membership == "announced":
            endpoint.registered = True
            self._ask_first(endpoint)
            # In drain until its check passes; a reload would have it count as up at once.
            endpoint.edge = UP if self.rules.new_is_up else DOWN
        listens = container.behaviour.before_ready == "503"
        endpoint.healthy = False
        self._truth(endpoint, ANSWERS_503 if listens else CLOSED, "starting", healthy=False)
        if cold_ns := container.behaviour.cold_ns:
            payload = (str(self.key), container.id, 0, "warm")
            self.world.push(self.world.now_ns + cold_ns, SYNC, "edge", payload)
        self._tell_routed(endpoint, "at the edge")
        self._judge(endpoint)

    def _warmed(self, id: str) -> None:
        """It has run long enough to be as fast as it gets."""
        container = self.world.containers.get(id)
        endpoint = self._of(container) if container is not None else None
        if endpoint is not None and endpoint.container is container:
            self.sync()
            self._publish(endpoint)

    def _signalled(self, endpoint: Endpoint, container: Container, signal: str) -> None:
        asks = signal in ("SIGTERM", container.fields.get("stop_signal", "SIGTERM"))
        if not asks or endpoint.context == "draining":
            return
        self._take_out(container)
        behaviour = container.behaviour
        if behaviour.ignores_stop or container.hung:
            return
        if behaviour.closes_sessions:
            endpoint.context = "draining"
            self.kernel.cut(endpoint.slot, self.now_ns, False, True, False)
            self._note(endpoint, "closed by the app")
        app = SERVES if behaviour.on_stop == "finish" else ANSWERS_503
        self._truth(endpoint, app, "draining", healthy=not behaviour.unready_on_stop)

    def _ended(self, endpoint: Endpoint, container: Container) -> None:
        why = why_ended(container, endpoint)
        endpoint.why_down = "node" if container.struck else why
        if endpoint.why_down in UNASKED:
            self.fell = endpoint.why_down
        self.kernel.cut(endpoint.slot, self.now_ns, True, True, True)
        self._note(endpoint, why)
        self._truth(endpoint, CLOSED, "down", healthy=False)
        if self.rules.membership == "registered":
            self._register(endpoint, wanted=False)

    def _gone(self, endpoint: Endpoint | None, container: Container) -> None:
        if endpoint is None or endpoint.container is not container:
            return
        endpoint.container = None
        if self.rules.membership != "static":
            endpoint.registered = False
            self._set(endpoint, edge=ABSENT)
            del self.endpoints[container.id]

"""What a flow keeps of each instance, and of what was dropped there."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.sim.life import OOM_CODE
from reconciler.sim.things import Container
from reconciler.sim.traffic.kernel import ABSENT, CLOSED, UP

Context = str  # what the instance was doing: starting, serving, draining, hung, down, …

NOBODY = "nobody: "  # before a context: there was no instance for a request, and why
# Ends that nobody asked for: until the instance serves again, what is lost is lost by them.
UNASKED = ("node", "crash", "out of memory", "hung", "not live", "needs")


class Kernel(Protocol):
    """What a flow needs of the kernel; see `reconciler.sim.traffic.kernel`.

    A request that has arrived was served, or is in flight (waiting to be tried again counts), or
    was dropped: at a slot, or because there was none.
    """

    arrivals: int
    served: int
    in_flight_total: int
    sessions_cut: int

    every: int  # between two requests of an affine session, in ns; 0 where there are none

    def run(self, until_ns: int) -> None:
        """Let everything happen that is due before then."""

    def add_slot(self) -> int:
        """One more place for an instance."""

    def set_slot(
        self, slot: int, edge: int, app: int, weight: int, concurrency: int, backlog: int,
        slow_permille: int, address: int,
    ) -> None:  # fmt: skip
        """How an instance is from now on."""

    def set_app_limit(self, slot: int, gap_ns: int, burst: int) -> None:
        """The app's own rate limit from now on, of which it has used nothing yet."""

    def set_edge(
        self, tries: int, max_fails: int, fail_timeout_ns: int, queue: int, request_timeout_ns: int
    ) -> None:  # fmt: skip
        """How the edge treats failures."""

    def set_affinity(self, kind: int, timeout_ns: int) -> None:
        """Who comes again goes to the same slot; nobody does so far."""

    def set_tie(self, timeout_ns: int) -> None:
        """For how long ties hold."""

    def set_rule(self, rule: int, anew: bool, unties: bool) -> None:
        """How the edge chooses, `anew` by a new process of it."""

    def set_patience(self, request_timeout_ns: int) -> None:
        """After how long the edge answers 504 to what comes from now on."""

    def set_rate_limit(self, by: int, per_1000_s: int = 0, burst: int = 0) -> None:
        """At most so many requests in 1000 s."""

    def cut(self, slot: int, now_ns: int, requests: bool, sessions: bool, ended: bool) -> None:
        """What is under way there is lost, and where the instance has ended what it kept."""

    def finish_by(self, slot: int) -> int:
        """When the last request in flight there will be done; 0 for none."""

    def last_session_end(self, slot: int) -> int:
        """When the last connection there will end; 0 for none."""

    def tied_until(self, slot: int) -> int:
        """Until when somebody whom affinity ties there may come again; 0 for nobody."""

    def dropped_at(self, slot: int) -> tuple[int, ...]:
        """Requests dropped there so far, by reason as in `REASONS`."""

    def sessions_cut_at(self, slot: int) -> int:
        """Sessions cut there so far."""


@dataclass(slots=True)
class Endpoint:
    """An instance, or a place for one, as the edge and the kernel have it.

    `healthy`: what a check would find now. `token`: what earlier checks would have found is
    void. `name`: what it is called in heap entries. `asked`: its first check has been. `held`:
    the reconciler keeps it in drain. `registered`: discovery has it in its list; `wanted`: what
    discovery was told last, and `news` voids what it was told before. `why_down`: how its process
    ended last. `lacks`: something outside that it needs is away. `stuck`: why what it was given
    before it answered again is without an answer, and until when the edge waits for one.
    """

    slot: int
    name: str
    container: Container | None = None
    edge: int = ABSENT
    app: int = CLOSED
    healthy: bool = False
    registered: bool = False
    wanted: bool | None = None
    news: int = 0
    held: bool = False
    token: int = 0
    asked: bool = True
    since_ns: int = 0
    context: Context = "down"
    seen: tuple[int, ...] = ()
    seen_cut: int = 0
    why_down: str = ""
    stuck: Context = ""
    stuck_until_ns: int = 0
    lacks: bool = False
    throttled: int = 1000  # permille

    def doing(self, now_ns: int) -> Context:
        """What its process is doing, as it explains what is dropped there."""
        out = self.context == "serving" and self.edge != UP  # what it has came before
        if (out or self.context in ("down", "starting")) and self.why_down in UNASKED:
            return self.why_down
        if self.context == "serving" and now_ns <= self.stuck_until_ns:
            return self.stuck
        if self.lacks and self.context in ("error", "serving"):
            return "needs"
        return "cold" if self.context == "serving" and self.is_cold(now_ns) else self.context

    def is_cold(self, now_ns: int) -> bool:
        """Whether it is as slow as it is right after its start."""
        container = self.container
        if container is None or container.started_at_ns is None:
            return False
        return now_ns <= container.started_at_ns + container.behaviour.cold_ns


def why_ended(container: Container, endpoint: Endpoint) -> Context:
    """Why its process ended, for what was in flight there."""
    lacks = endpoint.lacks
    if container.struck == "lost":
        return "node"
    if container.oom_killed:
        return "out of memory"
    if endpoint.context == "hung":
        return "hung"
    if not container.live:
        return "needs" if lacks else "not live"
    if container.terminating and container.exit_code == 0:
        return "drain over"
    if container.terminating and container.exit_code == OOM_CODE:
        return "killed"
    return "needs" if lacks else "crash"


@dataclass(slots=True)
class Ledger:
    """What was dropped, by reason and by what the instance was doing."""

    requests: Counter[tuple[str, Context]] = field(default_factory=Counter)
    sessions: Counter[Context] = field(default_factory=Counter)
    first_ns: dict[tuple[str, Context], int] = field(default_factory=dict)
    instances: dict[tuple[str, Context], dict[str, None]] = field(default_factory=dict)

    def note(self, reason: str, context: Context, count: int, at_ns: int, name: str) -> None:
        """So many for this reason, at an instance that was doing this."""
        what = (reason, context)
        if reason == "session":
            self.sessions[context] += count
        else:
            self.requests[what] += count
        self.first_ns.setdefault(what, at_ns)
        if name:
            self.instances.setdefault(what, {})[name] = None

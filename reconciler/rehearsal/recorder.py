"""Hears a world's transitions, and keeps what a report shows of them."""

from collections.abc import Collection
from dataclasses import dataclass, field

from reconciler.model.rehearsal import Moment, Span
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.model.units import amount_of
from reconciler.sim.life import OOM_CODE
from reconciler.sim.memory import most_percent
from reconciler.sim.outage import CUT_OFF
from reconciler.sim.things import Container, Transition
from reconciler.sim.world import World

MOST_SPANS = 4_000  # a report with more of them could not be read, or sent

_STATE = {
    "created": "waiting", "started": "starting", "unready": "unready", "put out": "unready",
    "signalled": "draining", "terminating": "draining", "exited": "down", "restarting": "down",
}  # fmt: skip
_FAULTS = {
    "hung": "hangs", "dead": "found dead", "engine restarts": "the engine restarts",
    "unreachable": "the engine does not answer",
    "external away": "is away", "external back": "is back", "node lost": "is lost",
    "node drained": "is drained", "node back": "is back", "registry away": "the registry is away",
    "registry refuses": "the registry refuses logins",
    "registry limits": "the registry limits pulls",
    "image gone": "is not in the registry", "throttled": "the API takes few calls",
    "taken away": "is removed by hand", "edited": "is edited by hand",
    "port taken": "is somebody else's port", "port held": "is a port that is held already",
}  # fmt: skip


@dataclass(slots=True)
class Tally:
    """How many instances of a service there were, from the change on."""

    ready: int = 0
    running: int = 0
    least_ready: int | None = None
    most: int = 0
    restarts: int = 0
    wanted: int = 0
    floor: int = 0  # in force
    promised: int = 0  # in force as soon as so many are ready
    floors: list[tuple[int, int]] = field(default_factory=list)  # from when on which
    tightest: tuple[int, int] | None = None  # ready and floor, when they were the closest
    dead: int = 0  # found dead by a liveness probe, though it did not hang
    dead_ns: int = 0  # the first
    no_room: str = ""  # why the first that found no machine found none
    no_room_ns: int = 0
    no_room_surge: bool = False  # all that are wanted ran already
    memory: int = 0  # most of one instance, in percent of its limit, leaving requests aside


@dataclass
class Recorder:
    """Spans, moments and counts of instances. Times count from when it began to listen."""

    world: World
    stack: str
    services: Collection[str]
    began_ns: int = 0
    spans: list[Span] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    _full: bool = False
    _open: dict[str, tuple[str, int]] = field(default_factory=dict)
    _counted: dict[str, tuple[bool, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began_ns = self.world.now_ns
        for name in sorted(self.services):
            self.tallies[name] = Tally()
        for container in self.world.containers.values():
            if container.stack == self.stack and container.key.kind == "service":
                state = "ready" if container.ready else "starting"
                self._open[container.id] = (state if container.running else "down", 0)
                self._note(container)
        self.judge(now=False)
        self.world.listeners.append(self.heard)

    @property
    def now_ns(self) -> int:
        """Time since the beginning."""
        return self.world.now_ns - self.began_ns

    def judge(self, *, now: bool = True) -> None:
        """From now on the least number of ready instances counts."""
        for tally in self.tallies.values():
            tally.least_ready = tally.tightest = None
            if now:
                self._measure(tally)

    def want(self, stack: Stack | None) -> None:
        """From now on this is wanted; None: nothing is.

        A floor that is lower is in force at once, a higher one as soon as so many are ready.
        """
        services = stack.declared.services if stack is not None else {}
        for name, tally in self.tallies.items():
            service = services.get(name)
            tally.wanted = service.wanted if service is not None else 0
            tally.promised = floor_of(service) if service is not None else 0
            tally.floor = min(tally.floor, tally.promised)
            self._measure(tally)

    def _measure(self, tally: Tally) -> None:
        """The floor that is in force, and the ready against it."""
        if tally.ready >= tally.promised:
            tally.floor = tally.promised
        last = tally.floors[-1] if tally.floors else (0, 0)
        if last[1] != tally.floor:
            if last[0] == self.now_ns and tally.floors:
                tally.floors.pop()
            tally.floors.append((self.now_ns, tally.floor))
        if tally.least_ready is None or tally.ready < tally.least_ready:
            tally.least_ready = tally.ready
        now = (tally.ready, tally.floor)
        if tally.tightest is None or _room(now) < _room(tally.tightest):
            tally.tightest = now

    def say(self, kind: str, text: str, service: str = "") -> None:
        """Note something for the timeline."""
        self.moments.append(Moment(self.now_ns, kind, text, service))  # type: ignore[arg-type]

    def heard(self, world: World, told: Transition) -> None:
        """Take one transition."""
        if told.what in _FAULTS:
            what = _FAULTS[told.what]
            if told.what == "node lost" and told.detail == CUT_OFF:
                what = "is cut off"
            elif told.what == "edited":
                what = f"{what}: {told.detail}"
            self.say("fault", f"{told.subject} {what}".strip())
        pod = told.thing
        if not isinstance(pod, Container) or told.stack != self.stack:
            return
        if pod.key.kind != "service" or pod.key.name not in self.tallies:
            return
        self._troubles(self.tallies[pod.key.name], told)
        if told.what == "removed":
            self._close(pod)
            self._open.pop(pod.id, None)
        elif told.what in ("ready", "let in"):
            if pod.serves:
                self._turn(pod, "ready")
        elif told.what == "put out" and not pod.ready:
            pass  # it has never been in
        elif told.what in _STATE:
            self._turn(pod, _STATE[told.what])
        if told.what == "restarting" or (told.what == "created" and pod.streak > 0):
            self.tallies[pod.key.name].restarts += 1
        self._note(pod, there=told.what != "removed")
        if told.what == "removed":
            del self._counted[pod.id]

    def _troubles(self, tally: Tally, told: Transition) -> None:
        """What explains a check that is missed, though nothing need be dropped for it."""
        pod = told.thing
        if told.what in ("exited", "restarting") and isinstance(pod, Container):
            self._end(pod)
            tally.memory = max(tally.memory, most_percent(self.world, pod))
        if told.what == "dead" and isinstance(pod, Container) and not pod.hung:
            tally.dead_ns = tally.dead_ns if tally.dead else self.now_ns
            tally.dead += 1
        elif told.what == "waiting" and not tally.no_room:
            tally.no_room, tally.no_room_ns = told.detail, self.now_ns
            tally.no_room_surge = 0 < tally.wanted <= tally.running

    def _end(self, pod: Container) -> None:
        """The end of a process, where nobody asked for it."""
        asked = pod.terminating and pod.exit_code in (0, OOM_CODE)
        if pod.live and not asked and not pod.struck:
            why = "out of memory" if pod.oom_killed else f"exit code {pod.exit_code}"
            self.say("fault", f"{pod.name} ends by itself ({why})")

    def finish(self) -> None:
        """Close what is still open; nothing more is heard."""
        self.world.listeners.remove(self.heard)
        for container in self.world.containers.values():
            self._close(container)
            if container.id in self._counted:
                tally = self.tallies[container.key.name]
                tally.memory = max(tally.memory, most_percent(self.world, container))

    def _turn(self, pod: Container, state: str) -> None:
        before = self._open.get(pod.id)
        if before is not None and before[0] == "draining" and state == "unready":
            return
        self._close(pod)
        self._open[pod.id] = (state, self.now_ns)

    def _close(self, pod: Container) -> None:
        before = self._open.get(pod.id)
        if before is None or before[1] == self.now_ns:
            return
        if len(self.spans) >= MOST_SPANS:
            if not self._full:
                self._full = True
                self.say("verdict", f"only {MOST_SPANS} parts of instances' lives are shown")
            return
        state, from_ns = before
        span = Span(
            pod.key.name, pod.name, pod.revision, state, from_ns, self.now_ns,  # type: ignore[arg-type]
            str(getattr(pod, "node", "")),
        )  # fmt: skip
        self.spans.append(span)

    def _note(self, pod: Container, *, there: bool = True) -> None:
        """Count an instance as it is now, in place of how it was."""
        tally = self.tallies[pod.key.name]
        ready, running = self._counted.get(pod.id, (False, False))
        now = (there and pod.serves and not pod.terminating, there and pod.running)
        self._counted[pod.id] = now
        tally.ready += now[0] - ready
        tally.running += now[1] - running
        tally.most = max(tally.most, tally.running)
        self._measure(tally)


def _room(found: tuple[int, int]) -> tuple[int, int]:
    """How far above the floor; of as many, the fewer first."""
    return found[0] - found[1], found[0]


def floor_of(service: Service) -> int:
    """Instances that stay available during a rollout, as its rollout promises."""
    rollout = service.rollout
    if rollout.strategy == "recreate" or service.singleton:
        return 0
    return service.wanted - amount_of(rollout.max_unavailable, service.wanted, up=False)

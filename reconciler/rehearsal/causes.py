"""Why requests and sessions were dropped: from what instances were doing to a field to blame.

An ordered table, first match wins: what was lost, and what the instance was doing at the time
(`reconciler.sim.traffic.flow`), tell the cause; the stack tells which of its fields, at which
line, would have to be another.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from reconciler.model.rehearsal import Cause
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.model.units import format_duration
from reconciler.sim.edge import EdgeRules
from reconciler.sim.traffic.endpoints import Ledger


@dataclass(frozen=True, slots=True)
class Scene:
    """What a cause is looked for in: the service as it is wanted, and its edge."""

    stack: Stack
    service: Service
    name: str
    rules: EdgeRules

    @property
    def hears_ns(self) -> int:
        """How long the edge may take to hear that an instance refuses work."""
        asked = self.rules.interval * self.rules.fall if self.rules.active else 0
        return asked + self.rules.lag

    @property
    def lets_in_ns(self) -> int:
        """How long it may take to let in one that answers."""
        return self.rules.interval * self.rules.rise + self.rules.lag


@dataclass(frozen=True, slots=True)
class Blame:
    """One row of the table: what it explains, and how it is told."""

    code: str
    fits: Callable[[str, str, Scene], bool]
    text: Callable[[Scene], str]
    path: Callable[[Scene], str]
    fix: Callable[[Scene], str]


OF_STACK = "/"  # before a path that is the stack's own


def causes_of(scene: Scene, ledger: Ledger) -> tuple[Cause, ...]:
    """The causes of everything in the ledger, the heaviest first."""
    made: dict[str, Cause] = {}
    for (reason, context), first_ns in sorted(ledger.first_ns.items(), key=lambda item: item[1]):
        blame = next(row for row in TABLE if row.fits(reason, context, scene))
        cause = made.get(blame.code) or _cause(blame, scene, first_ns)
        requests = 0 if reason == "session" else ledger.requests[reason, context]
        sessions = ledger.sessions[context] if reason == "session" else 0
        names = tuple(ledger.instances.get((reason, context), {}))
        made[blame.code] = replace(
            cause,
            requests=cause.requests + requests,
            sessions=cause.sessions + sessions,
            instances=tuple(dict.fromkeys((*cause.instances, *names))),
        )
    return tuple(sorted(made.values(), key=_weight))


def merged(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """The causes of several runs as one list: their counts added up."""
    made: dict[tuple[str, str], Cause] = {}
    for cause in causes:
        before = made.get((cause.code, cause.service))
        if before is None:
            made[cause.code, cause.service] = cause
            continue
        made[cause.code, cause.service] = replace(
            before,
            requests=before.requests + cause.requests,
            sessions=before.sessions + cause.sessions,
            first_ns=min(before.first_ns, cause.first_ns),
            instances=tuple(dict.fromkeys((*before.instances, *cause.instances))),
        )
    return tuple(sorted(made.values(), key=_weight))


def _weight(cause: Cause) -> tuple[int, int, str, str]:
    return -cause.sessions - cause.requests, cause.first_ns, cause.code, cause.service


def _cause(blame: Blame, scene: Scene, first_ns: int) -> Cause:
    path = blame.path(scene)
    key = ResourceKey("service", scene.name)
    if path.startswith(OF_STACK):
        full = path.removeprefix(OF_STACK)
        position = scene.stack.positions.find(tuple(full.split(".")))
    else:
        position = scene.stack.position(key, *path.split(".")) if path else None
        full = f"services.{scene.name}.{path}" if path else ""
    return Cause(
        blame.code, scene.name, blame.text(scene), blame.fix(scene), path=full,
        position=position, first_ns=first_ns,
    )  # fmt: skip


# -- the table ------------------------------------------------------------------------------


def _grace(scene: Scene) -> str:
    return format_duration(scene.service.termination.grace)


def _drain(scene: Scene) -> str:
    return format_duration(scene.service.termination.drain)


def _longest(scene: Scene) -> str:
    routing = scene.service.routing
    longest = routing.session_longest if routing is not None else None
    return f"last up to {format_duration(longest)}" if longest else "last longer"


def _always(reason: str, context: str, scene: Scene) -> bool:
    return True


def _path(path: str) -> Callable[[Scene], str]:
    return lambda scene: path


def _no_readiness(reason: str, context: str, scene: Scene) -> bool:
    return context == "starting" and scene.service.readiness is None


def _starting(reason: str, context: str, scene: Scene) -> bool:
    return context == "starting"


def _late(reason: str, context: str, scene: Scene) -> bool:
    stopped = context in ("draining", "drain over", "killed", "down")
    return stopped and reason in ("refused", "unready", "error")


def _killed_session(reason: str, context: str, scene: Scene) -> bool:
    return reason == "session" and context == "killed"


def _ended_session(reason: str, context: str, scene: Scene) -> bool:
    return reason == "session" and context in ("drain over", "closed by the app")


def _killed(reason: str, context: str, scene: Scene) -> bool:
    return reason == "cut" and context == "killed"


def _drained(reason: str, context: str, scene: Scene) -> bool:
    return reason == "cut" and context == "drain over"


def _nobody(reason: str, context: str, scene: Scene) -> bool:
    return context.startswith("nobody")


def _of(*contexts: str) -> Callable[[str, str, Scene], bool]:
    return lambda reason, context, scene: context in contexts


def _because(*reasons: str) -> Callable[[str, str, Scene], bool]:
    return lambda reason, context, scene: reason in reasons


def _slow_to_hear(scene: Scene) -> str:
    told = "as soon as they are told to stop"
    if scene.rules.membership == "registered":
        told = f"{format_duration(scene.service.termination.pre_stop)} after their stop is decided"
    if not scene.rules.active and not scene.rules.lag:
        heard = f"{scene.rules.kind} asks after nobody: it hears of a stop by failing requests"
    else:
        heard = f"{scene.rules.kind} hears of it up to {format_duration(scene.hears_ns)} later"
    return f"instances refuse work {told}, and {heard}"


def _hear_fix(scene: Scene) -> str:
    hears = format_duration(scene.hears_ns)
    if scene.rules.membership == "registered":
        return f"let pre_stop be at least {hears}, and grace longer by it"
    answer = "let the app answer on while its readiness fails"
    longer = f", for at least {hears}" if scene.hears_ns else ""
    return f"{answer}{longer}, or let an edge of the stack's own drain it ahead (edge.kind: own)"


def _hear_path(scene: Scene) -> str:
    """A cluster tells its edges before the signal; a front door finds out by itself."""
    if scene.rules.membership == "registered":
        return "termination.pre_stop"
    return "/edge" if scene.stack.declared.edge is not None else "routing"


TABLE: tuple[Blame, ...] = (
    Blame(
        "R629", _of("edge"),
        lambda s: "the edge itself was replaced behind its published port",
        _path(""),
        lambda s: "run the edge on the host's network, where a new one takes over without a gap",
    ),
    Blame(
        "R633", _no_readiness,
        lambda s: "without a readiness probe an instance gets requests before it can answer them",
        _path("readiness"),
        lambda s: "add a readiness probe that fails until the app can answer",
    ),
    Blame(
        "R621", _starting,
        lambda s: "instances get requests before they can answer them: the edge has them in its "
                  "list from the start",
        _path("readiness"),
        lambda s: "let the edge ask for readiness before it sends requests",
    ),
    Blame(
        "R624", _killed_session,
        lambda s: f"connections {_longest(s)}, and are cut by the kill after {_grace(s)} of grace",
        _path("termination.grace"),
        lambda s: "drain at the edge before the stop signal (routing.drain), or let grace cover "
                  "the longest connection",
    ),
    Blame(
        "R625", _ended_session,
        lambda s: f"connections {_longest(s)}, and the app ends them after a drain of {_drain(s)}",
        _path("termination.drain"),
        lambda s: "drain at the edge before the stop signal (routing.drain), or let the app's "
                  "drain cover the longest connection",
    ),
    Blame(
        "R622", _killed,
        lambda s: f"requests in flight are cut by the kill after {_grace(s)} of grace, while the "
                  f"app drains for up to {_drain(s)} after pre_stop",
        _path("termination.grace"),
        lambda s: "let grace be at least pre_stop + drain + 15s",
    ),
    Blame(
        "R623", _drained,
        lambda s: f"requests take longer than the app's drain of {_drain(s)}",
        _path("termination.drain"),
        lambda s: "let drain be as long as the longest request, and grace 15s more than both",
    ),
    Blame("R626", _late, _slow_to_hear, _hear_path, _hear_fix),
    Blame(
        "R634", _of("nobody: not let in"),
        lambda s: f"new instances count as available before {s.rules.kind} has let them in: it "
                  f"asks up to {format_duration(s.lets_in_ns)} for that",
        _path("rollout.min_ready"),
        lambda s: f"let rollout.min_ready be at least {format_duration(s.lets_in_ns)}",
    ),
    Blame(
        "R627", _nobody,
        lambda s: "at times no instance could be given a request",
        _path("rollout"),
        lambda s: "let max_unavailable be 0 and max_surge at least 1, or run more replicas",
    ),
    Blame(
        "R630", _of("crash", "out of memory"),
        lambda s: "instances ended by themselves with requests in flight",
        _path("resources.limits.memory"),
        lambda s: "look at the faults of the scenario, and at memory's growth against its limit",
    ),
    Blame(
        "R631", _of("hung", "error"),
        lambda s: "instances hung or were in an error state, and went on getting requests until "
                  "that was noticed",
        lambda s: "liveness" if s.service.liveness is None else "liveness.period",
        lambda s: "a liveness probe has a hung instance restarted, readiness takes it out before",
    ),
    Blame(
        "R628", _because("limited"),
        lambda s: "requests were above the rate limit of the zone",
        _path("routing.zone"),
        lambda s: "raise the zone's rate or burst, if these are clients to be served",
    ),
    Blame(
        "R632", _because("full", "timeout", "no_server"),
        lambda s: "instances had more to do than they can: queues were full or waits too long",
        lambda s: "autoscale.max" if s.service.autoscale is not None else "replicas",
        lambda s: "run more instances, or let fewer be away at once during the change",
    ),
    Blame(
        "R639", _always,
        lambda s: "requests or connections were lost for another reason",
        _path(""),
        lambda s: "replay the seed, and look at its timeline",
    ),
)  # fmt: skip
